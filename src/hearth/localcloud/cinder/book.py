"""What does cinder know? Its tables, how the caller finds a thing in them, and how much a project has.

Every subject of this package (volumes, snapshots, backups, ...) reads and writes through a Book. Documents come back
as they are by now (see lapse). HTTP is not here.
"""

from hearth.localcloud.cinder import lapse, refusals, rules
from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import errors, quota, service, state

#: Statuses of a volume that is nobody's and may be deleted.
DELETABLE = frozenset({"available", "error", "error_restoring", "error_extending", "error_managing", "error_deleting"})

DEFAULTS = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}
DEFAULT_TYPE = "__DEFAULT__"
HOST = "hearth-volume"


class Book:
    """Cinder's tables and look-ups."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        self.cloud = cloud
        store = cloud.state
        self.volumes = store.table("cinder.volumes", index=("project_id",))
        self.snapshots = store.table("cinder.snapshots", index=("project_id", "volume_id"))
        self.backups = store.table("cinder.backups", index=("project_id", "volume_id", "parent_id"))
        self.attachments = store.table("cinder.attachments", index=("project_id", "volume_id", "server_id"))
        self.types = store.table("cinder.types", index=("name",))
        self.qos = store.table("cinder.qos", index=("name",))
        self.transfers = store.table("cinder.transfers", index=("project_id", "volume_id"))
        #: Per project: how many of each resource it holds now.
        self._usage = store.table("cinder.usage")
        self.quotas = quota.Quotas(cloud, "cinder", DEFAULTS, self.used)

    def now(self) -> float:
        """Virtual time."""
        return self.cloud.clock.now()

    def used(self, project: str, resource: str) -> int:
        """How many of a resource a project holds."""
        saved = self._usage.get(project)
        return int(saved.get(resource, 0)) if saved else 0

    def count(self, project: str, **changes: int) -> None:
        """Add to what a project holds."""
        saved = self._usage.get(project)
        if saved is None:
            self._usage.insert({"id": project, **changes})
        else:
            self._usage.update(project, **{name: saved.get(name, 0) + change for name, change in changes.items()})

    def claim(self, project: str, **amounts: int) -> None:
        """Check the quotas, then add. Raises ApiError 413."""
        for resource, amount in amounts.items():
            self.quotas.check(project, resource, amount)
        self.count(project, **amounts)

    def volume(self, identity: service.Identity, id: str) -> state.Document:
        """The caller's volume. Raises ApiError 404."""
        return self._visible(self.volumes, identity, id, f"Volume {id} could not be found.")

    def snapshot(self, identity: service.Identity, id: str) -> state.Document:
        """The caller's snapshot. Raises ApiError 404."""
        return self._visible(self.snapshots, identity, id, f"Snapshot {id} could not be found.")

    def backup(self, identity: service.Identity, id: str) -> state.Document:
        """The caller's backup. Raises ApiError 404."""
        return self._visible(self.backups, identity, id, f"Backup {id} could not be found.")

    def transfer(self, id: str) -> state.Document:
        """A transfer, whoever asks. Raises ApiError 404."""
        found = self.transfers.get(id)
        if found is None:
            raise refusals.not_found(f"Transfer {id} could not be found.")
        return found

    def attachment(self, identity: service.Identity, id: str) -> state.Document:
        """The caller's attachment. Raises ApiError 404."""
        message = f"Volume attachment could not be found with filter: attachment_id = {id}."
        return self._visible(self.attachments, identity, id, message)

    def volume_type(self, identity: service.Identity, wanted: str | None) -> state.Document:
        """A type by id or name that the caller may use; None: the default one. Raises ApiError 404."""
        if not wanted:
            wanted = DEFAULT_TYPE
        found = self.types.get(wanted) or next(iter(self.types.select(name=wanted)), None)
        if found is None or not self.may_use(identity, found):
            problem = (
                f"{wanted} could not be found." if rules.is_uuid(wanted) else f"with name {wanted} could not be found."
            )
            raise refusals.not_found(f"Volume type {problem}")
        return found

    def may_use(self, identity: service.Identity, volume_type: state.Document) -> bool:
        """Is the type public, or the caller's project let in?"""
        return bool(volume_type["is_public"]) or identity.is_admin or identity.project_id in volume_type["access"]

    def attachments_of(self, volume_id: str) -> list[state.Document]:
        """Attachments of a volume, oldest first."""
        return self.attachments.select(volume_id=volume_id)

    def snapshots_of(self, volume_id: str) -> list[state.Document]:
        """Snapshots of a volume that exist by now, those being deleted too."""
        return lapse.settle_all(self.snapshots, self.snapshots.select(volume_id=volume_id), self.now())

    def _visible(self, table: state.Table, identity: service.Identity, id: str, missing: str) -> state.Document:
        found = table.get(id)
        if found is not None and identity.sees(found["project_id"]):
            found = lapse.settle(table, found, self.now())
            if found is not None:
                return found
        raise errors.ApiError(404, missing)
