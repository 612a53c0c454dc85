"""AWS::AutoScaling::AutoScalingGroup: servers whose number scaling policies change.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-autoscaling-autoscalinggroup.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.aws.autoscaling import instance_group
from hearth.resources.contract import Call, Issue, NotKnownYet, Values
from hearth.resources.schema import Property


@base.resource("AWS::AutoScaling::AutoScalingGroup", since="2014.1")
class AutoScalingGroup(instance_group.ServerGroup):
    """A group of servers that scaling policies make larger and smaller.

    An update without a desired capacity keeps the size that policies gave the group.
    """

    rolling_key = "AutoScalingRollingUpdate"
    update_policy = {"AutoScalingRollingUpdate": instance_group.rolling_update()}
    scales = True

    zones = Property(list, "Takes no effect.", name="AvailabilityZones", required=True)
    configuration = Property(
        str, "The launch configuration, given with Ref.", name=instance_group.CONFIGURATION, updatable=True
    )
    server = Property(str, "Refused: give it to a launch configuration.", name="InstanceId", constraint="nova.server")
    most = Property(int, "The most members.", name="MaxSize", required=True, updatable=True)
    least = Property(int, "The fewest members.", name="MinSize", required=True, updatable=True)
    cooldown = Property(
        int, "Seconds after a change of size in which no policy changes it again.", name="Cooldown", updatable=True
    )
    desired = Property(int, "Members to have now.", name="DesiredCapacity", updatable=True)
    grace = Property(int, "Seconds before health counts.", name="HealthCheckGracePeriod", implemented=False)
    health = Property(str, "Who looks after health.", name="HealthCheckType", allowed=("EC2", "ELB"), implemented=False)
    balancers = instance_group.balancers_property()
    subnets = Property(
        list, "The subnet of the members, as a list of one.", name="VPCZoneIdentifier", items=Property(str)
    )
    tags = instance_group.tags_property()

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The sizes must be in order, the configuration given, the subnet one."""
        yield from super().validate(properties)
        if "InstanceId" in properties:
            message = "A group cannot take its launch configuration from a server."
            yield Issue(("InstanceId",), message, "Give the server to an AWS::AutoScaling::LaunchConfiguration.")
        elif instance_group.CONFIGURATION not in properties:
            message = f"The group has no {instance_group.CONFIGURATION}."
            yield Issue((), message, "Refer to a launch configuration with Ref.", "PropertyUnspecifiedError")
        least, most, wanted = (properties.get(name) for name in ("MinSize", "MaxSize", "DesiredCapacity"))
        if isinstance(least, int) and isinstance(most, int):
            if least < 0 or most < 0:
                yield Issue(("MinSize",), "The size of a group is 0 or more.", "Make it larger.")
            elif least > most:
                yield Issue(("MinSize",), f"MinSize {least} is greater than MaxSize {most}.", "Make it smaller.")
            elif isinstance(wanted, int) and not least <= wanted <= most:
                message = f"DesiredCapacity {wanted} is not between MinSize {least} and MaxSize {most}."
                yield Issue(("DesiredCapacity",), message, "Choose one in between.")
        subnets = properties.get("VPCZoneIdentifier")
        if isinstance(subnets, list) and len(subnets) != 1:
            message = f"The members have one subnet, not {len(subnets)}."
            yield Issue(("VPCZoneIdentifier",), message, "Give a list of one subnet.")

    def wanted_members(self, properties: Mapping[str, Any]) -> int | None:
        """The desired capacity, or the least size."""
        sizes = [size for name in ("MinSize", "DesiredCapacity") if isinstance(size := properties.get(name), int)]
        return max(sizes, default=None)

    def limits(self, call: Call) -> tuple[int, int]:
        """As the properties say."""
        least, most = call.properties["MinSize"], call.properties["MaxSize"]
        if UNKNOWN in (least, most):
            raise NotKnownYet(f"the size of {call.name} depends on other resources")
        return least, most

    def wanted_size(self, call: Call) -> int | None:
        """The desired capacity."""
        given = call.properties.get("DesiredCapacity")
        if given is UNKNOWN:
            raise NotKnownYet(f"the size of {call.name} depends on other resources")
        return given if isinstance(given, int) else None

    def cools_for(self, call: Call) -> float | None:
        """As the property says."""
        return call.properties.get("Cooldown")

    def subnet(self, call: Call) -> Any:
        """As the property says."""
        subnets = call.properties.get("VPCZoneIdentifier")
        return subnets[0] if isinstance(subnets, list) else subnets

    def own_tags(self, call: Call) -> dict[str, str]:
        """Also under the name of Amazon's."""
        return {**super().own_tags(call), "metering.AutoScalingGroupName": call.physical_name}
