"""OS::Neutron::QoSPolicy: rules of quality that ports and networks keep to.

Spec: https://docs.openstack.org/api-ref/network/v2/#qos-policies-qos
"""

from hearth.resources import base, blockers
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Neutron::QoSPolicy", since="6.0.0")
class QoSPolicy(network_resource.NetworkResource):
    """Quality of service that networks and ports can have.

    Admin only by default. Its rules are resources of their own.
    """

    extension = "qos"
    remote = network_resource.collection("policy", path="qos/policies", plural="policies")
    used_by = (
        blockers.listed("network", "/v2.0/networks", "networks", qos_policy_id="{id}"),
        blockers.ports(qos_policy_id="{id}"),
    )

    name = Property(str, "Name of the policy.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the policy.", updatable=True, cleared="")
    shared = Property(bool, "Whether all projects may use it.", default=False, updatable=True)
    tenant_id = Property(str, "Project that owns it.")

    attributes = {"rules": Attribute(list, "Its rules.")}
