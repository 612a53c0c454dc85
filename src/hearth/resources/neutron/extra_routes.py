"""What the types of static routes share: some of a router's routes, added and removed, the others left alone.

Spec: https://docs.openstack.org/api-ref/network/v2/#add-extra-routes-to-router
"""

import ipaddress
import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources.contract import (
    GIVEN_UP,
    Call,
    Change,
    Gone,
    Neighbour,
    Neighbours,
    Observed,
    Permanent,
    Values,
    Wait,
)
from hearth.resources.neutron import network_resource, topology
from hearth.resources.remote import recorded, remember_request

Route = Mapping[str, Any]


class ExtraRoutes(network_resource.NetworkResource):
    """Has no id of its own: the physical id is the router's. Types say which router and which routes."""

    remote = network_resource.collection("router", marker="", batch="")
    takes_turns = True

    def router(self, properties: Mapping[str, Any]) -> Any:
        """The router; may be `UNKNOWN`."""
        raise NotImplementedError

    def routes(self, properties: Mapping[str, Any]) -> list[Route]:
        """The routes, parts of which may be `UNKNOWN`; none when there are no properties."""
        raise NotImplementedError

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """What connects the router: next hops must be on its subnets."""
        ends = {"OS::Neutron::RouterInterface": "router", "OS::Neutron::RouterGateway": "router_id"}
        return {
            one.name
            for kind, router in ends.items()
            for one in topology.of_type(others, kind)
            if topology.same(one.properties.get(router), self.router(me.properties))
        }

    async def locate(self, call: Call) -> str | None:
        """The routes are all there: they are added in one request, and not when one of them was there before."""
        router, routes = self.router(call.properties), self.routes(call.properties)
        try:
            there = await network_resource.show(call, f"{self.remote.path}/{router}", "router")
        except Permanent:
            return None
        return router if routes and len(both(routes, there["routes"])) == len(routes) else None

    async def create(self, call: Call) -> str | None:
        """Add the routes. One that is there belongs to somebody else, and would be lost to him with this set."""
        router, routes = self.router(call.properties), self.routes(call.properties)
        there = await network_resource.show(call, f"{self.remote.path}/{router}", "router")
        with recorded(call, creating=True):
            if taken := both(routes, there["routes"]):
                raise Permanent(f"router {router} has these routes already: {_told(taken)}", kind="Conflict")
        await self._send(call, router, "add", routes, creating=True)
        return str(router)

    async def update(self, call: Call, change: Change) -> str | None:
        """Remove what is not wanted any more, and add what is."""
        wanted, before = self.routes(call.properties), self.routes(call.previous or {})
        await self._send(call, call.physical_id, "remove", _without(before, wanted))
        await self._send(call, call.physical_id, "add", wanted)
        return None

    async def delete(self, call: Call) -> None:
        """Remove the routes, without those that another set has taken over."""
        given_up = json.loads(call.data.get(GIVEN_UP, "[]"))
        await self._send(call, call.physical_id, "remove", _without(self.routes(call.properties), given_up))

    async def observe(self, call: Call) -> Observed | None:
        """The router with those of the routes that it has, and no others: they come and go without this resource."""
        observed = await super().observe(call)
        assert observed is not None
        routes = self.routes(call.properties)
        there = both(observed.get("routes") or (), routes)
        if routes and not there:
            raise Gone(f"router {call.physical_id} has none of the routes")
        return {**observed, "routes": there}

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """The routes on the router."""
        return physical_id, frozenset(map(key, self.routes(properties)))

    def collides(self, properties: Values, wanted: Values) -> str:
        """A router has a route once."""
        routers = self.router(properties), self.router(wanted)
        if UNKNOWN not in routers and len(set(routers)) > 1:
            return ""
        routes = self.routes(wanted)
        if any(UNKNOWN in key(one) for one in (*routes, *self.routes(properties))):
            return "the routes asked for, if it has them"
        return _told(both(routes, self.routes(properties)))

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Give up the routes that the other set is to have."""
        if GIVEN_UP not in call.data:
            call.data[GIVEN_UP] = json.dumps(both(self.routes(call.properties), self.routes(wanted)))
            return Wait(0)
        await self._send(call, call.physical_id, "remove", json.loads(call.data[GIVEN_UP]))
        return None

    async def take_back(self, call: Call) -> Wait | None:
        """Have them again."""
        await self._send(call, call.physical_id, "add", json.loads(call.data[GIVEN_UP]))
        return None

    async def _send(
        self, call: Call, router: str | None, verb: str, routes: list[Route], *, creating: bool = False
    ) -> None:
        """Both verbs may be repeated: what is there is not added, and what is not there not removed."""
        path, body = f"{self.remote.path}/{router}/{verb}_extraroutes", {"router": {"routes": routes}}
        remember_request(call, await self.request(call, "PUT", path, body, creating=creating))


def key(route: Route) -> tuple[Any, Any]:
    """What makes a route the route it is, however it is written."""
    destination, nexthop = route.get("destination"), route.get("nexthop")
    return (
        ipaddress.ip_network(destination, strict=False) if isinstance(destination, str) else UNKNOWN,
        ipaddress.ip_address(nexthop) if isinstance(nexthop, str) else UNKNOWN,
    )


def both(routes: Iterable[Route], others: Iterable[Route]) -> list[Route]:
    """Those of the routes that are among the others."""
    keys = set(map(key, others))
    return [one for one in routes if key(one) in keys]


def _without(routes: Iterable[Route], others: Iterable[Route]) -> list[Route]:
    """Those of the routes that are not among the others."""
    keys = set(map(key, others))
    return [one for one in routes if key(one) not in keys]


def _told(routes: Iterable[Route]) -> str:
    return ", ".join(f"{one['destination']} by {one['nexthop']}" for one in routes)
