"""OS::Heat::ScalingPolicy: changes the size of a group each time it is signalled.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::ScalingPolicy
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Adjustment, Call, Change, Issue, Observed, Permanent, Values
from hearth.resources.heat import signed_url, stack_user
from hearth.resources.schema import Attribute, Property

_PERCENT = "percent_change_in_capacity"
#: The key of private data with the signed address.
URL = "url"


class Policy(stack_user.WithUser):
    """What policies of both kinds share: a user who may signal, where a domain for such users is configured."""

    takes_signals = True

    async def create(self, call: Call) -> str | None:
        """Sign the address for alarms, if there is a service that takes them."""
        if call.users is None or not call.cloud.has_service(signed_url.SERVICE):
            return call.physical_name
        user = await self.make_user(call)
        call.data[URL] = await signed_url.create(call, signed_url.Kind.SIGNAL)
        return user.id

    def adjustment(self, call: Call) -> Adjustment:
        """The change that a signal means."""
        raise NotImplementedError

    def group(self, call: Call) -> str:
        """The reference of the group."""
        raise NotImplementedError

    async def update(self, call: Call, change: Change) -> str | None:
        """The next signal goes by the new properties."""
        return None

    async def signal(self, call: Call, details: Any) -> str:
        """Change the size of the group, unless the signal tells that all is well."""
        if state_of(details) == "alarm":
            if call.groups is None:
                raise Permanent("signals cannot be taken here", "Error")
            await call.groups.adjust(self.group(call), self.adjustment(call))
        return ""


def state_of(details: Any) -> str:
    """The state an alarm tells of; without one it is an alarm."""
    if not isinstance(details, Mapping):
        return "alarm"
    return str(details.get("current", details.get("state", "alarm"))).lower()


@base.resource("OS::Heat::ScalingPolicy")
class ScalingPolicy(Policy):
    """How a signal changes the size of a group.

    Signals are sent by users of the stack's project through the API, or by whoever has the address for alarms.
    """

    auto_scaling_group_id = Property(str, "The group.", required=True)
    scaling_adjustment = Property(float, "By how much, or to what.", required=True, updatable=True)
    adjustment_type = Property(
        str,
        "What the number means.",
        required=True,
        updatable=True,
        allowed=("change_in_capacity", "exact_capacity", _PERCENT),
    )
    cooldown = Property(float, "Seconds after a change in which no other is made.", updatable=True)
    min_adjustment_step = Property(int, "The fewest members that a percentage means.", updatable=True, minimum=0)

    attributes = {
        "alarm_url": Attribute(str, "An address that alarms are posted to without a token.", cached=False),
        "signal_url": Attribute(str, "The address that signals are posted to with a token.", since="5.0.0"),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A least step is for percentages."""
        yield from super().validate(properties)
        if "min_adjustment_step" in properties and properties.get("adjustment_type") in (
            "change_in_capacity",
            "exact_capacity",
        ):
            yield Issue(("min_adjustment_step",), f"min_adjustment_step is for {_PERCENT} only.", "Leave it out.")

    def group(self, call: Call) -> str:
        """As the property says."""
        return str(call.properties["auto_scaling_group_id"])

    def adjustment(self, call: Call) -> Adjustment:
        """As the properties say."""
        given = call.properties
        return Adjustment(
            given["adjustment_type"],
            given["scaling_adjustment"],
            given.get("min_adjustment_step"),
            given.get("cooldown"),
        )

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The addresses for signals."""
        if name == "alarm_url":
            return call.data.get(URL)
        return stack_user.signal_url(call, call.stack.project_id) if name == "signal_url" else None
