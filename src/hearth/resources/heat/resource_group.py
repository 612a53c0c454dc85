"""OS::Heat::ResourceGroup: a number of resources made from one definition.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::ResourceGroup
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildResource, ChildStack, ChildView, NotKnownYet
from hearth.resources.schema import Attribute, Property

_VERSION = "2015-04-30"
#: The output of the group's own template that keeps the names which are never used again.
_REMOVED = "removed_rsrc_list"
#: The parameter that stands for everything that is not known yet.
_UNKNOWN = "unknown"


@base.resource("OS::Heat::ResourceGroup", since="2014.1")
class ResourceGroup(nested.NestedStack):
    """Members are named "0", "1", ...; names that removal policies took out are not used again."""

    count = Property(int, "Number of members.", default=1, updatable=True, minimum=0)
    index_var = Property(
        str,
        "Text that stands for the member's name in its properties.",
        default="%index%",
        length=(3, None),
        since="2014.2",
    )
    resource_def = Property(
        dict,
        "What each member is.",
        required=True,
        updatable=True,
        fields={
            "type": Property(str, "Type of the members.", required=True),
            "properties": Property(dict, "Properties of the members."),
            "metadata": Property(dict, "Metadata of the members.", since="5.0.0"),
        },
    )
    removal_policies = Property(
        list,
        "Members to remove.",
        default=[],
        updatable=True,
        since="2015.1",
        items=Property(
            dict, fields={"resource_list": Property(list, "Their names, indexes or reference ids.", default=[])}
        ),
    )
    removal_policies_mode = Property(
        str,
        "Whether the list adds to what was removed before, or takes its place.",
        default="append",
        updatable=True,
        allowed=("append", "update"),
        since="10.0.0",
    )

    update_policy = {
        "batch_create": Property(
            dict,
            "How many members are made at a time.",
            since="5.0.0",
            fields={
                "max_batch_size": Property(int, "Members in a batch.", default=1, minimum=1),
                "pause_time": Property(float, "Seconds between batches.", default=0, minimum=0),
            },
        ),
        "rolling_update": Property(
            dict,
            "How many members are changed at a time.",
            since="5.0.0",
            fields={
                "min_in_service": Property(int, "Members left alone meanwhile.", default=0, minimum=0),
                "max_batch_size": Property(int, "Members in a batch.", default=1, minimum=1),
                "pause_time": Property(float, "Seconds between batches.", default=0, minimum=0),
            },
        ),
    }

    attributes = {
        "refs": Attribute(list, "Reference ids of the members."),
        "refs_map": Attribute(dict, "Reference ids of the members by name.", since="7.0.0"),
        "attributes": Attribute(dict, "An attribute of the members by name.", since="2014.2"),
        _REMOVED: Attribute(list, "Names that are never used again.", since="7.0.0"),
    }
    # Any other name is an attribute of the members: the list of its values.
    dynamic_attributes = True

    def child(self, call: Call) -> ChildStack:
        """A template with the members."""
        given = call.properties
        definition = given["resource_def"]
        shape = {key: value for key, value in given.items() if key != "resource_def"}
        if not is_known(shape) or definition is UNKNOWN or definition["type"] is UNKNOWN:
            raise NotKnownYet(f"the members of {call.name} depend on other resources")
        removed = _removed(given, call.child)
        members = itertools.islice(_names(removed), given["count"])
        template = {
            "heat_template_version": _VERSION,
            "resources": {name: _member(given, name) for name in members},
            "outputs": {_REMOVED: {"value": removed}},
        }
        if is_known(definition):
            return ChildStack(template, source=call.name)
        # While a template is validated: what is not known yet stands as a parameter without a value.
        template["parameters"] = {_UNKNOWN: {"type": "json"}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """See the table of attributes; other names are asked of each member."""
        name, *rest = path
        if str(name).startswith("resource."):
            return await super().attribute_path(call, path)
        if call.child is None or name == "show":
            return None
        if name == _REMOVED:
            return _removed_before(call.child)
        members = _members(call.child)
        if name == "refs":
            return nested.walk([one.reference() for one in members], rest)
        if name == "refs_map":
            return nested.walk({one.name: one.reference() for one in members}, rest)
        if name == "attributes":
            return {one.name: await one.attribute(rest) for one in members} if rest else None
        return [await one.attribute(path) for one in members]


def _names(removed: Sequence[str]) -> Iterator[str]:
    return (name for name in map(str, itertools.count()) if name not in removed)


def _member(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    definition = given["resource_def"]
    member = {"type": definition["type"]}
    properties = _replaced(definition.get("properties", {}), given["index_var"], name)
    if properties:
        member["properties"] = {key: value for key, value in properties.items() if value is not None}
    if "metadata" in definition:
        member["metadata"] = _replaced(definition["metadata"], None, name)
    return member


def _replaced(tree: Any, variable: str | None, name: str) -> Any:
    """The tree with the member's name in the place of the variable, in keys too."""
    if tree is UNKNOWN:
        return {"get_param": _UNKNOWN}
    if isinstance(tree, str):
        return tree.replace(variable, name) if variable is not None else tree
    if isinstance(tree, Mapping):
        return {_replaced(key, variable, name): _replaced(value, variable, name) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_replaced(item, variable, name) for item in tree]
    return tree


def _members(child: ChildView) -> list[ChildResource]:
    """The members by rising index."""
    return sorted(child.resources.values(), key=lambda one: (len(one.name), one.name))


def _removed_before(child: ChildView | None) -> list[str]:
    return list(child.output(_REMOVED) or ()) if child is not None and _REMOVED in child.output_names else []


def _removed(given: Mapping[str, Any], child: ChildView | None) -> list[str]:
    """Names that are not to be used: those removed before, in mode append, and those that the policies name now."""
    before = _removed_before(child)
    wanted = {str(one) for policy in given["removal_policies"] for one in policy["resource_list"]}
    # A name that was removed before stays removed while the policies name it; it cannot be found among the members.
    known = {name: name for name in before}
    if child is not None:
        known.update((str(one.reference()), one.name) for one in child.resources.values())
        known.update((name, name) for name in child.resources)
    chosen = {known[one] for one in wanted if one in known}
    if given["removal_policies_mode"] == "append":
        chosen.update(before)
    return sorted(chosen, key=lambda name: (len(name), name))
