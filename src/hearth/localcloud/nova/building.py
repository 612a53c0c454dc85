"""POST /servers: from a request to servers that are being built.

First everything the request names is looked up and checked, the quota last; nothing is written until then. Then each
server gets a host, ports and volumes. What goes wrong there, as in the real service, does not refuse the request:
the server is made all the same and ends in ERROR with a fault.
"""

import dataclasses
import re
import secrets
import string
from typing import Any

from hearth.localcloud.cinder import lapse, refusals, rules, versions
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply
from hearth.localcloud.nova import book, disks, life, networking, scheduler, wire

NO_HOST = "No valid host was found. There are not enough hosts available."

_TEXT = rules.optional(rules.text(0, 255))
_TAGS = rules.list_of(rules.text(1, 60, pattern=r"[^,/]+"), maximum=50)
_GROUP = rules.Shape({"name": rules.text(1, 255)}, open=True)
_FILE = rules.Shape({"path": rules.text(0, 255), "contents": rules.text(0, 65535)}, required=("path", "contents"))
_DISK_CONFIG = rules.one_of("AUTO", "MANUAL")
_HINTS = rules.Shape({"group": rules.optional(rules.uuid)}, open=True)
_BASE = rules.Shape(
    {
        "name": rules.name,
        "flavorRef": rules.either(rules.text(1, 255), rules.integer(0)),
        "imageRef": rules.optional(rules.text(0, 255)),
        "adminPass": rules.text(0, 255),
        "metadata": rules.texts,
        "networks": rules.list_of(networking.NIC),
        "security_groups": rules.list_of(_GROUP),
        "key_name": _TEXT,
        "availability_zone": _TEXT,
        "user_data": rules.optional(rules.encoded(65535)),
        "config_drive": rules.optional(rules.boolean),
        "personality": rules.list_of(_FILE, maximum=5),
        "min_count": rules.integer(1),
        "max_count": rules.integer(1),
        "return_reservation_id": rules.boolean,
        "block_device_mapping": rules.list_of(disks.V1),
        "block_device_mapping_v2": rules.list_of(disks.V2),
        "accessIPv4": rules.text(0, 64),
        "accessIPv6": rules.text(0, 64),
        "OS-DCF:diskConfig": _DISK_CONFIG,
    },
    required=("name", "flavorRef"),
)


@dataclasses.dataclass(frozen=True)
class Order:
    """A checked request: what every server of it will be."""

    wanted: dict[str, Any]
    flavor: state.Document
    plan: disks.Plan
    nics: list[networking.Nic]
    security_groups: list[str]
    group: state.Document | None
    hints: dict[str, Any]
    zone: str | None
    host: str | None


class Building:
    """Creates servers."""

    def __init__(self, records: book.Book, networks: networking.Networking) -> None:
        self._book = records
        self._networking = networks

    def create(self, call: service.Call) -> Reply:
        """POST /servers."""
        wanted = rules.read(call.body, "server", _shape(call))
        smallest, count = int(wanted.get("min_count", 1)), int(wanted.get("max_count", wanted.get("min_count", 1)))
        if smallest > count:
            raise refusals.bad("min_count must be <= max_count")
        order = self._order(call, wanted, count)
        count = self._affordable(call.identity.project_id, order.flavor, smallest, count)
        reservation = "r-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
        servers = [self._build(call, order, place, count, reservation) for place in range(count)]
        if rules.truth(wanted.get("return_reservation_id", False)):
            return Reply(202, {"reservation_id": reservation})
        first = servers[0]
        body = {
            "id": first["id"],
            "links": wire.links(call, first),
            "OS-DCF:diskConfig": first["disk_config"],
            "security_groups": wanted.get("security_groups") or [{"name": "default"}],
            "adminPass": wanted.get("adminPass") or password(),
        }
        return Reply(202, {"server": body}, {"Location": call.service.url(f"/v2.1/servers/{first['id']}")})

    # ---- checking

    def _order(self, call: service.Call, wanted: dict[str, Any], count: int) -> Order:
        identity = call.identity
        flavor_id = str(wanted["flavorRef"]).rpartition("/")[2]
        flavor = self._book.flavor(identity, flavor_id)
        if flavor is None:
            raise refusals.bad(f"Flavor {flavor_id} could not be found.")
        if wanted.get("key_name") and self._book.keypair(identity.user_id, wanted["key_name"]) is None:
            raise refusals.bad("Invalid key_name provided.")
        zone, _, host = (wanted.get("availability_zone") or "").partition(":")
        if zone not in ("", book.ZONE) and zone not in self._zones():
            raise refusals.bad("The requested availability zone is not available")
        if host:
            refusals.admin_only(call, "os_compute_api:servers:create:forced_host")
        if wanted.get("host") or wanted.get("hypervisor_hostname"):
            refusals.admin_only(call, "compute:servers:create:requested_destination")
        self._within("metadata_items", identity.project_id, len(wanted.get("metadata") or {}), "metadata items")
        hints = self._hints(call)
        group = None
        if hints.get("group"):
            group = self._book.group(identity, hints["group"])
            if group is None:
                raise refusals.bad(f"Instance group {hints['group']} could not be found.")
            self._within("server_group_members", identity.project_id, len(group["members"]) + count, "group members")
        return Order(
            wanted=wanted,
            flavor=flavor,
            plan=disks.plan(self._book, call, wanted, flavor, count=count),
            nics=self._networking.plan(identity, wanted.get("networks"), count=count),
            security_groups=self._networking.group_ids(
                identity, [each["name"] for each in wanted.get("security_groups") or []]
            ),
            group=group,
            hints=hints,
            zone=zone or None,
            host=host or wanted.get("host") or wanted.get("hypervisor_hostname"),
        )

    def _hints(self, call: service.Call) -> dict[str, Any]:
        body = call.body
        hints = body.get("os:scheduler_hints", body.get("OS-SCH-HNT:scheduler_hints")) or {}
        if problem := _HINTS(hints):
            raise rules.invalid("os:scheduler_hints", hints, problem)
        return dict(hints)

    def _zones(self) -> set[str]:
        zones = (aggregate["metadata"].get("availability_zone") for aggregate in self._book.aggregates)
        return {zone for zone in zones if zone}

    def _within(self, resource: str, project: str, wanted: int, words: str) -> None:
        limit = self._book.quotas.limits(project)[resource]
        if 0 <= limit < wanted and self._book.cloud.settings.enforce_quotas:
            raise refusals.forbidden(f"Quota exceeded: {wanted} {words} wanted, {limit} allowed.")

    def _affordable(self, project: str, flavor: state.Document, smallest: int, count: int) -> int:
        """As many servers as the quota allows, at least `smallest`. Raises ApiError 403."""
        if smallest < count and self._book.cloud.settings.enforce_quotas:
            limits = self._book.quotas.limits(project)
            for resource, size in (("instances", 1), ("cores", flavor["vcpus"]), ("ram", flavor["ram"])):
                if limits[resource] >= 0:
                    left = (limits[resource] - self._book.used(project, resource)) // size
                    count = max(smallest, min(count, left))
        self._book.quotas.check(project, "instances", count)
        self._book.quotas.check(project, "cores", count * flavor["vcpus"])
        self._book.quotas.check(project, "ram", count * flavor["ram"])
        return count

    # ---- making

    def _build(self, call: service.Call, order: Order, place: int, count: int, reservation: str) -> state.Document:
        wanted, identity, now = order.wanted, call.identity, self._book.now()
        name = wanted["name"] if count == 1 else f"{wanted['name']}-{place + 1}"
        id = ids.new_id()
        # A group that this request has filled so far counts, not the one it began with.
        group = order.group and self._book.groups.get(order.group["id"])
        host = scheduler.choose(self._book, order.flavor, group=group, hints=order.hints, wanted=order.host)
        seconds = self._book.cloud.settings.build_seconds
        server: state.Document = {
            "id": id,
            "number": self._book.number("server"),
            "project_id": identity.project_id,
            "user_id": identity.user_id,
            "name": name,
            "hostname": wanted.get("hostname") or hostname(name, id),
            "description": wanted.get("description", None if versions.at_least(call, 2, 19) else name),
            "created_at": now,
            "updated_at": now,
            "launched_at": None,
            "launch_index": place,
            "reservation_id": reservation,
            "vm_state": life.BUILDING,
            "task_state": "spawning" if host else "scheduling",
            "power_state": life.NOSTATE,
            "progress": 0,
            "fault": None,
            "host": host or "",
            "zone": order.zone or book.ZONE,
            "wanted_zone": order.zone,
            "flavor": order.flavor,
            "old_flavor": None,
            "old_host": None,
            "image_id": order.plan.image["id"] if order.plan.image and not order.plan.on_volume else "",
            "key_name": wanted.get("key_name"),
            "metadata": wanted.get("metadata") or {},
            "tags": list(dict.fromkeys(wanted.get("tags") or [])),
            "user_data": wanted.get("user_data"),
            "config_drive": "True" if rules.truth(wanted.get("config_drive") or False) else "",
            "disk_config": wanted.get("OS-DCF:diskConfig", "MANUAL"),
            "access_ip_v4": wanted.get("accessIPv4", ""),
            "access_ip_v6": wanted.get("accessIPv6", ""),
            "locked": False,
            "locked_reason": None,
            "group_id": group["id"] if group else None,
            "nics": [],
            "volumes": [],
        }
        fault = self._furnish(identity, server, order)
        if fault is None:
            seconds, then = (
                seconds,
                {"vm_state": life.ACTIVE, "power_state": life.RUNNING, "launched_at": now + seconds},
            )
        else:
            then = {"vm_state": life.ERROR, "power_state": life.NOSTATE, "fault": {**fault, "created": now + seconds}}
        server |= lapse.later(now + seconds, {**then, "task_state": None})
        self._book.servers.insert(server)
        self._book.hold(server, order.flavor, 1)
        if group is not None:
            self._book.groups.update(group["id"], members=[*group["members"], id])
        self._book.record(call, server, "create")
        return server

    def _furnish(self, identity: service.Identity, server: state.Document, order: Order) -> dict[str, Any] | None:
        """Give a new server its ports and volumes; the fault it will end with, None when all is well."""
        if not server["host"]:
            return {"code": 500, "message": NO_HOST}
        try:
            server["nics"] = self._networking.connect(identity, server, order.nics, order.security_groups)
        except networking.Unusable as error:
            server["host"] = ""
            return {"code": 500, "message": f"Build of instance {server['id']} aborted: {error}"}
        server["volumes"] = disks.attach(self._book, identity, server, order.plan.disks)
        rule = self._book.cloud.faults.outcome("nova", "server_error", server["name"])
        if rule is None:
            return None
        message = rule["message"] or (
            f"Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for "
            f"instance {server['id']}."
        )
        return {"code": rule["status"] or 500, "message": message}


def password() -> str:
    """A new administrator's password."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))


def hostname(name: str, id: str) -> str:
    """A host name made of a server's name."""
    cleaned = re.sub(r"[^\w.-]+", "", re.sub(r"[ _]", "-", name), flags=re.ASCII).lower()
    cleaned = re.sub(r"\.+", "-", cleaned).strip(".-")[:63].strip("-")
    return cleaned or f"server-{id}"


def _shape(call: service.Call) -> rules.Shape:
    """The fields a request may have at its microversion."""
    fields: dict[str, rules.Rule] = {}
    required = ["name", "flavorRef"]
    if versions.at_least(call, 2, 19):
        fields["description"] = rules.optional(rules.text(0, 255))
    if versions.at_least(call, 2, 37):
        fields["networks"] = rules.either(rules.one_of("auto", "none"), rules.list_of(networking.NIC))
        required.append("networks")
    if versions.at_least(call, 2, 52):
        fields["tags"] = _TAGS
    if versions.at_least(call, 2, 63):
        fields["trusted_image_certificates"] = rules.anything
    if versions.at_least(call, 2, 74):
        fields |= {"host": rules.text(1, 255), "hypervisor_hostname": rules.text(1, 255)}
    if versions.at_least(call, 2, 90):
        fields["hostname"] = rules.text(1, 255)
    base = _BASE.fields
    if versions.at_least(call, 2, 57):
        base = rules.without(base, {"personality"})
    return rules.Shape({**base, **fields}, required)
