"""POST /servers/{id}/action: what can be done to a server, one method an action, found in one table.

What each action needs and leads to stands in life; here is what else it does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hearth.localcloud.cinder import images, lapse, refusals, rules, versions
from hearth.localcloud.core import errors, ids, service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book, building, life, networking, scheduler, servers, wire

Handler = Callable[[service.Call, state.Document, dict[str, Any]], Reply]

_CONSOLES = {
    "os-getVNCConsole": "novnc",
    "os-getSPICEConsole": "spice-html5",
    "os-getSerialConsole": "serial",
    "os-getRDPConsole": "rdp-html5",
}
_REBUILD = rules.Shape(
    {
        "imageRef": rules.uuid,
        "name": rules.name,
        "adminPass": rules.text(0, 255),
        "metadata": rules.texts,
        "preserve_ephemeral": rules.boolean,
        "accessIPv4": rules.text(0, 64),
        "accessIPv6": rules.text(0, 64),
        "OS-DCF:diskConfig": rules.one_of("AUTO", "MANUAL"),
        "personality": rules.anything,
        "description": rules.optional(rules.text(0, 255)),
        "key_name": rules.optional(rules.text(1, 255)),
        "user_data": rules.optional(rules.encoded(65535)),
        "hostname": rules.text(1, 255),
        "trusted_image_certificates": rules.anything,
    },
    required=("imageRef",),
)


class Actions:
    """The actions of a server."""

    def __init__(
        self, records: book.Book, networks: networking.Networking, bodies: wire.Wire, collection: servers.Servers
    ) -> None:
        self._book = records
        self._networking = networks
        self._wire = bodies
        self._servers = collection
        self._table: Mapping[str, Handler] = {
            "os-start": self._task(life.START),
            "os-stop": self._task(life.STOP),
            "suspend": self._task(life.SUSPEND),
            "resume": self._task(life.RESUME),
            "pause": self._task(life.PAUSE),
            "unpause": self._task(life.UNPAUSE),
            "unrescue": self._task(life.UNRESCUE),
            "shelveOffload": self._task(life.SHELVE_OFFLOAD),
            "reboot": self.reboot,
            "lock": self.lock,
            "unlock": self.unlock,
            "resize": self.resize,
            "confirmResize": self.confirm_resize,
            "revertResize": self.revert_resize,
            "migrate": self.migrate,
            "os-migrateLive": self.live_migrate,
            "evacuate": self.evacuate,
            "rebuild": self.rebuild,
            "createImage": self.create_image,
            "shelve": self.shelve,
            "unshelve": self.unshelve,
            "rescue": self.rescue,
            "changePassword": self.change_password,
            "forceDelete": self.force_delete,
            "restore": self.restore,
            "os-resetState": self.reset_state,
            "resetNetwork": self.nothing,
            "injectNetworkInfo": self.nothing,
            "os-getConsoleOutput": self.console_output,
            "addSecurityGroup": self.add_security_group,
            "removeSecurityGroup": self.remove_security_group,
            "addFloatingIp": self.add_floating_ip,
            "removeFloatingIp": self.remove_floating_ip,
            **{name: self._console(name, kind) for name, kind in _CONSOLES.items()},
        }

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/servers/{server_id}"
        return [
            Route("POST", one + "/action", self.act),
            Route("POST", one + "/remote-consoles", self.remote_console),
        ]

    def act(self, call: service.Call) -> Reply:
        """Find the action the body names and do it."""
        names = list(call.body) if isinstance(call.body, dict) else []
        handler = self._table.get(names[0]) if len(names) == 1 else None
        if handler is None:
            raise refusals.bad(f"There is no such action: {names[0] if names else 'none given'}")
        server = self._book.server(call.identity, call.params["server_id"])
        given = call.body[names[0]]
        return handler(call, server, given if isinstance(given, dict) else {"": given})

    # ---- power

    def reboot(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """reboot."""
        kind = given.get("type")
        if problem := rules.one_of("HARD", "Hard", "hard", "SOFT", "Soft", "soft")(kind):
            raise rules.invalid("type", kind, problem)
        return self._start(call, server, life.HARD_REBOOT if str(kind).upper() == "HARD" else life.SOFT_REBOOT)

    def change_password(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """changePassword."""
        if problem := rules.text(1, 255)(given.get("adminPass")):
            raise refusals.bad(f"Invalid input for field/attribute adminPass. {problem.rpartition(' is ')[2]}")
        return self._start(call, server, life.CHANGE_PASSWORD)

    def rescue(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """rescue."""
        image = given.get("rescue_image_ref")
        if image and images.find(call.cloud, call.identity, str(image)) is None:
            raise refusals.bad(f"Image {image} could not be found.")
        self._start(call, server, life.RESCUE)
        return Reply(200, {"adminPass": given.get("adminPass") or building.password()})

    # ---- locks and states

    def lock(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """lock."""
        reason = given.get("locked_reason") if versions.at_least(call, 2, 73) else None
        if reason is not None and (problem := rules.text(1, 255)(reason)):
            raise rules.invalid("locked_reason", reason, problem)
        self._book.record(call, server, "lock")
        self._book.servers.update(server["id"], locked=True, locked_reason=reason)
        return Reply(202)

    def unlock(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """unlock."""
        self._book.record(call, server, "unlock")
        self._book.servers.update(server["id"], locked=False, locked_reason=None)
        return Reply(202)

    def reset_state(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """os-resetState."""
        refusals.admin_only(call, "os_compute_api:os-admin-actions:reset_state")
        wanted = given.get("state")
        if problem := rules.one_of("active", "error")(wanted):
            raise rules.invalid("state", wanted, problem)
        self._book.servers.update(
            server["id"], vm_state=wanted, task_state=None, due=None, then=None, updated_at=self._book.now()
        )
        return Reply(202)

    def force_delete(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """forceDelete."""
        self._servers.remove(call, server)
        return Reply(202)

    def restore(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """restore: there are no soft-deleted servers here."""
        life.check(server, life.Action("restore", ("soft-delete",)), is_admin=call.identity.is_admin)
        return Reply(202)

    def nothing(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """Actions that leave no trace: resetNetwork, injectNetworkInfo."""
        refusals.admin_only(call, "os_compute_api:os-admin-actions")
        return Reply(202)

    # ---- size and place

    def resize(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """resize."""
        flavor_id = str(given.get("flavorRef", "")).rpartition("/")[2]
        if not flavor_id:
            raise refusals.bad("'flavorRef' is a required property")
        flavor = self._book.flavor(call.identity, flavor_id)
        if flavor is None:
            raise refusals.bad(f"Flavor {flavor_id} could not be found.")
        life.check(server, life.RESIZE, is_admin=call.identity.is_admin)
        if flavor["id"] == server["flavor"]["id"]:
            raise refusals.bad("When resizing, instances must change flavor!")
        if server["image_id"] and flavor["disk"] < server["flavor"]["disk"]:
            raise refusals.bad(
                f"Flavor {flavor_id} has {flavor['disk']} GB of disk, less than now: {server['flavor']['disk']} GB."
            )
        project = server["project_id"]
        cores, ram = flavor["vcpus"] - server["flavor"]["vcpus"], flavor["ram"] - server["flavor"]["ram"]
        self._book.quotas.check(project, "cores", cores)
        self._book.quotas.check(project, "ram", ram)
        self._book.count(project, cores=cores, ram=ram)
        return self._move(call, server, flavor, life.RESIZE)

    def migrate(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """migrate: to another host, confirmed like a resize."""
        refusals.admin_only(call, "os_compute_api:os-migrate-server:migrate")
        return self._move(
            call, server, server["flavor"], life.MIGRATE, wanted=given.get("host"), avoid=(server["host"],)
        )

    def confirm_resize(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """confirmResize."""
        life.check(server, life.CONFIRM_RESIZE, is_admin=call.identity.is_admin)
        if server["old_flavor"] is None:
            raise refusals.bad("Instance has not been resized.")  # it is being confirmed
        self._book.record(call, server, "confirmResize")
        self._book.count_host(server["old_host"], server["old_flavor"], -1)
        ends = life.STOPPED if server["power_state"] == life.SHUTDOWN else life.ACTIVE
        # No task shows while the old host cleans up: the server waits for being confirmed until it is.
        due = self._book.now() + self._book.cloud.settings.build_seconds
        then = lapse.later(due, {"vm_state": ends})
        self._book.servers.update(server["id"], old_flavor=None, old_host=None, **then)
        return Reply(204)

    def revert_resize(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """revertResize."""
        life.check(server, life.REVERT_RESIZE, is_admin=call.identity.is_admin)
        if server["old_flavor"] is None:
            raise refusals.bad("Instance has not been resized.")
        old, new = server["old_flavor"], server["flavor"]
        self._book.count(server["project_id"], cores=old["vcpus"] - new["vcpus"], ram=old["ram"] - new["ram"])
        self._book.count_host(server["host"], new, -1)
        back = {"flavor": old, "host": server["old_host"], "old_flavor": None, "old_host": None}
        return self._start(call, self._book.servers.update(server["id"], **back), life.REVERT_RESIZE)

    def live_migrate(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """os-migrateLive."""
        refusals.admin_only(call, "os_compute_api:os-migrate-server:migrate_live")
        life.check(server, life.LIVE_MIGRATE, is_admin=True)
        self._rehost(server, given.get("host"))
        return self._start(call, self._fresh(server), life.LIVE_MIGRATE)

    def evacuate(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """evacuate."""
        refusals.admin_only(call, "os_compute_api:os-evacuate")
        life.check(server, life.EVACUATE, is_admin=True)
        self._rehost(server, given.get("host"))
        self._start(call, self._fresh(server), life.EVACUATE)
        return Reply(200, None if versions.at_least(call, 2, 14) else {"adminPass": building.password()})

    def shelve(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """shelve: the server leaves its host."""
        reply = self._start(call, server, life.SHELVE)
        self._book.count_host(server["host"], server["flavor"], -1)
        self._book.servers.update(server["id"], host="")
        return reply

    def unshelve(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """unshelve: the server gets a host again."""
        life.check(server, life.UNSHELVE, is_admin=call.identity.is_admin)
        host = scheduler.choose(self._book, server["flavor"])
        if host is None:
            raise refusals.bad(building.NO_HOST)
        if not server["host"]:
            self._book.count_host(host, server["flavor"], 1)
            server = self._book.servers.update(server["id"], host=host)
        return self._start(call, server, life.UNSHELVE)

    # ---- images

    def rebuild(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """rebuild: the same server from an image again."""
        wanted = rules.read({"rebuild": given}, "rebuild", _REBUILD)
        life.check(server, life.REBUILD, is_admin=call.identity.is_admin)
        image = images.find(call.cloud, call.identity, wanted["imageRef"])
        if image is None:
            raise refusals.bad(f"Image {wanted['imageRef']} could not be found.")
        if image["status"] != "active":
            raise refusals.bad(f"Image {image['id']} is not active.")
        if wanted.get("key_name") and self._book.keypair(server["user_id"], wanted["key_name"]) is None:
            raise refusals.bad("Invalid key_name provided.")
        on_volume = any(each["boots"] for each in server["volumes"])
        if on_volume and not versions.at_least(call, 2, 93):
            raise refusals.bad("Unable to rebuild with a different image for a volume-backed server.")
        names = {"accessIPv4": "access_ip_v4", "accessIPv6": "access_ip_v6", "OS-DCF:diskConfig": "disk_config"}
        keep = ("name", "metadata", "description", "key_name", "user_data", "hostname", *names)
        changes = {names.get(key, key): wanted[key] for key in keep if key in wanted}
        ends = life.ACTIVE if server["vm_state"] == life.ERROR else server["vm_state"]
        shown = self._book.servers.update(
            server["id"], **changes, image_id="" if on_volume else image["id"], fault=None
        )
        now = self._book.now()
        self._book.record(call, server, "rebuild")
        then = {"vm_state": ends, "power_state": life.power(ends), "task_state": None, "launched_at": now}
        due = now + self._book.cloud.settings.build_seconds
        shown = self._book.servers.update(
            server["id"], task_state="rebuilding", updated_at=now, **lapse.later(due, then)
        )
        body = self._wire.changed(call, shown) | {"adminPass": wanted.get("adminPass") or building.password()}
        if versions.at_least(call, 2, 54):
            body["key_name"] = shown["key_name"]
        if versions.at_least(call, 2, 57):
            body["user_data"] = shown["user_data"]
        return Reply(202, {"server": body}, {"Location": call.service.url(f"/v2.1/servers/{server['id']}")})

    def create_image(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """createImage: an image in glance; of a server on a volume, a snapshot of it too."""
        name, metadata = given.get("name"), given.get("metadata") or {}
        if problem := rules.name(name):
            raise rules.invalid("name", name, problem)
        if problem := rules.texts(metadata):
            raise rules.invalid("metadata", metadata, problem)
        life.check(server, life.CREATE_IMAGE, is_admin=call.identity.is_admin)
        properties = {
            "base_image_ref": server["image_id"],
            "image_type": "snapshot",
            "instance_uuid": server["id"],
            "user_id": call.identity.user_id,
            "owner_user_name": call.identity.user_name,
            "owner_project_name": call.identity.project_name,
            "boot_roles": ",".join(call.identity.roles),
            **metadata,
        }
        source = images.find(call.cloud, call.identity, server["image_id"]) if server["image_id"] else None
        for each in server["volumes"]:
            if each["boots"]:
                volume = self._book.cinder.book.volume(call.identity, each["volume_id"])
                self._book.cinder.snapshots.make(volume, name=f"snapshot for {name}", force=True)
        image_id = images.create(
            call.cloud,
            call.identity,
            name=str(name),
            disk_format=(source or {}).get("disk_format") or "raw",
            container_format=(source or {}).get("container_format") or "bare",
            visibility="private",
            min_disk=0 if not server["image_id"] else server["flavor"]["disk"],
            properties=properties,
        )
        self._start(call, server, life.CREATE_IMAGE)
        if versions.at_least(call, 2, 45):
            return Reply(202, {"image_id": image_id})
        return Reply(202, None, {"Location": f"{call.cloud.base_url}/image/v2/images/{image_id}"})

    # ---- consoles

    def console_output(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """os-getConsoleOutput."""
        length = given.get("length")
        if length not in (None, "", -1) and (problem := rules.integer(-1)(length)):
            raise rules.invalid("length", length, problem)
        if not server["host"] or server["vm_state"] == life.BUILDING:
            raise refusals.conflict(f"Instance {server['id']} is not ready")
        lines = [
            "[    0.000000] booting",
            f"[    0.900000] root device from {server['image_id'] or 'volume'}",
            f"{server['hostname']} login:",
        ]
        count = int(length) if length not in (None, "", -1) else len(lines)
        return Reply(200, {"output": "\n".join(lines[-count:] if count else [])})

    def remote_console(
        self,
        call: service.Call,
    ) -> Any:
        """POST /servers/{id}/remote-consoles (2.6)."""
        versions.require(call, 2, 6)
        shape = rules.Shape(
            {"protocol": rules.one_of("vnc", "spice", "rdp", "serial", "mks"), "type": rules.text(1, 64)},
            required=("protocol", "type"),
        )
        wanted = rules.read(call.body, "remote_console", shape)
        server = self._book.server(call.identity, call.params["server_id"])
        life.check(server, life.CONSOLE, is_admin=True)
        return {"remote_console": {**wanted, "url": _console_url(call, wanted["type"])}}

    def _console(self, name: str, kind: str) -> Handler:
        def handler(call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
            versions.forbid(call, 2, 6)
            life.check(server, life.CONSOLE, is_admin=True)
            wanted = str(given.get("type") or kind)
            return Reply(200, {"console": {"type": wanted, "url": _console_url(call, wanted)}})

        return handler

    # ---- networks

    def add_security_group(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """addSecurityGroup: to every port of the server."""
        group, ports = self._group_and_ports(call, server, given)
        for port in ports:
            if group not in port["security_groups"]:
                self._networking.set_groups(port, [*port["security_groups"], group])
        return Reply(202)

    def remove_security_group(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """removeSecurityGroup: from every port of the server."""
        group, ports = self._group_and_ports(call, server, given)
        holding = [port for port in ports if group in port["security_groups"]]
        if not holding:
            raise refusals.not_found(
                f"Security group {given.get('name')} not associated with the instance {server['id']}"
            )
        for port in holding:
            self._networking.set_groups(port, [each for each in port["security_groups"] if each != group])
        return Reply(202)

    def add_floating_ip(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """addFloatingIp, before 2.44."""
        versions.forbid(call, 2, 44)
        ports = self._networking.ports(server)
        wanted = given.get("fixed_address")
        pairs = [(port, fixed["ip_address"]) for port in ports for fixed in port["fixed_ips"]]
        pairs = [(port, address) for port, address in pairs if ":" not in address and wanted in (None, address)]
        if not pairs:
            raise refusals.bad("Instance network is not ready yet" if not ports else "No fixed IP of the server fits")
        floating = self._networking.floating(call.identity, str(given.get("address")))
        self._networking.associate(call, floating, pairs[0][0]["id"], pairs[0][1])
        return Reply(202)

    def remove_floating_ip(self, call: service.Call, server: state.Document, given: dict[str, Any]) -> Reply:
        """removeFloatingIp, before 2.44."""
        versions.forbid(call, 2, 44)
        floating = self._networking.floating(call.identity, str(given.get("address")))
        if floating["port_id"] not in {port["id"] for port in self._networking.ports(server)}:
            raise refusals.conflict(
                f"Floating IP {given.get('address')} is not associated with instance {server['id']}."
            )
        self._networking.associate(call, floating, None, None)
        return Reply(202)

    def _group_and_ports(
        self, call: service.Call, server: state.Document, given: dict[str, Any]
    ) -> tuple[str, list[state.Document]]:
        name = given.get("name")
        if problem := rules.text(1, 255)(name):
            raise rules.invalid("name", name, problem)
        try:
            group = self._networking.group_id(call.identity, str(name))
        except errors.ApiError as error:
            project = call.identity.project_id
            raise refusals.not_found(f"Security group {name} is not found for project {project}") from error
        ports = self._networking.ports(server)
        if not ports:
            raise refusals.not_found(f"instance_id {server['id']} could not be found as device id on any ports")
        return group, ports

    # ---- helpers

    def _task(self, action: life.Action) -> Handler:
        return lambda call, server, given: self._start(call, server, action)

    def _start(self, call: service.Call, server: state.Document, action: life.Action) -> Reply:
        """Check the action and start its task."""
        life.check(server, action, is_admin=call.identity.is_admin)
        self._book.record(call, server, action.name)
        seconds = min(self._book.cloud.settings.build_seconds, self._book.cloud.settings.delete_seconds)
        self._book.servers.update(server["id"], **life.begin(server, action, self._book.now(), seconds))
        return Reply(202)

    def _move(
        self,
        call: service.Call,
        server: state.Document,
        flavor: state.Document,
        action: life.Action,
        *,
        wanted: str | None = None,
        avoid: tuple[str, ...] = (),
    ) -> Reply:
        """Start a resize: the server holds its place on the old host and on the new one until it is confirmed."""
        life.check(server, action, is_admin=call.identity.is_admin)
        group = self._book.groups.get(server["group_id"] or "")
        host = scheduler.choose(self._book, flavor, group=group, wanted=wanted, avoid=avoid)
        if host is None and group is not None:
            # The server itself may be what its group's policy objects to: then it stays where it is.
            host = scheduler.choose(self._book, flavor, wanted=server["host"], avoid=avoid)
        if host is None:
            raise refusals.bad(building.NO_HOST)
        self._book.record(call, server, action.name)
        self._book.count_host(host, flavor, 1)
        now = self._book.now()
        moved = {"old_flavor": server["flavor"], "old_host": server["host"], "flavor": flavor, "host": host}
        task = life.begin(server, action, now, self._book.cloud.settings.build_seconds)
        if server["vm_state"] == life.STOPPED:
            task["then"] |= {"power_state": life.SHUTDOWN}
        self._book.servers.update(server["id"], **moved, **task)
        return Reply(202)

    def _rehost(self, server: state.Document, wanted: Any) -> None:
        """Move a server to another host at once."""
        host = scheduler.choose(self._book, server["flavor"], wanted=wanted or None, avoid=(server["host"],))
        if host is None:
            raise refusals.bad(building.NO_HOST)
        self._book.count_host(server["host"], server["flavor"], -1)
        self._book.count_host(host, server["flavor"], 1)
        self._book.servers.update(server["id"], host=host)

    def _fresh(self, server: state.Document) -> state.Document:
        found = self._book.servers.get(server["id"])
        assert found is not None
        return found


def _console_url(call: service.Call, kind: str) -> str:
    return f"{call.cloud.base_url}/console/{kind}?token={ids.new_id()}"
