"""AWS::AutoScaling::ScalingPolicy: changes the size of a group each time its address is posted to.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-autoscaling-scalingpolicy.html
"""

from collections.abc import Iterable
from typing import Any, Final

from hearth.resources import base
from hearth.resources.contract import Adjustment, Call, Issue, Observed, Values
from hearth.resources.heat import scaling_policy
from hearth.resources.schema import Attribute, Property

_PERCENT = "PercentChangeInCapacity"
_KINDS: Final = {
    "ChangeInCapacity": "change_in_capacity",
    "ExactCapacity": "exact_capacity",
    _PERCENT: "percent_change_in_capacity",
}


@base.resource("AWS::AutoScaling::ScalingPolicy")
class ScalingPolicy(scaling_policy.Policy):
    """How a signal changes the size of a group.

    It stands for the address that alarms are posted to.
    """

    group_name = Property(str, "The group, given with Ref.", name="AutoScalingGroupName", required=True)
    amount = Property(int, "By how much, or to what.", name="ScalingAdjustment", required=True, updatable=True)
    kind = Property(
        str, "What the number means.", name="AdjustmentType", required=True, updatable=True, allowed=tuple(_KINDS)
    )
    cooldown = Property(int, "Seconds after a change in which no other is made.", name="Cooldown", updatable=True)
    step = Property(
        int, "The fewest members that a percentage means.", name="MinAdjustmentStep", updatable=True, minimum=0
    )

    attributes = {"AlarmUrl": Attribute(str, "An address that alarms are posted to without a token.", cached=False)}

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A least step is for percentages."""
        yield from super().validate(properties)
        if "MinAdjustmentStep" in properties and properties.get("AdjustmentType") in tuple(_KINDS)[:2]:
            yield Issue(("MinAdjustmentStep",), f"MinAdjustmentStep is for {_PERCENT} only.", "Leave it out.")

    def group(self, call: Call) -> str:
        """As the property says."""
        return str(call.properties["AutoScalingGroupName"])

    def adjustment(self, call: Call) -> Adjustment:
        """As the properties say."""
        given = call.properties
        return Adjustment(
            _KINDS[given["AdjustmentType"]],
            given["ScalingAdjustment"],
            given.get("MinAdjustmentStep"),
            given.get("Cooldown"),
        )

    def reference(self, call: Call) -> Any:
        """The address; without one the name made for it."""
        return call.data.get(scaling_policy.URL) or call.physical_name

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The address."""
        return call.data.get(scaling_policy.URL) if name == "AlarmUrl" else None
