"""OS::Heat::ResourceGroup: a number of resources made from one definition.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::ResourceGroup
"""

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hearth.model.states import Action
from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildStack, ChildView, NotKnownYet, Values, Wait
from hearth.resources.heat import members, rolling
from hearth.resources.schema import Attribute, Property

_VERSION = "2015-04-30"
#: The output of the group's own template that keeps the names which are never used again.
_REMOVED = "removed_rsrc_list"
#: The parameter that stands for everything that is not known yet.
_UNKNOWN = "unknown"


@base.resource("OS::Heat::ResourceGroup", since="2014.1")
class ResourceGroup(nested.NestedStack):
    """Several resources that are the same but for their number.

    Members are named "0", "1", ...; names that removal policies took out are not used again.
    """

    members_alike = True

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

    def wanted_members(self, properties: Values) -> int | None:
        """The count."""
        count = properties.get("count")
        return count if isinstance(count, int) else None

    def child(self, call: Call) -> ChildStack:
        """A template with the members: all of them, or as many as the next batch changes."""
        wanted = self._final(call)
        policy = _policy(call)
        if policy is None:
            return wanted
        stage = _next_stage(call, wanted.template, policy)
        return dataclasses.replace(wanted, template={**wanted.template, "resources": stage})

    def further(self, call: Call) -> Wait | None:
        """Whether there is another batch."""
        policy = _policy(call)
        if policy is not None and call.child is not None:
            stage = _next_stage(call, self._final(call).template, policy)
            if stage != call.child.template["resources"]:
                return rolling.pause(call, policy.pause_time)
        rolling.forget_pause(call)
        return None

    def _final(self, call: Call) -> ChildStack:
        given = call.properties
        definition = given["resource_def"]
        shape = {key: value for key, value in given.items() if key != "resource_def"}
        if not is_known(shape) or definition is UNKNOWN or definition["type"] is UNKNOWN:
            raise NotKnownYet(f"the members of {call.name} depend on other resources")
        removed = _removed(given, call.child)
        template = {
            "heat_template_version": _VERSION,
            "resources": {name: _member(given, name) for name in itertools.islice(_names(removed), given["count"])},
            "outputs": {_REMOVED: {"value": removed}},
        }
        if is_known(definition):
            return ChildStack(template, source=call.name)
        # While a template is validated: what is not known yet stands as a parameter without a value.
        template["parameters"] = {_UNKNOWN: {"type": "json"}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """See the table of attributes; other names are asked of each member."""
        name = path[0]
        if str(name).startswith("resource."):
            return await super().attribute_path(call, path)
        if call.child is None or name == "show":
            return None
        if name == _REMOVED:
            return _removed_before(call.child)
        return await members.read(members.numbered(call.child), path)


def _policy(call: Call) -> rolling.Policy | None:
    """The batches that the update policy asks for in this action; None: everything at once."""
    name = "batch_create" if call.action is Action.CREATE else "rolling_update"
    given = call.update_policy.get(name)
    if given is None:
        return None
    return rolling.Policy(given["max_batch_size"], given.get("min_in_service", 0), given["pause_time"])


def _next_stage(call: Call, wanted: Mapping[str, Any], policy: rolling.Policy) -> dict[str, Any]:
    """The members after the next batch.

    How far the group has come is read from the template of its nested stack, so nothing else has to be remembered.
    """
    final = members.as_stored(wanted["resources"])
    removed = set(wanted["outputs"][_REMOVED]["value"])
    before = dict(call.child.template["resources"]) if call.child is not None else {}
    present = {name: one for name, one in before.items() if name not in removed}
    if call.action is not Action.CREATE and all(final.get(name, one) == one for name, one in present.items()):
        return final
    done = sum(present.get(name) == one for name, one in final.items())
    batch = rolling.next_batch(len(present), len(final), done, policy)
    if batch is None:
        return final
    count = sum(1 for _ in rolling.batches(len(present), len(final), done, policy))
    rolling.check_time(count, policy, call.timeout)
    names = list(itertools.islice(_names(removed), batch.size))
    stage = {name: present[name] for name in names if name in present}
    # New members first, then the highest names; those that are to go anyway are left as they are.
    made = [name for name in names if name not in present]
    for name in made:
        stage[name] = final[name] if name in final else members.as_stored(_member(call.properties, name))
    outdated = [name for name in reversed(names) if name in final and stage[name] != final[name]]
    ailing = members.ailing(call.child)
    for name in {*outdated[: batch.changed - len(made)], *(one for one in outdated if one in ailing)}:
        stage[name] = final[name]
    return stage


def _names(removed: Collection[str]) -> Iterator[str]:
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
    """The tree with the member's name in the place of the variable; keys stay as they are."""
    if tree is UNKNOWN:
        return {"get_param": _UNKNOWN}
    if isinstance(tree, str):
        return tree.replace(variable, name) if variable is not None else tree
    if isinstance(tree, Mapping):
        return {key: _replaced(value, variable, name) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_replaced(item, variable, name) for item in tree]
    return tree


def _removed_before(child: ChildView | None) -> list[str]:
    return list(child.output(_REMOVED) or ()) if child is not None and _REMOVED in child.output_names else []


def _removed(given: Mapping[str, Any], child: ChildView | None) -> list[str]:
    """Names that are not to be used: those removed before, in mode append, and those that the policies name now."""
    before = _removed_before(child)
    wanted = {str(one) for policy in given["removal_policies"] for one in policy["resource_list"]}
    if child is None:  # nothing is there yet that the policies could mean but the names themselves
        return _in_order(wanted)
    # A name that was removed before stays removed while the policies name it; it cannot be found among the members.
    known = {name: name for name in before}
    if wanted and child is not None:
        known.update((str(one.reference()), one.name) for one in child.resources.values())
        known.update((name, name) for name in child.resources)
    chosen = {known[one] for one in wanted if one in known}
    if given["removal_policies_mode"] == "append":
        chosen.update(before)
    return _in_order(chosen)


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (len(name), name))
