"""OS::Neutron::PortChain: service functions that traffic goes through, one after the other.

Spec: https://docs.openstack.org/networking-sfc/latest/contributor/api.html#port-chain
"""

from hearth.model.values import UNKNOWN
from hearth.resources import base, live, only_one
from hearth.resources.contract import Values
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Property

_GROUPS, _FLOWS = "port_pair_groups", "flow_classifiers"


@base.resource("OS::Neutron::PortChain", support=(("UNSUPPORTED", "8.0.0"),))
class PortChain(only_one.OnlyOne, network_resource.NetworkResource):
    """A way that traffic takes through groups of port pairs.

    The order of the groups is that of the chain. No other chain has the same groups, or one of its classifiers.
    """

    extension = "sfc"
    remote = network_resource.collection("port_chain", path="sfc/port_chains")
    noun = "port chain"

    name = Property(str, "Name of the chain.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the chain.", updatable=True, cleared="")
    port_pair_groups = Property(
        list,
        "Groups of service functions.",
        required=True,
        updatable=True,
        ordered=True,
        items=Property(str, refers="neutron.port_pair_group"),
    )
    flow_classifiers = Property(
        list,
        "Which traffic goes through.",
        default=[],
        updatable=True,
        items=Property(str, refers="neutron.flow_classifier"),
    )
    chain_parameters = Property(
        dict, "How the chain works.", default={"correlation": "mpls"}, live=live.parts("chain_parameters")
    )

    def collides(self, properties: Values, wanted: Values) -> str:
        """The same groups in the same order, or a classifier that both have."""
        mine, others = properties[_GROUPS], wanted.get(_GROUPS)
        flows, other_flows = properties.get(_FLOWS) or (), wanted.get(_FLOWS) or ()
        if UNKNOWN in (mine, others, flows, other_flows) or UNKNOWN in (*mine, *(others or ()), *flows, *other_flows):
            return "its groups or flow classifiers, if they are the same"
        both = [one for one in flows if one in other_flows]
        return "its groups" if mine == others else f"flow classifiers {', '.join(both)}" if both else ""
