"""The types of services that are no more, and types that others took the place of.

Spec: https://docs.openstack.org/heat/latest/template_guide/unsupported.html
"""

from collections.abc import Mapping
from typing import Final

from hearth.resources import base, placeholder
from hearth.resources.schema import DEPRECATED, HIDDEN, SUPPORTED
from hearth.resources.successors import SUCCESSORS

#: `{type: release that hid it, that deprecated it, that brought it}`.
_GONE: Final[Mapping[str, tuple[str, str, str]]] = {
    "OS::Aodh::CombinationAlarm": ("9.0.0", "7.0.0", "2014.1"),
    "OS::Designate::Domain": ("10.0.0", "8.0.0", "5.0.0"),
    "OS::Designate::Record": ("10.0.0", "8.0.0", "5.0.0"),
    "OS::Magnum::Bay": ("11.0.0", "9.0.0", "6.0.0"),
    "OS::Monasca::Notification": ("25.0.0", "22.0.0", "7.0.0"),
    "OS::Monasca::AlarmDefinition": ("25.0.0", "22.0.0", "7.0.0"),
    "OS::Sahara::Cluster": ("23.0.0", "22.0.0", "5.0.0"),
    "OS::Sahara::ClusterTemplate": ("23.0.0", "22.0.0", "2014.2"),
    "OS::Sahara::DataSource": ("23.0.0", "22.0.0", "5.0.0"),
    "OS::Sahara::ImageRegistry": ("23.0.0", "22.0.0", "5.0.0"),
    "OS::Sahara::Job": ("23.0.0", "22.0.0", "8.0.0"),
    "OS::Sahara::JobBinary": ("23.0.0", "22.0.0", "5.0.0"),
    "OS::Sahara::NodeGroupTemplate": ("23.0.0", "22.0.0", "2014.2"),
    **{
        f"OS::Senlin::{name}": ("23.0.0", "22.0.0", "6.0.0")
        for name in ("Cluster", "Node", "Policy", "Profile", "Receiver")
    },
    "OS::Vitrage::Template": ("27.0.0", "26.0.0", "16.0.0"),
}
#: What some of them were before.
_EARLIER: Final = {
    "OS::Monasca::Notification": ((SUPPORTED, "5.0.0"),),
    "OS::Monasca::AlarmDefinition": (("UNSUPPORTED", "5.0.0"),),
}
#: Those that still need their service.
_SERVICES: Final = {"OS::Aodh::CombinationAlarm": ("alarming",)}


def _stand_in(type_name: str, hidden: str, deprecated: str, supported: str) -> type[base.Base]:
    history = ((HIDDEN, hidden), (DEPRECATED, deprecated), (SUPPORTED, supported), *_EARLIER.get(type_name, ()))
    successor = SUCCESSORS.get(type_name)
    what = f"{successor} took its place." if successor else "Of a service that is no more."
    made = placeholder.placeholder(type_name, *history, what=what)
    made.services = _SERVICES.get(type_name, ())
    return made


TYPES: Final = tuple(_stand_in(name, *releases) for name, releases in _GONE.items())
