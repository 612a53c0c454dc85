"""OS::Cinder::Quota: how much a project may have in the block storage service.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets
"""

from collections.abc import Iterable

from hearth.cloud import errors
from hearth.resources import base, project_quota, rules
from hearth.resources.contract import Call, Issue
from hearth.resources.remote import Remote
from hearth.resources.schema import Property


@base.resource("OS::Cinder::Quota", since="7.0.0")
class Quota(project_quota.ProjectQuota):
    """The block storage quota of a project.

    Admin only by default.
    """

    remote = Remote(service="volume", path="/os-quota-sets", envelope="quota_set")
    confirms = True

    gigabytes = Property(int, "GiB of volumes and snapshots.", updatable=True, minimum=-1)
    volumes = Property(int, "Volumes.", updatable=True, minimum=-1)
    backup_gigabytes = Property(int, "GiB of backups.", updatable=True, minimum=-1, since="16.0.0")
    backups = Property(int, "Backups.", updatable=True, minimum=-1, since="16.0.0")
    snapshots = Property(int, "Snapshots.", updatable=True, minimum=-1)

    checks = (rules.at_least_one("gigabytes", "volumes", "snapshots", "backups", "backup_gigabytes"),)

    async def confirm(self, call: Call) -> Iterable[Issue]:
        """The service would take quotas below what the project has already; then it could make nothing any more."""
        path = f"{self.remote.path}/{call.properties['project']}"
        try:
            answer = await call.cloud.get(self.remote.service, path, params={"usage": "True"})
        except errors.CloudError as error:
            return [Issue(("project",), f"The quotas of the project cannot be looked up: {error}")]
        found = []
        for name, wanted in self.body(call).items():
            used = answer.body["quota_set"][name]["in_use"]
            if 0 <= wanted < used:
                message = f"{name}: the quota {wanted} is below the {used} that the project has."
                found.append(Issue((name,), message, f"Give {used} or more, or -1 for no limit."))
        return found
