"""What `get_resource` and `get_attr` give, from rows: at a step, in a plan, for outputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hearth.model import plan, values
from hearth.model.errors import HearthError
from hearth.model.states import READABLE_ACTIONS, Action, Status
from hearth.model.values import UNKNOWN
from hearth.resources import contract, nested
from hearth.store.rows import ResourceRow


def attribute_key(path: Sequence[Any], dynamic: bool) -> str:
    """Under which name a row keeps the value of an attribute: whole paths for types that interpret them."""
    if dynamic:
        return "".join(f"/{step}" if isinstance(step, str) else f"[{step}]" for step in path)[1:]
    return str(path[0]) if path else ""


#: What a row keeps in the place of a value that cannot be computed: a map with this key, and why.
_BROKEN = "hearth:broken"


async def nested_attribute(kind: contract.Resource, call: contract.Call, path: Sequence[Any]) -> Any:
    """What a row keeps of an attribute of its nested stack."""
    try:
        return await kind.attribute_path(call, path)
    except contract.BrokenAttribute as broken:
        return {_BROKEN: str(broken)}


def unread(row: ResourceRow, kind: contract.Resource, paths: Iterable[Sequence[Any]]) -> bool:
    """Whether a row lacks the value of one of the attribute paths, since nobody had read it when it was stored."""
    return any(attribute_key(path, kind.nests) not in row.attributes for path in paths if path)


def follows(kind: contract.Resource, paths: Iterable[Sequence[Any]]) -> bool:
    """Whether what is read by one of the attribute paths may change with what the resource uses."""
    read = {str(path[0]) if path else "" for path in paths}
    return any(one.follows for name, one in kind.attributes.items() if name in read or "" in read)


class RowScope:
    """Values as stored with the rows of one stack.

    `missing` is asked for an attribute that no row keeps: it gives UNKNOWN in a plan, None at a step and in outputs.
    """

    def __init__(
        self,
        row_of: Callable[[str], ResourceRow | None],
        type_of: Callable[[str], contract.Resource],
        call_of: Callable[[ResourceRow, contract.Resource], contract.Call],
        *,
        effects: Mapping[str, plan.Effect] | None = None,
    ) -> None:
        self._row_of = row_of
        self._type_of = type_of
        self._call_of = call_of
        self._effects = effects

    def reference(self, resource: str) -> Any:
        """The reference id; before the resource exists its name, or None where the type says so; UNKNOWN in a plan."""
        kind = self._type_of(resource)
        if kind.named_for_good:
            return resource
        if self._effects is not None and self._effects.get(resource, plan.Effect.IDENTITY) is plan.Effect.IDENTITY:
            return UNKNOWN
        row = self._row_of(resource)
        if row is None or row.action is Action.INIT or row.physical_id is None:
            return resource if kind.named_before_create else None
        # A template may say what stands for its nested stack; that was kept with its attributes.
        said = row.attributes.get(nested.STACK_ID_OUTPUT) if kind.nests else None
        if said is not None and self._effects is not None and self._effects[resource] is not plan.Effect.NONE:
            return UNKNOWN
        return kind.reference(self._call_of(row, kind)) if said is None else said

    def keeps(self, resource: str, path: Sequence[Any]) -> bool:
        """Whether the row has a stored value for an attribute path."""
        row = self._row_of(resource)
        return row is not None and attribute_key(path, self._type_of(resource).nests) in row.attributes

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        """The attribute's stored value, its path followed."""
        if self._effects is not None and self._effects.get(resource, plan.Effect.IDENTITY) is not plan.Effect.NONE:
            return UNKNOWN
        row = self._row_of(resource)
        if row is None or row.action not in READABLE_ACTIONS:
            return None
        kind = self._type_of(resource)
        dynamic = kind.nests
        wanted = [path] if path else [(name,) for name in kind.attributes]
        if self._effects is not None and unread(row, kind, wanted):
            return UNKNOWN  # it is read when the action comes to the resource
        if not path:
            if row.status is Status.FAILED:
                return None
            return {key: value for key, value in row.attributes.items() if key != "show"}
        value = row.attributes.get(attribute_key(path, dynamic))
        if dynamic and isinstance(value, Mapping) and _BROKEN in value:
            raise HearthError(value[_BROKEN], kind="InvalidTemplateAttribute")
        return value if dynamic else values.walk(value, path[1:])
