"""OS::Heat::ResourceChain: one resource of each of some types, all with the same properties, one after the other.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::ResourceChain
"""

from collections.abc import Sequence
from typing import Any

from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildStack, NotKnownYet, Values
from hearth.resources.heat import members
from hearth.resources.schema import Attribute, Property

_VERSION = "2015-04-30"
#: The parameter that stands for properties which are not known yet.
_UNKNOWN = "unknown"


@base.resource("OS::Heat::ResourceChain", since="6.0.0")
class ResourceChain(nested.NestedStack):
    """Resources of listed types, one after the other, with the same properties.

    Members are named "0", "1", ... in the order of the list.
    """

    resources = Property(
        list, "Types of the members, in the order in which they are made.", required=True, updatable=True
    )
    concurrent = Property(bool, "Whether the members are made side by side.", default=False)
    resource_properties = Property(dict, "Properties of each member.")

    attributes = {
        "refs": Attribute(list, "Reference ids of the members."),
        "attributes": Attribute(dict, "An attribute of the members by name."),
    }
    # Any other name is an attribute of the members: the list of its values.
    dynamic_attributes = True

    def wanted_members(self, properties: Values) -> int | None:
        """One of each type."""
        types = properties.get("resources")
        return len(types) if isinstance(types, list) else None

    def child(self, call: Call) -> ChildStack:
        """A template with the members, each in need of the one before it."""
        given = call.properties
        types = given["resources"]
        if not is_known(types):
            raise NotKnownYet(f"the members of {call.name} depend on other resources")
        properties = {
            key: value for key, value in (given.get("resource_properties") or {}).items() if value is not None
        }
        known = is_known(properties)
        wanted = {key: value if is_known(value) else {"get_param": _UNKNOWN} for key, value in properties.items()}
        resources: dict[str, Any] = {}
        for number, kind in enumerate(types):
            member: dict[str, Any] = {"type": kind}
            if wanted:
                member["properties"] = wanted
            if number and not given["concurrent"]:
                member["depends_on"] = [str(number - 1)]
            resources[str(number)] = member
        template: dict[str, Any] = {"heat_template_version": _VERSION, "resources": resources}
        if known:
            return ChildStack(template, source=call.name)
        # While a template is validated: what is not known yet stands as a parameter without a value.
        template["parameters"] = {_UNKNOWN: {"type": "json"}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """See the table of attributes; other names are asked of each member."""
        name = str(path[0])
        if name.startswith("resource."):
            return await super().attribute_path(call, path)
        if call.child is None or name == "show":
            return None
        return await members.read(members.numbered(call.child), path)
