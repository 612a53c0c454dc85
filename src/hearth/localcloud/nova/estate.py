"""What nova tells about itself: limits, quotas, usage, zones, hosts, services, aggregates, extensions."""

import uuid
from typing import Any

from hearth.localcloud.cinder import refusals, rules, times, versions
from hearth.localcloud.core import service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book, scheduler

#: Quotas that ended with nova-network (2.36) and with personality files (2.57).
_NETWORK_QUOTAS = frozenset({"fixed_ips", "floating_ips", "security_groups", "security_group_rules"})
_FILE_QUOTAS = frozenset({"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"})
#: Limit -> the quota it tells.
_LIMITS = {
    "maxTotalCores": "cores",
    "maxPersonality": "injected_files",
    "maxPersonalitySize": "injected_file_content_bytes",
    "maxTotalInstances": "instances",
    "maxTotalKeypairs": "key_pairs",
    "maxServerMeta": "metadata_items",
    "maxImageMeta": "metadata_items",
    "maxTotalRAMSize": "ram",
    "maxServerGroups": "server_groups",
    "maxServerGroupMembers": "server_group_members",
    "maxTotalFloatingIps": "floating_ips",
    "maxSecurityGroups": "security_groups",
    "maxSecurityGroupRules": "security_group_rules",
}
_USED = {
    "totalRAMUsed": "ram",
    "totalCoresUsed": "cores",
    "totalInstancesUsed": "instances",
    "totalFloatingIpsUsed": "floating_ips",
    "totalSecurityGroupsUsed": "security_groups",
    "totalServerGroupsUsed": "server_groups",
}
_EXTENSIONS = (
    "OS-DCF", "OS-EXT-AZ", "OS-EXT-IPS", "OS-EXT-IPS-MAC", "OS-EXT-SRV-ATTR", "OS-EXT-STS", "OS-FLV-DISABLED",
    "OS-FLV-EXT-DATA", "OS-SCH-HNT", "OS-SRV-USG", "os-access-ips", "os-admin-actions", "os-admin-password",
    "os-aggregates", "os-attach-interfaces", "os-availability-zone", "os-block-device-mapping",
    "os-block-device-mapping-v2-boot", "os-config-drive", "os-console-output", "os-consoles", "os-evacuate",
    "os-extended-status", "os-extended-volumes", "os-flavor-access", "os-flavor-extra-specs", "os-flavor-manage",
    "os-flavor-rxtx", "os-flavor-swap", "os-hypervisors", "os-instance-actions", "os-keypairs", "os-lock-server",
    "os-migrate-server", "os-multiple-create", "os-personality", "os-quota-class-sets", "os-quota-sets", "os-rescue",
    "os-security-groups", "os-server-diagnostics", "os-server-groups", "os-server-start-stop", "os-services",
    "os-shelve", "os-simple-tenant-usage", "os-suspend-server", "os-used-limits", "os-user-data", "os-volumes",
)  # fmt: skip
_NAMESPACE = uuid.UUID("6f1b1c57-8a6e-4c0f-9d63-0f4cfb9f2f11")
_UPDATED = "2014-12-03T00:00:00Z"


class Estate:
    """The small read-mostly parts of the API."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        quota, aggregate = "/os-quota-sets/{target}", "/os-aggregates/{aggregate_id}"
        return [
            Route("GET", "/limits", self.limits),
            Route("GET", quota, self.quota),
            Route("GET", quota + "/detail", self.quota_detail),
            Route("GET", quota + "/defaults", self.default_quota),
            Route("PUT", quota, self.set_quota),
            Route("DELETE", quota, self.reset_quota),
            Route("GET", "/os-quota-class-sets/{target}", self.quota_class),
            Route("GET", "/os-simple-tenant-usage", self.usages),
            Route("GET", "/os-simple-tenant-usage/{target}", self.usage),
            Route("GET", "/os-availability-zone", self.zones),
            Route("GET", "/os-availability-zone/detail", self.zones_detail),
            Route("GET", "/os-hypervisors", self.hypervisors),
            Route("GET", "/os-hypervisors/detail", self.hypervisors_detail),
            Route("GET", "/os-hypervisors/statistics", self.statistics),
            Route("GET", "/os-hypervisors/{hypervisor_id}", self.hypervisor),
            Route("GET", "/os-services", self.services),
            Route("GET", "/os-aggregates", self.aggregates),
            Route("POST", "/os-aggregates", self.create_aggregate),
            Route("GET", aggregate, self.aggregate),
            Route("PUT", aggregate, self.update_aggregate),
            Route("DELETE", aggregate, self.delete_aggregate),
            Route("POST", aggregate + "/action", self.act_aggregate),
            Route("GET", "/extensions", self.extensions),
            Route("GET", "/extensions/{alias}", self.extension),
            Route("GET", "/servers/{server_id}/diagnostics", self.diagnostics),
            Route("GET", "/servers/{server_id}/migrations", self.migrations),
            Route("GET", "/servers/{server_id}/topology", self.topology),
            Route("GET", "/servers/{server_id}/os-server-password", self.server_password),
        ]

    # ---- limits and quotas

    def limits(self, call: service.Call) -> Any:
        """GET /limits."""
        project = call.identity.project_id
        if call.identity.is_admin:
            project = call.query.get("tenant_id", project)
        hidden = _hidden(call)
        limits = self._book.quotas.limits(project)
        absolute = {name: limits[key] for name, key in _LIMITS.items() if key not in hidden}
        if versions.at_least(call, 2, 39):
            del absolute["maxImageMeta"]
        absolute |= {name: self._book.used(project, key) for name, key in _USED.items() if key not in hidden}
        return {"limits": {"rate": [], "absolute": absolute}}

    def quota(self, call: service.Call) -> Any:
        """GET /os-quota-sets/{project}."""
        target = self._target(call)
        return {"quota_set": {"id": target, **rules.without(self._book.quotas.limits(target), _hidden(call))}}

    def quota_detail(self, call: service.Call) -> Any:
        """GET /os-quota-sets/{project}/detail."""
        target = self._target(call)
        rows = {
            name: {"limit": limit, "in_use": self._book.used(target, name), "reserved": 0}
            for name, limit in self._book.quotas.limits(target).items()
            if name not in _hidden(call)
        }
        return {"quota_set": {"id": target, **rows}}

    def default_quota(self, call: service.Call) -> Any:
        """GET /os-quota-sets/{project}/defaults."""
        return {"quota_set": {"id": call.params["target"], **rules.without(self._book.quotas.defaults, _hidden(call))}}

    def quota_class(self, call: service.Call) -> Any:
        """GET /os-quota-class-sets/{name}."""
        refusals.admin_only(call, "os_compute_api:os-quota-class-sets:show")
        body = rules.without(self._book.quotas.defaults, _hidden(call))
        return {"quota_class_set": {"id": call.params["target"], **body}}

    def set_quota(self, call: service.Call) -> Any:
        """PUT /os-quota-sets/{project}."""
        refusals.admin_only(call, "os_compute_api:os-quota-sets:update")
        hidden = _hidden(call)
        fields: dict[str, rules.Rule] = {name: rules.integer(-1) for name in book.DEFAULTS if name not in hidden}
        shape = rules.Shape({**fields, "force": rules.boolean, "tenant_id": rules.anything})
        wanted = rules.without(rules.read(call.body, "quota_set", shape), {"force", "tenant_id"})
        limits = self._book.quotas.set(call.params["target"], **{name: int(value) for name, value in wanted.items()})
        return {"quota_set": rules.without(limits, hidden)}

    def reset_quota(self, call: service.Call) -> Reply:
        """DELETE /os-quota-sets/{project}."""
        refusals.admin_only(call, "os_compute_api:os-quota-sets:delete")
        self._book.quotas.reset(call.params["target"])
        return Reply(202)

    def _target(self, call: service.Call) -> str:
        target = call.params["target"]
        if target != call.identity.project_id:
            refusals.admin_only(call, "os_compute_api:os-quota-sets:show")
        return target

    # ---- usage

    def usages(self, call: service.Call) -> Any:
        """GET /os-simple-tenant-usage."""
        refusals.admin_only(call, "os_compute_api:os-simple-tenant-usage:list")
        projects = dict.fromkeys(server["project_id"] for server in self._book.servers)
        return {"tenant_usages": [self._usage(project) for project in projects]}

    def usage(self, call: service.Call) -> Any:
        """GET /os-simple-tenant-usage/{project}."""
        target = call.params["target"]
        if target != call.identity.project_id:
            refusals.admin_only(call, "os_compute_api:os-simple-tenant-usage:show")
        usage = self._usage(target)
        return {"tenant_usage": usage if usage["server_usages"] else {}}

    def _usage(self, project: str) -> dict[str, Any]:
        now, rows = self._book.now(), []
        totals = {
            "total_hours": 0.0,
            "total_vcpus_usage": 0.0,
            "total_memory_mb_usage": 0.0,
            "total_local_gb_usage": 0.0,
        }
        for server in self._book.settled(self._book.servers.select(project_id=project)):
            flavor, hours = server["flavor"], (now - server["created_at"]) / 3600
            rows.append(
                {
                    "instance_id": server["id"],
                    "name": server["name"],
                    "tenant_id": project,
                    "flavor": flavor["name"],
                    "hours": hours,
                    "vcpus": flavor["vcpus"],
                    "memory_mb": flavor["ram"],
                    "local_gb": flavor["disk"],
                    "started_at": times.stamp(server["created_at"]),
                    "ended_at": None,
                    "state": server["vm_state"],
                    "uptime": int(now - server["created_at"]),
                }
            )
            totals["total_hours"] += hours
            totals["total_vcpus_usage"] += hours * flavor["vcpus"]
            totals["total_memory_mb_usage"] += hours * flavor["ram"]
            totals["total_local_gb_usage"] += hours * flavor["disk"]
        started = min((row["started_at"] for row in rows), default=times.stamp(now))
        return {"tenant_id": project, "start": started, "stop": times.stamp(now), **totals, "server_usages": rows}

    # ---- zones, hosts, services

    def zones(self, call: service.Call) -> Any:
        """GET /os-availability-zone."""
        names = dict.fromkeys([book.ZONE, *self._zones_of_aggregates()])
        rows = [{"zoneName": name, "zoneState": {"available": True}, "hosts": None} for name in names]
        return {"availabilityZoneInfo": rows}

    def zones_detail(self, call: service.Call) -> Any:
        """GET /os-availability-zone/detail."""
        refusals.admin_only(call, "os_compute_api:os-availability-zone:detail")
        up = {"available": True, "active": True, "updated_at": times.stamp(self._book.now())}
        compute = {host: {"nova-compute": up} for host in scheduler.hosts(self._book)}
        inside = {"hearth-control": {"nova-conductor": up, "nova-scheduler": up}}
        rows = [
            {"zoneName": name, "zoneState": {"available": True}, "hosts": hosts}
            for name, hosts in (("internal", inside), (book.ZONE, compute))
        ]
        return {"availabilityZoneInfo": rows}

    def services(self, call: service.Call) -> Any:
        """GET /os-services."""
        refusals.admin_only(call, "os_compute_api:os-services:list")
        places = [("nova-conductor", "hearth-control", "internal"), ("nova-scheduler", "hearth-control", "internal")]
        places += [("nova-compute", host, book.ZONE) for host in scheduler.hosts(self._book)]
        rows = []
        for number, (binary, host, zone) in enumerate(places, 1):
            row: dict[str, Any] = {
                "id": _uuid(f"service {binary} {host}") if versions.at_least(call, 2, 53) else number,
                "binary": binary,
                "host": host,
                "zone": zone,
                "status": "enabled",
                "state": "up",
                "updated_at": times.stamp(self._book.now()),
                "disabled_reason": None,
            }
            if versions.at_least(call, 2, 11):
                row["forced_down"] = False
            if call.query.get("binary", binary) == binary and call.query.get("host", host) == host:
                rows.append(row)
        return {"services": rows}

    def hypervisors(self, call: service.Call) -> Any:
        """GET /os-hypervisors."""
        refusals.admin_only(call, "os_compute_api:os-hypervisors:list")
        return {"hypervisors": [self._hypervisor_brief(call, place) for place in self._places(call)]}

    def hypervisors_detail(self, call: service.Call) -> Any:
        """GET /os-hypervisors/detail."""
        refusals.admin_only(call, "os_compute_api:os-hypervisors:list-detail")
        return {"hypervisors": [self._hypervisor(call, place) for place in self._places(call)]}

    def hypervisor(self, call: service.Call) -> Any:
        """GET /os-hypervisors/{id}."""
        refusals.admin_only(call, "os_compute_api:os-hypervisors:show")
        for place in self._places(call):
            if str(self._hypervisor_brief(call, place)["id"]) == call.params["hypervisor_id"]:
                return {"hypervisor": self._hypervisor(call, place)}
        raise refusals.not_found(f"Compute host {call.params['hypervisor_id']} could not be found.")

    def statistics(self, call: service.Call) -> Any:
        """GET /os-hypervisors/statistics, before 2.88."""
        versions.forbid(call, 2, 88)
        refusals.admin_only(call, "os_compute_api:os-hypervisors:statistics")
        all_hosts = [self._load(host) for host in scheduler.hosts(self._book)]
        total = {key: sum(load[key] for load in all_hosts) for key in self._load("none")}
        return {"hypervisor_statistics": {"count": len(all_hosts), **total}}

    def _places(self, call: service.Call) -> list[tuple[int, str]]:
        pattern = call.query.get("hypervisor_hostname_pattern", "")
        return [(number, host) for number, host in enumerate(scheduler.hosts(self._book), 1) if pattern in host]

    def _hypervisor_brief(self, call: service.Call, place: tuple[int, str]) -> dict[str, Any]:
        number, host = place
        id: int | str = _uuid(f"hypervisor {host}") if versions.at_least(call, 2, 53) else number
        return {"id": id, "hypervisor_hostname": host, "state": "up", "status": "enabled"}

    def _hypervisor(self, call: service.Call, place: tuple[int, str]) -> dict[str, Any]:
        number, host = place
        new = versions.at_least(call, 2, 53)
        service_id: int | str = _uuid(f"service nova-compute {host}") if new else number + 2
        body = self._hypervisor_brief(call, place) | {
            "hypervisor_type": "hearth",
            "hypervisor_version": 1000,
            "host_ip": "127.0.0.1",
            "service": {"id": service_id, "host": host, "disabled_reason": None},
        }
        if versions.at_least(call, 2, 88):
            body["uptime"] = None
        else:
            body |= {**self._load(host), "cpu_info": {}}
        if new and rules.truth(call.query.get("with_servers", "false")):
            here = [server for server in self._book.settled(self._book.servers) if server["host"] == host]
            body["servers"] = [{"uuid": server["id"], "name": server["name"]} for server in here]
        return body

    def _load(self, host: str) -> dict[str, int]:
        settings, holder = self._book.cloud.settings, f"host:{host}"
        ram, disk = self._book.used(holder, "ram"), self._book.used(holder, "disk")
        return {
            "vcpus": settings.host_vcpus,
            "memory_mb": settings.host_memory_mb,
            "local_gb": settings.host_disk_gb,
            "vcpus_used": self._book.used(holder, "cores"),
            "memory_mb_used": ram,
            "local_gb_used": disk,
            "free_ram_mb": settings.host_memory_mb - ram,
            "free_disk_gb": settings.host_disk_gb - disk,
            "current_workload": 0,
            "running_vms": self._book.used(holder, "instances"),
            "disk_available_least": settings.host_disk_gb - disk,
        }

    # ---- aggregates

    def aggregates(self, call: service.Call) -> Any:
        """GET /os-aggregates."""
        refusals.admin_only(call, "os_compute_api:os-aggregates:index")
        return {"aggregates": [_aggregate(call, each) for each in self._book.aggregates]}

    def create_aggregate(self, call: service.Call) -> Any:
        """POST /os-aggregates."""
        refusals.admin_only(call, "os_compute_api:os-aggregates:create")
        shape = rules.Shape({"name": rules.name, "availability_zone": rules.optional(rules.name)}, required=("name",))
        wanted = rules.read(call.body, "aggregate", shape)
        if any(each["name"] == wanted["name"] for each in self._book.aggregates):
            raise refusals.conflict(f"Aggregate {wanted['name']} already exists.")
        zone, number = wanted.get("availability_zone"), self._book.number("aggregate")
        made = self._book.aggregates.insert(
            {
                "id": str(number),
                "number": number,
                "name": wanted["name"],
                "hosts": [],
                "metadata": {"availability_zone": zone} if zone else {},
                "created_at": self._book.now(),
                "updated_at": None,
            }
        )
        return {"aggregate": rules.without(_aggregate(call, made), {"hosts", "metadata"})}

    def aggregate(self, call: service.Call) -> Any:
        """GET /os-aggregates/{id}."""
        return {"aggregate": _aggregate(call, self._aggregate(call, "show"))}

    def update_aggregate(self, call: service.Call) -> Any:
        """PUT /os-aggregates/{id}."""
        found = self._aggregate(call, "update")
        shape = rules.Shape({"name": rules.name, "availability_zone": rules.optional(rules.name)})
        wanted = rules.read(call.body, "aggregate", shape)
        metadata = found["metadata"]
        if "availability_zone" in wanted:
            metadata = _merged(metadata, {"availability_zone": wanted["availability_zone"]})
        return self._changed(call, found, name=wanted.get("name", found["name"]), metadata=metadata)

    def delete_aggregate(self, call: service.Call) -> Reply:
        """DELETE /os-aggregates/{id}."""
        found = self._aggregate(call, "delete")
        if found["hosts"]:
            raise refusals.bad(f"Aggregate {found['name']} has hosts; remove them first.")
        self._book.aggregates.delete(found["id"])
        return Reply(200)

    def act_aggregate(self, call: service.Call) -> Any:
        """POST /os-aggregates/{id}/action: add_host, remove_host, set_metadata."""
        found = self._aggregate(call, "add_host")
        body = call.body if isinstance(call.body, dict) else {}
        name = next(iter(body), "none given")
        given = body.get(name)
        if name not in ("add_host", "remove_host", "set_metadata") or not isinstance(given, dict):
            raise refusals.bad(f"There is no such action: {name}")
        if name == "set_metadata":
            metadata = given.get("metadata")
            if not isinstance(metadata, dict):
                raise refusals.bad("'metadata' is a required property")
            return self._changed(call, found, metadata=_merged(found["metadata"], metadata))
        host = given.get("host")
        if host not in scheduler.hosts(self._book):
            raise refusals.not_found(f"Compute host {host} could not be found.")
        if name == "add_host":
            if host in found["hosts"]:
                raise refusals.conflict(f"Aggregate {found['id']} already has host {host}.")
            return self._changed(call, found, hosts=[*found["hosts"], host])
        if host not in found["hosts"]:
            raise refusals.not_found(f"Aggregate {found['id']} has no host {host}.")
        return self._changed(call, found, hosts=[each for each in found["hosts"] if each != host])

    def _aggregate(self, call: service.Call, verb: str) -> state.Document:
        refusals.admin_only(call, f"os_compute_api:os-aggregates:{verb}")
        wanted = call.params["aggregate_id"]
        found = self._book.aggregates.get(wanted)
        if found is None:
            raise refusals.not_found(f"Aggregate {wanted} could not be found.")
        return found

    def _changed(self, call: service.Call, found: state.Document, **changes: Any) -> Any:
        updated = self._book.aggregates.update(found["id"], updated_at=self._book.now(), **changes)
        return {"aggregate": _aggregate(call, updated)}

    def _zones_of_aggregates(self) -> list[str]:
        zones = (each["metadata"].get("availability_zone") for each in self._book.aggregates if each["hosts"])
        return [zone for zone in zones if zone]

    # ---- odds and ends

    def extensions(self, call: service.Call) -> Any:
        """GET /extensions."""
        return {"extensions": [_extension(alias) for alias in _EXTENSIONS]}

    def extension(self, call: service.Call) -> Any:
        """GET /extensions/{alias}."""
        if call.params["alias"] not in _EXTENSIONS:
            raise refusals.not_found("The resource could not be found.")
        return {"extension": _extension(call.params["alias"])}

    def diagnostics(self, call: service.Call) -> Any:
        """GET /servers/{id}/diagnostics."""
        refusals.admin_only(call, "os_compute_api:os-server-diagnostics")
        server = self._book.server(call.identity, call.params["server_id"])
        return {
            "state": "running" if server["power_state"] == 1 else "shutdown",
            "driver": "hearth",
            "hypervisor": "hearth",
            "hypervisor_os": "none",
            "uptime": int(self._book.now() - server["created_at"]),
            "num_cpus": server["flavor"]["vcpus"],
            "num_nics": len(server["nics"]),
            "num_disks": 1 + len(server["volumes"]),
            "config_drive": bool(server["config_drive"]),
            "memory_details": {"maximum": server["flavor"]["ram"], "used": 0},
            "cpu_details": [],
            "nic_details": [],
            "disk_details": [],
        }

    def migrations(self, call: service.Call) -> Any:
        """GET /servers/{id}/migrations: those still running; here they are over at once."""
        refusals.admin_only(call, "os_compute_api:servers:migrations:index")
        self._book.server(call.identity, call.params["server_id"])
        return {"migrations": []}

    def topology(self, call: service.Call) -> Any:
        """GET /servers/{id}/topology (2.78)."""
        versions.require(call, 2, 78)
        self._book.server(call.identity, call.params["server_id"])
        return {"nodes": [], "pagesize_kb": None}

    def server_password(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-server-password: no guest has ever set one."""
        self._book.server(call.identity, call.params["server_id"])
        return {"password": ""}


def _hidden(call: service.Call) -> frozenset[str]:
    hidden: frozenset[str] = frozenset()
    if versions.at_least(call, 2, 36):
        hidden |= _NETWORK_QUOTAS
    if versions.at_least(call, 2, 57):
        hidden |= _FILE_QUOTAS
    return hidden


def _uuid(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def _merged(metadata: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Metadata with changes; None removes a key."""
    return {key: value for key, value in {**metadata, **changes}.items() if value is not None}


def _extension(alias: str) -> dict[str, Any]:
    name = alias.removeprefix("os-")
    return {"alias": alias, "name": name, "description": "", "updated": _UPDATED, "links": [], "namespace": ""}


def _aggregate(call: service.Call, found: state.Document) -> dict[str, Any]:
    body = {
        "id": found["number"],
        "name": found["name"],
        "availability_zone": found["metadata"].get("availability_zone"),
        "hosts": found["hosts"],
        "metadata": found["metadata"],
        "created_at": times.stamp(found["created_at"]),
        "updated_at": times.stamp(found["updated_at"]),
        "deleted": False,
        "deleted_at": None,
    }
    return {**body, "uuid": _uuid(f"aggregate {found['id']}")} if versions.at_least(call, 2, 41) else body
