"""OS::Neutron::ExtraRouteSet: some of the static routes of a router.

Spec: https://docs.openstack.org/api-ref/network/v2/#add-extra-routes-to-router
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.neutron import extra_routes, topology
from hearth.resources.schema import Property


def _present(call: Call, observed: Observed) -> Any:
    """Those of the wanted routes that the router has; it may have others that are not ours."""
    return extra_routes.both(call.properties.get("routes") or (), observed.get("routes") or ())


@base.resource("OS::Neutron::ExtraRouteSet", since="14.0.0")
class ExtraRouteSet(extra_routes.ExtraRoutes):
    """Several routes of a router.

    Other routes of the router are left alone.
    """

    extension = "extraroute-atomic"
    router_property = Property(str, "The router.", name="router", required=True, refers="neutron.router", live="id")
    routes_property = Property(
        list,
        "The routes.",
        name="routes",
        default=[],
        updatable=True,
        live=_present,
        items=Property(
            dict,
            fields={
                "destination": Property(str, "Network to reach.", required=True, constraint="net_cidr"),
                "nexthop": Property(str, "Address it is reached by.", required=True, constraint="ip_addr"),
            },
        ),
    )

    def router(self, properties: Mapping[str, Any]) -> Any:
        """The router."""
        return properties.get("router")

    def routes(self, properties: Mapping[str, Any]) -> list[extra_routes.Route]:
        """The routes; one of which nothing is known while the list is not known."""
        routes = properties.get("routes")
        return [{"destination": UNKNOWN, "nexthop": UNKNOWN}] if routes is UNKNOWN else list(routes or ())

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A router has a route once."""
        yield from super().validate(properties)
        seen = set()
        for at, route in enumerate(topology.items(properties.get("routes"))):
            key = extra_routes.key(route)
            if key in seen:
                told = f"{route['destination']} by {route['nexthop']}"
                yield Issue(("routes", at), f"The route to {told} is there twice.", "Leave one out.")
            if UNKNOWN not in key:
                seen.add(key)
