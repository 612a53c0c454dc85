"""OS::Heat::AutoScalingGroup: a group of any resources, whose size scaling policies change.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::AutoScalingGroup
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildResource, ChildStack, Issue, NotKnownYet, Values
from hearth.resources.heat import members, rolling, scaling_group
from hearth.resources.schema import Attribute, Property

_VERSION = "2015-04-30"
_MEMBER = "resource."
#: The parameter that stands for properties which are not known yet.
_UNKNOWN = "unknown"


@base.resource("OS::Heat::AutoScalingGroup", since="2014.1")
class AutoScalingGroup(scaling_group.ScalingGroup):
    """A group of any resources that scaling policies make larger and smaller.

    An update without a desired capacity keeps the size that policies gave the group.
    """

    max_size = Property(int, "The most members.", required=True, updatable=True, minimum=0)
    min_size = Property(int, "The fewest members.", required=True, updatable=True, minimum=0)
    cooldown = Property(int, "Seconds after a change of size in which no policy changes it again.", updatable=True)
    desired_capacity = Property(int, "Members to have now.", updatable=True)
    resource = Property(dict, "What each member is, as in a template.", required=True, updatable=True)
    rolling_updates = Property(
        dict,
        "How many members are changed at a time.",
        updatable=True,
        default={"min_in_service": 0, "max_batch_size": 1, "pause_time": 0},
        fields={
            "min_in_service": Property(int, "Members left alone meanwhile.", default=0, minimum=0),
            "max_batch_size": Property(int, "Members in a batch.", default=1, minimum=1),
            "pause_time": Property(float, "Seconds between batches.", default=0, minimum=0),
        },
    )

    attributes = {
        "outputs": Attribute(dict, "An attribute of the members by name.", since="2014.2"),
        "outputs_list": Attribute(list, "An attribute of the members, the oldest first.", since="2014.2"),
        "current_size": Attribute(int, "How many members there are.", since="2015.1"),
        "refs": Attribute(list, "Reference ids of the members.", since="7.0.0"),
        "refs_map": Attribute(dict, "Reference ids of the members by name.", since="7.0.0"),
    }
    scales = True

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The sizes must be in order."""
        yield from super().validate(properties)
        least, most, wanted = (properties.get(name) for name in ("min_size", "max_size", "desired_capacity"))
        if isinstance(least, int) and isinstance(most, int):
            if least > most:
                yield Issue(("min_size",), f"min_size {least} is greater than max_size {most}.", "Make it smaller.")
            elif isinstance(wanted, int) and not least <= wanted <= most:
                message = f"desired_capacity {wanted} is not between min_size {least} and max_size {most}."
                yield Issue(("desired_capacity",), message, "Choose one in between.")

    def wanted_members(self, properties: Values) -> int | None:
        """The desired capacity, or the least size."""
        sizes = [size for name in ("min_size", "desired_capacity") if isinstance(size := properties.get(name), int)]
        return max(sizes, default=None)

    def limits(self, call: Call) -> tuple[int, int]:
        """As the properties say."""
        least, most = call.properties["min_size"], call.properties["max_size"]
        if least is UNKNOWN or most is UNKNOWN:
            raise NotKnownYet(f"the size of {call.name} depends on other resources")
        return least, most

    def wanted_size(self, call: Call) -> int | None:
        """The desired capacity."""
        given = call.properties.get("desired_capacity")
        if given is UNKNOWN:
            raise NotKnownYet(f"the size of {call.name} depends on other resources")
        return given if isinstance(given, int) else None

    def cools_for(self, call: Call) -> float | None:
        """As the property says."""
        return call.properties.get("cooldown")

    def definition(self, call: Call) -> dict[str, Any]:
        """The member as given."""
        given = call.properties["resource"]
        if given is UNKNOWN or given.get("type") is UNKNOWN:
            raise NotKnownYet(f"the members of {call.name} depend on other resources")
        known: dict[str, Any] = _with_unknown(given)
        return known

    def policy(self, call: Call) -> rolling.Policy | None:
        """The property rolling_updates."""
        given = call.properties.get("rolling_updates")
        if not given or not is_known(given):
            return None
        return rolling.Policy(given["max_batch_size"], given.get("min_in_service", 0), given.get("pause_time", 0))

    def template(self, call: Call, several: Mapping[str, scaling_group.Definition]) -> dict[str, Any]:
        """A HOT template."""
        return {"heat_template_version": _VERSION, "resources": dict(several)}

    def child(self, call: Call) -> ChildStack:
        """See `ScalingGroup.child`. While a template is validated, what is not known yet stands as a parameter."""
        wanted = super().child(call)
        if is_known(call.properties["resource"]):
            return wanted
        template = {**wanted.template, "parameters": {_UNKNOWN: {"type": "json"}}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """Members are numbered by age; those that failed do not count."""
        name, *rest = path
        if call.child is None or name == "show":
            return None
        several = members.by_age(call.child)
        match str(name):
            case "current_size":
                return len(several)
            case "outputs":
                return await members.read(several, ["attributes", *rest])
            case "outputs_list":
                return await members.read(several, rest) if rest else None
            case "refs" | "refs_map":
                return await members.read(several, path)
            case text if text.startswith(_MEMBER):
                return await _of_number(several, text.removeprefix(_MEMBER), rest)
        return None


async def _of_number(several: Sequence[ChildResource], text: str, rest: Sequence[Any]) -> Any:
    number, _, attribute = text.partition(".")
    if not number.isdecimal() or int(number) >= len(several):
        return None
    return await nested.of_member(several[int(number)], [attribute, *rest] if attribute else rest)


def _with_unknown(tree: Any) -> Any:
    """The tree with a parameter in the place of what is not known yet."""
    if tree is UNKNOWN:
        return {"get_param": _UNKNOWN}
    if isinstance(tree, Mapping):
        return {key: _with_unknown(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_unknown(item) for item in tree]
    return tree
