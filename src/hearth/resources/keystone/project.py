"""OS::Keystone::Project: a project, in which users have things.

Spec: https://docs.openstack.org/api-ref/identity/v3/#projects
"""

import contextlib

from hearth.resources import base, failures
from hearth.resources.contract import Call, Conflict, Gone, Permanent
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_GROUPS = "/v2.0/security-groups"


@base.resource("OS::Keystone::Project", since="2015.1")
class Project(identity_resource.IdentityResource):
    """A project.

    Admin only by default.
    """

    remote = Remote(service="identity", path="/v3/projects", envelope="project", update_method="PATCH")

    name = Property(str, "Name of the project.", default=PHYSICAL_NAME, updatable=True)
    domain = Property(
        str,
        "Domain it is in; another one makes another project.",
        default="default",
        updatable=True,
        refers="keystone.domain",
        wire="domain_id",
    )
    description = Property(str, "Description of the project.", default="", updatable=True)
    enabled = Property(bool, "Whether users can work in it.", default=True, updatable=True)
    parent = Property(str, "Project above it.", refers="keystone.project", wire="parent_id", since="6.0.0")
    tags = Property(list, "Tags of the project.", default=[], updatable=True, since="10.0.0")

    attributes = {
        "name": Attribute(str, "Name of the project.", since="10.0.0"),
        "parent_id": Attribute(str, "What is above it: a project or the domain.", since="10.0.0"),
        "domain_id": Attribute(str, "Domain it is in.", since="10.0.0"),
        "enabled": Attribute(bool, "Whether users can work in it.", since="10.0.0"),
        "is_domain": Attribute(bool, "Whether it acts as a domain.", since="10.0.0"),
    }

    async def delete(self, call: Call) -> None:
        """With the security group that the network service made for it, which nobody else would remove."""
        if call.cloud.has_service("network"):
            with contextlib.suppress(Gone, Permanent, Conflict), failures.sorted_out():
                params = {"project_id": call.physical_id, "name": "default", "fields": "id"}
                listed = await call.cloud.get("network", _GROUPS, params=params)
                for one in listed.body["security_groups"]:
                    await call.cloud.request("network", "DELETE", f"{_GROUPS}/{one['id']}")
        await super().delete(call)
