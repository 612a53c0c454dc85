"""The embedded cloud's network service: the API of OpenStack's Neutron, with real rules and no traffic.

`ipam`, `prefixes` and `topology` decide, on plain values; the other modules are the REST collections on top. `SERVICE`
is what the cloud mounts; its methods `create_port`, `bind_port`, … are what the compute service calls directly, inside
one transaction with its own writes.
"""

from hearth.localcloud.neutron.service import Neutron

SERVICE = Neutron

__all__ = ["SERVICE", "Neutron"]
