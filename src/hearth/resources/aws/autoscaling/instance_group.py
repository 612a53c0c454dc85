"""OS::Heat::InstanceGroup: servers that are all as a launch configuration says, and what groups of such servers share.

Members are of the type `OS::Heat::ScaledResource`, which is `AWS::EC2::Instance` unless the environment says otherwise.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::InstanceGroup
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested, schema
from hearth.resources.aws.autoscaling import launch_configuration
from hearth.resources.aws.ec2 import tags
from hearth.resources.aws.elasticloadbalancing import terms as balancing
from hearth.resources.contract import (
    Call,
    ChildStack,
    Issue,
    Neighbour,
    Neighbours,
    NotKnownYet,
    Permanent,
    Reference,
)
from hearth.resources.heat import members, rolling, scaling_group
from hearth.resources.schema import Attribute, Property

MEMBER: Final = "OS::Heat::ScaledResource"
CONFIGURATION: Final = "LaunchConfigurationName"
BALANCERS: Final = "LoadBalancerNames"
#: What stands in the nested stack for each member and listener of a load balancer.
_BALANCED: Final = "OS::Octavia::PoolMember"
#: What members take from the launch configuration.
_TAKEN: Final = (
    "BlockDeviceMappings",
    "ImageId",
    "InstanceType",
    "KeyName",
    "NovaSchedulerHints",
    "SecurityGroups",
    "UserData",
)
#: The parameter that stands for properties which are not known yet.
_UNKNOWN: Final = "unknown"


def rolling_update() -> Property:
    """The section of the update policy."""
    return Property(
        dict,
        "How many members are changed at a time.",
        fields={
            "MaxBatchSize": Property(int, "Members in a batch.", default=1),
            "MinInstancesInService": Property(int, "Members left alone meanwhile.", default=0),
            "PauseTime": Property(str, "Time between batches, such as PT1M30S.", default="PT0S"),
        },
    )


class ServerGroup(scaling_group.ScalingGroup):
    """A group of servers that are as a launch configuration says."""

    section = "Resources"
    reads = {CONFIGURATION: launch_configuration.TYPE, BALANCERS: balancing.TYPE}
    #: The name of the section of the update policy.
    rolling_key: ClassVar[str]

    attributes = {"InstanceList": Attribute(str, "Addresses of the members, the oldest first, separated by commas.")}

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The load balancers, which may be given by their mere names."""
        given = me.properties.get(BALANCERS)
        return {one for one in given if isinstance(one, str) and one in others} if isinstance(given, list) else set()

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """The launch configuration and the load balancers are resources of the stack."""
        balancers = me.properties.get(BALANCERS)
        for at, one in enumerate(balancers if isinstance(balancers, list) else ()):
            name = one.resource if isinstance(one, Reference) else one
            fitting = isinstance(name, str) and name in others and others[name].type.type_name == balancing.TYPE
            if one is not UNKNOWN and not fitting:
                message = f"{name!r} is no {balancing.TYPE} of this stack."
                yield Issue((BALANCERS, at), message, "Refer to one with Ref or get_resource.")
        given = me.properties.get(CONFIGURATION)
        if given is None or given is UNKNOWN:
            return
        named = others.get(given.resource) if isinstance(given, Reference) else None
        if named is None or named.type.type_name != launch_configuration.TYPE:
            shown = given.resource if isinstance(given, Reference) else given
            message = f"{shown!r} is no {launch_configuration.TYPE} of this stack."
            yield Issue((CONFIGURATION,), message, "Refer to one with Ref or get_resource.")

    def definition(self, call: Call) -> dict[str, Any]:
        """A server as the configuration says, with the tags of the group."""
        told = call.referred.get(CONFIGURATION)
        if told is None:
            if call.properties.get(CONFIGURATION) is UNKNOWN:
                raise NotKnownYet(f"the members of {call.name} depend on other resources")
            raise Permanent(
                f"no launch configuration of the stack has the reference {call.properties.get(CONFIGURATION)!r}: "
                "refer to one with Ref or get_resource",
                "EntityNotFound",
            )
        if "InstanceId" in told:  # what is taken from a server is not known before that is looked at
            told = {"ImageId": UNKNOWN, "InstanceType": UNKNOWN, **told}
        properties = {key: told[key] for key in _TAKEN if told.get(key) is not None}
        if (subnet := self.subnet(call)) is not None:
            properties["SubnetId"] = subnet
        properties["Tags"] = [*tags.as_list(self.own_tags(call)), *(call.properties.get("Tags") or ())]
        member = {"Type": MEMBER, "Properties": _with_unknown(properties)}
        metadata = told.get(launch_configuration.METADATA)
        return member | ({"Metadata": metadata} if metadata else {})

    def subnet(self, call: Call) -> Any:
        """The subnet of the members; None where they are in the only network there is."""
        return None

    def own_tags(self, call: Call) -> dict[str, str]:
        """By which metrics of the members are found."""
        return {"metering.groupname": call.physical_name}

    def policy(self, call: Call) -> rolling.Policy | None:
        """As the update policy says."""
        given = call.update_policy.get(self.rolling_key)
        if given is None:
            return None
        try:
            pause = rolling.seconds_of(given["PauseTime"])
        except ValueError as error:
            raise Permanent(f"{self.rolling_key}.PauseTime: {error}", "ValueError") from error
        return rolling.Policy(max(1, given["MaxBatchSize"]), max(0, given["MinInstancesInService"]), pause)

    def template(self, call: Call, several: Mapping[str, scaling_group.Definition]) -> dict[str, Any]:
        """A CloudFormation template: the members, and what makes them members of load balancers."""
        resources = dict(several)
        for balancer, told in self._balancers(call).items():
            for place in balancing.places(told):
                for name in several:
                    resources[f"{name}-{balancer}-{place.listener}"] = _balanced(name, place, self.subnet(call))
        return {"HeatTemplateFormatVersion": "2012-12-12", "Resources": resources}

    @staticmethod
    def _balancers(call: Call) -> dict[str, Mapping[str, Any]]:
        """What the load balancers tell, by their names."""
        names = call.properties.get(BALANCERS, [])
        told: list[Mapping[str, Any]] = call.referred.get(BALANCERS, [])
        if not is_known(names):
            raise NotKnownYet(f"the load balancers of {call.name} depend on other resources")
        if len(told) != len(names):
            raise Permanent(f"not all of {', '.join(names)} are load balancers of the stack", "EntityNotFound")
        return dict(zip(names, told, strict=True))

    def members_of(self, template: Mapping[str, Any]) -> dict[str, scaling_group.Definition]:
        """The servers."""
        return {name: one for name, one in super().members_of(template).items() if one["Type"] != _BALANCED}

    def child(self, call: Call) -> ChildStack:
        """See `ScalingGroup.child`. While a template is validated, what is not known yet stands as a parameter."""
        wanted = super().child(call)
        if not _uses_unknown(wanted.template):
            return wanted
        template = {**wanted.template, "Parameters": {_UNKNOWN: {"Type": "Json"}}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """The addresses; single members as all nested stacks show them."""
        if path[0] != "InstanceList":
            return await super().attribute_path(call, path)
        servers = self.members_of(call.child.template) if call.child is not None else {}
        several = [one for one in members.by_age(call.child) if one.name in servers] if call.child is not None else []
        found = [await nested.of_member(one, ["PublicIp"]) for one in several]
        return ",".join(str(one or "0.0.0.0") for one in found)


def tags_property() -> Property:
    """Tags of the members."""
    return tags.tags_property()


def balancers_property() -> Property:
    """Load balancers."""
    return Property(list, "Load balancers of the stack whose members the servers are.", name=BALANCERS)


def _balanced(server: str, place: balancing.Place, subnet: Any) -> scaling_group.Definition:
    """What makes a server a member of a pool: it goes before the server does."""
    properties = {
        "pool": place.pool,
        "address": {"Fn::GetAtt": [server, "PrivateIp"]},
        "protocol_port": place.port,
        **({"subnet": subnet} if subnet is not None else {}),
        **({"monitor_port": place.monitor_port} if place.monitor_port not in (None, place.port) else {}),
    }
    return {"Type": _BALANCED, "Properties": _with_unknown(properties)}


def _uses_unknown(tree: Any) -> bool:
    if isinstance(tree, Mapping):
        return tree == {"Ref": _UNKNOWN} or any(map(_uses_unknown, tree.values()))
    return isinstance(tree, list) and any(map(_uses_unknown, tree))


def _with_unknown(tree: Any) -> Any:
    """The tree with a parameter in the place of what is not known yet."""
    if tree is UNKNOWN:
        return {"Ref": _UNKNOWN}
    if isinstance(tree, Mapping):
        return {key: _with_unknown(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_unknown(item) for item in tree]
    return tree


@base.resource("OS::Heat::InstanceGroup", support=((schema.SUPPORTED, None),))
class InstanceGroup(ServerGroup):
    """A group of as many servers as the template says."""

    rolling_key = "RollingUpdate"
    update_policy = {"RollingUpdate": rolling_update()}

    zones = Property(list, "Takes no effect.", name="AvailabilityZones", required=True)
    configuration = Property(
        str, "The launch configuration, given with Ref.", name=CONFIGURATION, required=True, updatable=True
    )
    size = Property(int, "Number of members.", name="Size", required=True, updatable=True)
    balancers = balancers_property()
    tags = tags_property()

    def wanted_members(self, properties: Mapping[str, Any]) -> int | None:
        """The size."""
        size = properties.get("Size")
        return size if isinstance(size, int) else None

    def limits(self, call: Call) -> tuple[int, int]:
        """There is one size."""
        size = self.wanted_size(call) or 0
        return size, size

    def wanted_size(self, call: Call) -> int | None:
        """As given."""
        size = call.properties["Size"]
        if size is UNKNOWN:
            raise NotKnownYet(f"the size of {call.name} depends on other resources")
        return int(size)
