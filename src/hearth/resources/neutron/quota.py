"""OS::Neutron::Quota: how much a project may have in the network service.

Spec: https://docs.openstack.org/api-ref/network/v2/#quotas-extension-quotas
"""

from hearth.resources import base, project_quota, rules
from hearth.resources.remote import Remote
from hearth.resources.schema import Property


@base.resource("OS::Neutron::Quota", since="8.0.0")
class Quota(project_quota.ProjectQuota):
    """The network quota of a project.

    Admin only by default.
    """

    extension = "quotas"
    remote = Remote(service="network", path="/v2.0/quotas", envelope="quota")
    defaults_path = "/default"
    survives_failure = True

    subnet = Property(int, "Subnets.", updatable=True, minimum=-1)
    network = Property(int, "Networks.", updatable=True, minimum=-1)
    floatingip = Property(int, "Floating addresses.", updatable=True, minimum=-1)
    security_group_rule = Property(int, "Rules of security groups.", updatable=True, minimum=-1)
    security_group = Property(int, "Security groups.", updatable=True, minimum=-1)
    router = Property(int, "Routers.", updatable=True, minimum=-1)
    port = Property(int, "Ports.", updatable=True, minimum=-1)
    subnetpool = Property(int, "Subnet pools.", updatable=True, minimum=-1, since="12.0.0")
    rbac_policy = Property(int, "RBAC policies.", updatable=True, minimum=-1, since="12.0.0")

    checks = (
        rules.at_least_one(
            "subnet",
            "network",
            "floatingip",
            "security_group_rule",
            "security_group",
            "router",
            "port",
            "subnetpool",
            "rbac_policy",
        ),
    )
