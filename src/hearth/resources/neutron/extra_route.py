"""OS::Neutron::ExtraRoute: one static route of a router.

Spec: https://docs.openstack.org/api-ref/network/v2/#add-extra-routes-to-router
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.resources import base, checks
from hearth.resources.contract import Issue, Values
from hearth.resources.neutron import extra_routes
from hearth.resources.schema import Property


@base.resource("OS::Neutron::ExtraRoute", support=(("UNSUPPORTED", None),))
class ExtraRoute(extra_routes.ExtraRoutes):
    """A route of a router.

    Other routes of the router are left alone; OS::Neutron::ExtraRouteSet has several at once.
    """

    extension = "extraroute"
    router_id = Property(str, "The router.", required=True, refers="neutron.router", live="id")
    destination = Property(str, "Network to reach.", required=True, live=None)
    nexthop = Property(str, "Address it is reached by.", required=True, live=None)

    def router(self, properties: Mapping[str, Any]) -> Any:
        """The router."""
        return properties.get("router_id")

    def routes(self, properties: Mapping[str, Any]) -> list[extra_routes.Route]:
        """The one."""
        return [{key: properties[key] for key in ("destination", "nexthop")}] if properties else []

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A network and an address."""
        yield from super().validate(properties)
        for name, check in (("destination", checks.net_cidr), ("nexthop", checks.ip_addr)):
            value = properties.get(name)
            if isinstance(value, str) and (problem := check(value)):
                yield Issue((name,), f"{problem}.")
