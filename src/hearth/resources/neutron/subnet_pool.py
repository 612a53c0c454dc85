"""OS::Neutron::SubnetPool: prefixes that subnets are cut from.

Spec: https://docs.openstack.org/api-ref/network/v2/#subnet-pools-extension-subnetpools
"""

import itertools
from collections.abc import Iterable

from hearth.resources import base, blockers
from hearth.resources.contract import Issue, Values
from hearth.resources.neutron import network_resource
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Property

_LENGTHS = ("min_prefixlen", "default_prefixlen", "max_prefixlen")


@base.resource("OS::Neutron::SubnetPool", since="6.0.0")
class SubnetPool(network_resource.NetworkResource):
    """Prefixes from which subnets get theirs.

    The service adds prefixes in place, and refuses to lose any.
    """

    extension = "subnet_allocation"
    remote = network_resource.collection("subnetpool")
    used_by = (blockers.listed("subnet", "/v2.0/subnets", "subnets", subnetpool_id="{id}"),)

    name = Property(str, "Name of the pool.", default=PHYSICAL_NAME, updatable=True)
    prefixes = Property(
        list,
        "Networks that it gives from.",
        required=True,
        updatable=True,
        length=(1, None),
        items=Property(str, constraint="net_cidr"),
    )
    address_scope = Property(
        str,
        "Scope in which its addresses are unique.",
        updatable=True,
        refers="neutron.address_scope",
        wire="address_scope_id",
    )
    default_quota = Property(int, "Addresses that a project may have of it.", updatable=True, minimum=0)
    default_prefixlen = Property(
        int, "Prefix length where none is asked for.", updatable=True, minimum=0, cleared=ABSENT
    )
    min_prefixlen = Property(int, "Smallest prefix length it gives.", updatable=True, minimum=0, cleared=ABSENT)
    max_prefixlen = Property(int, "Largest prefix length it gives.", updatable=True, minimum=0, cleared=ABSENT)
    is_default = Property(bool, "Whether it is used where none is named; admin only.", default=False, updatable=True)
    shared = Property(bool, "Whether all projects may use it; admin only.", default=False)
    tags = Property(list, "Tags of the pool.", updatable=True, items=Property(str), since="9.0.0")
    tenant_id = Property(str, "Project that owns it; admin only.")

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Lengths must not fall from the smallest to the largest."""
        yield from super().validate(properties)
        given = [(name, properties[name]) for name in _LENGTHS if isinstance(properties.get(name), int)]
        for (low, least), (high, most) in itertools.pairwise(given):
            if least > most:
                yield Issue((low,), f"{low} {least} is above {high} {most}.", "Give them in rising order.")
