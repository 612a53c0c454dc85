"""OS::Nova::Quota: how much a project may have in the compute service.

Spec: https://docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets
"""

from hearth.resources import base, project_quota, rules
from hearth.resources.remote import Remote
from hearth.resources.schema import DEPRECATED, Property

_OLD = ((DEPRECATED, "14.0.0"),)


@base.resource("OS::Nova::Quota", since="8.0.0")
class Quota(project_quota.ProjectQuota):
    """The compute quota of a project.

    Admin only by default.
    """

    # Later versions do not have the quotas of networks and files any more.
    remote = Remote(service="compute", path="/os-quota-sets", envelope="quota_set", microversion="2.1")

    cores = Property(int, "Virtual CPUs.", updatable=True, minimum=-1)
    fixed_ips = Property(int, "Fixed addresses.", updatable=True, minimum=-1)
    floating_ips = Property(int, "Floating addresses.", updatable=True, minimum=-1)
    injected_file_content_bytes = Property(int, "Bytes of an injected file.", updatable=True, minimum=-1, support=_OLD)
    injected_file_path_bytes = Property(
        int, "Length of the path of an injected file.", updatable=True, minimum=-1, support=_OLD
    )
    injected_files = Property(int, "Injected files.", updatable=True, minimum=-1, support=_OLD)
    instances = Property(int, "Servers.", updatable=True, minimum=-1)
    key_pairs = Property(int, "Key pairs of a user.", updatable=True, minimum=-1)
    metadata_items = Property(int, "Metadata of a server.", updatable=True, minimum=-1)
    ram = Property(int, "Memory in MiB.", updatable=True, minimum=-1)
    security_groups = Property(int, "Security groups.", updatable=True, minimum=-1)
    security_group_rules = Property(int, "Rules of a security group.", updatable=True, minimum=-1)
    server_groups = Property(int, "Server groups.", updatable=True, minimum=-1)
    server_group_members = Property(int, "Servers of a group.", updatable=True, minimum=-1)

    checks = (
        rules.at_least_one(
            "cores",
            "fixed_ips",
            "floating_ips",
            "injected_file_content_bytes",
            "injected_file_path_bytes",
            "injected_files",
            "instances",
            "key_pairs",
            "metadata_items",
            "ram",
            "security_groups",
            "security_group_rules",
            "server_groups",
            "server_group_members",
        ),
    )
