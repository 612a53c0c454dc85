"""What to use in the place of types that are deprecated, hidden or only stand-ins.

The lint rule about such types and the reference say it. A type of a service that is no more, and that nothing took the
place of, is not here.

Spec: https://docs.openstack.org/heat/latest/template_guide/unsupported.html
"""

from collections.abc import Mapping
from typing import Final

#: `{type: the type to use now}`.
SUCCESSORS: Final[Mapping[str, str]] = {
    "OS::Aodh::Alarm": "OS::Aodh::GnocchiAggregationByResourcesAlarm",
    "OS::Aodh::CombinationAlarm": "OS::Aodh::CompositeAlarm",
    "OS::Designate::Domain": "OS::Designate::Zone",
    "OS::Designate::Record": "OS::Designate::RecordSet",
    "OS::Glance::Image": "OS::Glance::WebImage",
    "OS::Heat::CWLiteAlarm": "OS::Aodh::GnocchiAggregationByResourcesAlarm",
    "OS::Heat::SoftwareDeployments": "OS::Heat::SoftwareDeploymentGroup",
    "OS::Heat::StructuredDeployments": "OS::Heat::StructuredDeploymentGroup",
    "OS::Magnum::Bay": "OS::Magnum::Cluster",
    "OS::Magnum::BayModel": "OS::Magnum::ClusterTemplate",
    "OS::Neutron::RouterGateway": "OS::Neutron::Router",
    "OS::Nova::FloatingIP": "OS::Neutron::FloatingIP",
    "OS::Nova::FloatingIPAssociation": "OS::Neutron::FloatingIPAssociation",
    **{
        f"OS::Neutron::{name}": f"OS::Octavia::{name}"
        for name in ("HealthMonitor", "LoadBalancer", "Pool", "PoolMember")
    },
    **{
        f"OS::Neutron::LBaaS::{name}": f"OS::Octavia::{name}"
        for name in ("HealthMonitor", "L7Policy", "L7Rule", "Listener", "LoadBalancer", "Pool", "PoolMember")
    },
}
