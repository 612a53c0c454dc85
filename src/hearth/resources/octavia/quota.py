"""OS::Octavia::Quota: how much of load balancing a project may have. Admin only.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#quotas
"""

from hearth.resources import base, project_quota, rules
from hearth.resources.octavia import balancing
from hearth.resources.remote import Remote
from hearth.resources.schema import Property


@base.resource("OS::Octavia::Quota", since="14.0.0")
class Quota(project_quota.ProjectQuota):
    """The load balancing quota of a project.

    Numbers of things; -1 is no limit.
    """

    remote = Remote(service=balancing.SERVICE, path="/v2/lbaas/quotas", envelope="quota")
    defaults_path = "/default"

    healthmonitor = Property(int, "Health monitors.", updatable=True, minimum=-1, wire="health_monitor")
    listener = Property(int, "Listeners.", updatable=True, minimum=-1)
    loadbalancer = Property(int, "Load balancers.", updatable=True, minimum=-1, wire="load_balancer")
    pool = Property(int, "Pools.", updatable=True, minimum=-1)
    member = Property(int, "Members.", updatable=True, minimum=-1)

    checks = (rules.at_least_one("healthmonitor", "listener", "loadbalancer", "pool", "member"),)
