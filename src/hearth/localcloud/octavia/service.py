"""Load balancing at /load-balancer: the collections put together. No traffic is balanced.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/
"""

import contextlib
from collections.abc import Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, staged, state
from hearth.localcloud.core.service import Call, Route
from hearth.localcloud.neutron import service as neutron
from hearth.localcloud.octavia import balanced, loadbalancers, offers


class Octavia(staged.StagedService):
    """API 2.29, as far as Hearth and the usual clients speak it."""

    name = "octavia"
    service_type = "load-balancer"
    prefix = "/load-balancer"
    catalog_path = "/load-balancer"

    def build(self) -> Sequence[staged.Staged]:
        self.quotas = offers.Quotas(self)
        self.load_balancers = loadbalancers.LoadBalancers(self)
        self.listeners = balanced.Listeners(self)
        self.pools = balanced.Pools(self)
        self.members = balanced.Members(self)
        self.monitors = balanced.Monitors(self)
        self.policies = balanced.Policies(self)
        self.rules = balanced.Rules(self)
        self.flavor_profiles = offers.FlavorProfiles(self)
        self.flavors = offers.Flavors(self)
        self.zone_profiles = offers.ZoneProfiles(self)
        self.zones = offers.Zones(self)
        self.inside = (self.listeners, self.pools, self.members, self.monitors, self.policies, self.rules)
        offered = (self.flavor_profiles, self.flavors, self.zone_profiles, self.zones)
        return (self.load_balancers, *self.inside, *offered)

    def routes(self) -> list[Route]:
        return [
            *super().routes(),
            *self.quotas.routes(),
            Route("GET", "/v2/lbaas/providers", self.providers),
        ]

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        return {"faultcode": "Client", "faultstring": error.message, "debuginfo": None}

    def versions(self, call: Call) -> Any:
        """All versions from the first on stand in one list."""
        link = {"href": self.url("/v2"), "rel": "self"}
        known = [f"v2.{minor}" for minor in range(30)]
        return {
            "versions": [
                {"id": one, "status": "CURRENT" if one == known[-1] else "SUPPORTED", "links": [link]} for one in known
            ]
        }

    def providers(self, call: Call) -> Any:
        """Who can make load balancers."""
        return {"providers": [{"name": "amphora", "description": "The embedded cloud."}]}

    # -- the network service -----------------------------------------------------------------------------------------

    @property
    def neutron(self) -> neutron.Neutron:
        """Its ports carry the addresses."""
        return cast("neutron.Neutron", self.cloud.service("neutron"))

    def subnet(self, id: str) -> state.Document:
        """A subnet. Raises 400."""
        found = self.neutron.data.subnets.get(id)
        if found is None:
            raise errors.ApiError(400, f"Subnet {id} not found.")
        return found

    def drop_port(self, id: str) -> None:
        """Delete the port of an address, if it is still there."""
        with contextlib.suppress(errors.ApiError):
            self.neutron.delete_port(id)
