"""AWS::ElasticLoadBalancing::LoadBalancer: an address behind which servers share the work, made by Octavia.

One request makes it with all that belongs to it, one takes it all away. For each listener there is a pool with the
servers that the template lists, each under the id of its server as its name. Members without a name belong to others:
groups of servers bring an OS::Octavia::PoolMember for each of theirs, at the `places` that are told to them.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-elasticloadbalancing-loadbalancer.html
Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#creating-a-fully-populated-load-balancer
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.aws.elasticloadbalancing import terms
from hearth.resources.contract import (
    Call,
    Change,
    Gone,
    Issue,
    Neighbour,
    Neighbours,
    Observed,
    Permanent,
    Values,
    Wait,
)
from hearth.resources.neutron import network_resource, topology
from hearth.resources.octavia import balancing
from hearth.resources.remote import remember_request
from hearth.resources.schema import Attribute, Property


@base.resource(terms.TYPE)
class LoadBalancer(balancing.Balanced):
    """A load balancer, with a pool of servers for each of its listeners.

    Of Octavia. Its address is in the subnet given, else in that of its first server, else in the only network there is.
    """

    remote = balancing.collection(
        "loadbalancer", marker="description", further=frozenset({Action.SUSPEND, Action.RESUME})
    )
    named_for_good = True

    app_cookie = Property(str, "How clients stay with a server.", name="AppCookieStickinessPolicy", implemented=False)
    zones = Property(list, "Takes no effect.", name="AvailabilityZones", required=True, wire=None, live=None)
    health = Property(
        dict,
        "How servers are asked whether they are well.",
        name="HealthCheck",
        wire=None,
        live=terms.seen_check,
        fields={
            "HealthyThreshold": Property(int, "Right answers until a server counts as well.", required=True),
            "Interval": Property(int, "Seconds between two questions.", required=True),
            "Target": Property(str, "What is asked: protocol, port and path, as HTTP:80/health.", required=True),
            "Timeout": Property(int, "Seconds to wait for an answer.", required=True),
            "UnhealthyThreshold": Property(int, "Wrong answers until it does not.", required=True),
        },
    )
    instances = Property(
        list, "Servers that share the work.", name="Instances", updatable=True, wire=None, live=terms.seen_instances
    )
    cookie = Property(str, "How clients stay with a server.", name="LBCookieStickinessPolicy", implemented=False)
    listeners = Property(
        list,
        "Ports at which requests are taken.",
        name="Listeners",
        required=True,
        wire=None,
        live=terms.seen_listeners,
        items=Property(
            dict,
            fields={
                "InstancePort": Property(int, "Port of the servers.", required=True),
                "LoadBalancerPort": Property(int, "Port of the load balancer.", required=True),
                "PolicyNames": Property(list, "Policies.", implemented=False),
                "Protocol": Property(str, "What is spoken.", required=True, allowed=("TCP", "HTTP")),
                "SSLCertificateId": Property(str, "Certificate.", implemented=False),
            },
        ),
    )
    groups = Property(
        list,
        "Security groups of its address.",
        name="SecurityGroups",
        updatable=True,
        translates="neutron.security_group",
        wire="vip_sg_ids",
        cleared=[],
    )
    subnets = Property(
        list,
        "The subnet of its address, as a list of one.",
        name="Subnets",
        translates="neutron.subnet",
        wire=None,
        live=lambda call, observed: [observed["vip_subnet_id"]],
    )

    attributes = {
        "CanonicalHostedZoneName": Attribute(str, "Its address.", source="vip_address"),
        "CanonicalHostedZoneNameID": Attribute(str, "Nothing.", source=lambda observed: ""),
        "DNSName": Attribute(str, "Its address.", source="vip_address"),
        "SourceSecurityGroup.GroupName": Attribute(str, "Nothing.", source=lambda observed: ""),
        "SourceSecurityGroup.OwnerAlias": Attribute(str, "Nothing.", source=lambda observed: ""),
    }

    # ---- what may be asked for ----

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Ports are ports and used once, the health check can be made, there is one subnet."""
        yield from super().validate(properties)
        listeners, check, subnets = (properties.get(name) for name in ("Listeners", "HealthCheck", "Subnets"))
        if isinstance(listeners, list):
            yield from terms.listener_issues(listeners)
        if isinstance(check, Mapping):
            yield from terms.check_issues(check)
        if isinstance(subnets, list) and len(subnets) != 1:
            message = f"The address of a load balancer is in one subnet, not {len(subnets)}."
            yield Issue(("Subnets",), message, "Give a list of one subnet.")

    def wishes(self, me: Neighbour, others: Neighbours) -> set[str]:
        """Where no subnet is given, it is found among those there are."""
        if "Subnets" in me.properties:
            return set()
        return {one.name for one in topology.of_type(others, "OS::Neutron::Subnet", "AWS::EC2::Subnet")}

    # ---- verbs ----

    def reference(self, call: Call) -> Any:
        """The name in the template."""
        return call.name

    def told(self, call: Call) -> Values:
        """What it listens to, and the pools."""
        return {**call.properties, terms.POOLS: call.data.get(terms.POOLS, "{}")}

    def body(self, call: Call) -> dict[str, Any]:
        """The load balancer itself."""
        return {"name": call.physical_name, **super().body(call)}

    async def create(self, call: Call) -> str | None:
        """Make it with all that belongs to it."""
        connected = await _connected(call)
        body = self.mark(self.body(call), call) | {
            "vip_subnet_id": await _subnet(call, connected),
            "listeners": [self._listener(call, one, connected) for one in call.properties["Listeners"]],
        }
        answer = await self.request(call, "POST", self.collection(call), self.enveloped(body), creating=True)
        call.physical_id = str(self.unwrapped(answer)["id"])
        remember_request(call, answer)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Make the members those of the properties, then change what is the load balancer's own.

        A repeat, as after each refusal while it is in the midst of a change, does only what is left to do.
        """
        if "Instances" in change.properties:
            await self._balance(call)
        return await super().update(call, change)

    async def delete(self, call: Call) -> None:
        """Take it away with all that belongs to it."""
        answer = await self.request(call, "DELETE", self.path(call), params={"cascade": "true"})
        remember_request(call, answer)

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Note the pools of a new one, so that groups of servers can be told."""
        wait = await super().settle(call, observed)
        if wait is None and observed is not None and terms.POOLS not in call.data:
            inside = await self._inside(call, observed)
            call.data[terms.POOLS] = json.dumps({str(one["protocol_port"]): one["pool"] for one in inside})
        return wait

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """With what belongs to it."""
        return {**observed, "inside": await self._inside(call, observed)}

    async def suspend(self, call: Call) -> None:
        """Take no connections."""
        await self._switch(call, False)

    async def resume(self, call: Call) -> None:
        """Take connections again."""
        await self._switch(call, True)

    # ---- what belongs to it ----

    async def _switch(self, call: Call, on: bool) -> None:
        await self.request(call, "PUT", self.path(call), self.enveloped({"admin_state_up": on}))

    def _listener(self, call: Call, given: Mapping[str, Any], connected: Mapping[str, Any]) -> dict[str, Any]:
        """A listener with its pool."""
        name, check = f"{call.physical_name}-{given['LoadBalancerPort']}", call.properties.get("HealthCheck")
        pool = {
            "name": name,  # Octavia wants one here, and each only once
            "protocol": given["Protocol"],
            "lb_algorithm": "ROUND_ROBIN",
            "members": list(terms.members(call, given["InstancePort"], connected)),
            **({"healthmonitor": terms.monitor(check)} if check else {}),
        }
        return {
            "name": name,
            "protocol": given["Protocol"],
            "protocol_port": given["LoadBalancerPort"],
            "default_pool": pool,
        }

    async def _balance(self, call: Call) -> None:
        """Make the members with names those of the properties, pool by pool."""
        observed = await self.observe(call)
        assert observed is not None
        connected = await _connected(call, observed["vip_subnet_id"])
        ports = {one["LoadBalancerPort"]: one["InstancePort"] for one in call.properties["Listeners"]}
        for one in await self._inside(call, observed):
            if one["pool"] is None or one["protocol_port"] not in ports:
                continue
            path = f"/v2/lbaas/pools/{one['pool']}/members"
            wanted = {member["name"]: member for member in terms.members(call, ports[one["protocol_port"]], connected)}
            present = {member["name"]: member for member in one["members"] if member["name"]}
            stay = {name for name in wanted.keys() & present.keys() if terms.is_same(wanted[name], present[name])}
            for name in sorted(present.keys() - stay):
                with contextlib.suppress(Gone):
                    await self.request(call, "DELETE", f"{path}/{present[name]['id']}")
            if missing := [wanted[name] for name in wanted if name not in stay]:
                await self.request(call, "PUT", path, {"members": missing}, params={"additive_only": "true"})

    async def _inside(self, call: Call, observed: Observed) -> list[dict[str, Any]]:
        """Its listeners, each with its `pool`, the `members` and the `monitor` of that."""
        found = []
        for listed in observed["listeners"]:
            listener = await self._shown(call, "listeners", "listener", listed["id"])
            inside = {**listener, "pool": listener["default_pool_id"], "members": [], "monitor": None}
            if inside["pool"]:
                pool = await self._shown(call, "pools", "pool", inside["pool"])
                answer = await self.request(call, "GET", f"/v2/lbaas/pools/{pool['id']}/members")
                inside["members"] = answer.body["members"]
                if pool["healthmonitor_id"]:
                    monitor = await self._shown(call, "healthmonitors", "healthmonitor", pool["healthmonitor_id"])
                    inside["monitor"] = monitor
            found.append(inside)
        return found

    async def _shown(self, call: Call, plural: str, singular: str, its_id: str) -> dict[str, Any]:
        answer = await self.request(call, "GET", f"/v2/lbaas/{plural}/{its_id}")
        shown: dict[str, Any] = answer.body[singular]
        return shown


async def _connected(call: Call, subnet: str | None = None) -> dict[str, Mapping[str, Any]]:
    """The servers, each with the address it is reached at: in the subnet if it has one there. Raises Permanent."""
    found: dict[str, Mapping[str, Any]] = {}
    subnet = subnet or next(iter(call.properties.get("Subnets") or ()), None)
    for server in call.properties.get("Instances") or ():
        ports = await network_resource.listing(call, "/v2.0/ports", "ports", device_id=server)
        ports.sort(key=lambda one: (one.get("created_at") or "", one["id"]))
        addresses = [address for port in ports for address in port["fixed_ips"]]
        if not addresses:
            raise Permanent(f"server {server} has no address, so no load balancer can reach it", kind="NotFound")
        found[server] = min(addresses, key=lambda one: one["subnet_id"] != subnet)
        subnet = subnet or found[server]["subnet_id"]
    return found


async def _subnet(call: Call, connected: Mapping[str, Mapping[str, Any]]) -> str:
    """Where its address is to be. Raises Permanent."""
    if given := call.properties.get("Subnets"):
        return str(given[0])
    if connected:
        return str(next(iter(connected.values()))["subnet_id"])
    project = call.stack.project_id
    several = [
        one
        for one in await network_resource.listing(call, "/v2.0/networks", "networks")
        if one["subnets"] and not one.get("router:external") and (one["shared"] or one["project_id"] == project)
    ]
    if len(several) != 1:
        raise Permanent(
            f"the project has {len(several)} networks that the load balancer could be in: give its Subnets a subnet",
            kind="NotFound",
        )
    found = await network_resource.listing(call, "/v2.0/subnets", "subnets", network_id=several[0]["id"])
    return str(min(found, key=lambda one: (one["ip_version"], one.get("created_at") or "", one["id"]))["id"])
