"""What does nova know? Its tables, how the caller finds a thing in them, and how much projects and hosts hold.

Every subject of this package reads and writes through a Book. Servers come back as they are by now (see cinder.lapse
and life). HTTP is not here.
"""

import hashlib
from collections.abc import Iterable
from typing import cast

from hearth.localcloud.cinder import lapse, refusals
from hearth.localcloud.cinder import service as cinder
from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import ids, quota, service, state

DEFAULTS = {
    "cores": 20,
    "fixed_ips": -1,
    "floating_ips": -1,
    "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
    "injected_files": 5,
    "instances": 10,
    "key_pairs": 100,
    "metadata_items": 128,
    "ram": 51200,
    "security_group_rules": -1,
    "security_groups": -1,
    "server_group_members": 10,
    "server_groups": 10,
}
ZONE = "nova"


class Book:
    """Nova's tables and look-ups."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        self.cloud = cloud
        store = cloud.state
        self.servers = store.table("nova.servers", index=("project_id", "reservation_id"))
        self.flavors = store.table("nova.flavors", index=("name",))
        self.keypairs = store.table("nova.keypairs", index=("user_id",))
        self.groups = store.table("nova.groups", index=("project_id",))
        self.aggregates = store.table("nova.aggregates")
        self.actions = store.table("nova.actions", index=("server_id",))
        #: Numbers handed out: keypair and aggregate ids, instance names.
        self._counters = store.table("nova.counters")
        #: Per project and per host: instances, cores, ram, disk held now.
        self._usage = store.table("nova.usage")
        self.quotas = quota.Quotas(cloud, "nova", DEFAULTS, self.used)

    @property
    def cinder(self) -> cinder.Cinder:
        """The block storage service."""
        return cast("cinder.Cinder", self.cloud.service("cinder"))

    def now(self) -> float:
        """Virtual time."""
        return self.cloud.clock.now()

    def number(self, what: str) -> int:
        """The next number of a kind, from 1."""
        saved = self._counters.get(what)
        if saved is None:
            self._counters.insert({"id": what, "last": 1})
            return 1
        return int(self._counters.update(what, last=saved["last"] + 1)["last"])

    # ---- what is held

    def used(self, holder: str, resource: str) -> int:
        """How many of a resource a project (or host) holds."""
        saved = self._usage.get(holder)
        return int(saved.get(resource, 0)) if saved else 0

    def count(self, holder: str, **changes: int) -> None:
        """Add to what a project or host holds."""
        saved = self._usage.get(holder)
        if saved is None:
            self._usage.insert({"id": holder, **changes})
        else:
            self._usage.update(holder, **{name: saved.get(name, 0) + change for name, change in changes.items()})

    def hold(self, server: state.Document, flavor: state.Document, sign: int) -> None:
        """Add (1) or take away (-1) a server of this flavor to what its project and its host hold."""
        cores, ram = sign * flavor["vcpus"], sign * flavor["ram"]
        self.count(server["project_id"], instances=sign, cores=cores, ram=ram)
        if server["host"]:
            self.count_host(server["host"], flavor, sign)

    def count_host(self, host: str, flavor: state.Document, sign: int) -> None:
        """Add (1) or take away (-1) a server of this flavor to what a host holds."""
        disk = sign * (flavor["disk"] + flavor["ephemeral"])
        self.count(f"host:{host}", instances=sign, cores=sign * flavor["vcpus"], ram=sign * flavor["ram"], disk=disk)

    # ---- look-ups

    def server(self, identity: service.Identity, id: str) -> state.Document:
        """The caller's server as it is by now. Raises ApiError 404."""
        found = self.servers.get(id)
        if found is not None and identity.sees(found["project_id"]):
            found = lapse.settle(self.servers, found, self.now())
            if found is not None:
                return found
        raise refusals.not_found(f"Instance {id} could not be found.")

    def settled(self, servers: Iterable[state.Document]) -> list[state.Document]:
        """Those servers that still exist, as they are by now."""
        return lapse.settle_all(self.servers, servers, self.now())

    def flavor(self, identity: service.Identity, id: str) -> state.Document | None:
        """A flavor the caller may use; None when there is none."""
        found = self.flavors.get(id)
        if found is None or not (found["is_public"] or identity.is_admin or identity.project_id in found["access"]):
            return None
        return found

    def keypair(self, user_id: str, name: str) -> state.Document | None:
        """A user's key pair."""
        return self.keypairs.get(f"{user_id}/{name}")

    def group(self, identity: service.Identity, id: str) -> state.Document | None:
        """The caller's server group; None when there is none."""
        found = self.groups.get(id)
        return found if found is not None and identity.sees(found["project_id"]) else None

    def members(self, group: state.Document) -> list[state.Document]:
        """Servers of a group that still exist and are not on their way out."""
        found = (self.servers.get(id) for id in group["members"])
        return [each for each in self.settled(each for each in found if each) if each["task_state"] != "deleting"]

    def record(self, call: service.Call, server: state.Document, action: str) -> None:
        """Note an action in the server's history."""
        self.actions.insert(
            {
                "id": ids.new_id(),
                "server_id": server["id"],
                "request_id": call.request_id,
                "action": action,
                "user_id": call.identity.user_id,
                "project_id": call.identity.project_id,
                "start": self.now(),
            }
        )


def host_id(project_id: str, host: str) -> str:
    """What a user sees instead of the host's name: "" without host."""
    return hashlib.sha224((project_id + host).encode()).hexdigest() if host else ""
