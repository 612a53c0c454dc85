"""What is in a nested stack, as the resource that owns it sees it: the `ChildView` of types. Reads only."""

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from hearth.cloud import session as cloud_session
from hearth.engine import context, definitions, run
from hearth.model import names, values
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import resources, stacks
from hearth.store.rows import ResourceRow, StackRow
from hearth.template import template


async def load(
    surroundings: context.Context,
    kept: definitions.Definitions,
    child: StackRow,
    access: cloud_session.Session | None,
) -> "StackContents":
    """What is in a stack, as the resource that owns it sees it. `access`: for attributes that only the cloud tells."""
    codec = surroundings.store.codec
    rows = await surroundings.store.read(lambda c: resources.by_stack(c, codec, child.id))
    working = await kept.reading_run(child, rows, surroundings)

    async def contents_of(row: ResourceRow) -> contract.ChildView | None:
        inner = await surroundings.store.read(lambda c: stacks.child_of(c, row.id))
        return await load(surroundings, kept, inner, access) if inner is not None else None

    working.access = access
    return StackContents(working, rows, contents_of)


#: Gives what is in the nested stack of a resource row.
Loader = Callable[[ResourceRow], Awaitable[contract.ChildView | None]]


@dataclasses.dataclass(slots=True)
class StackContents:
    """A stack's resources and outputs, from its rows."""

    run: run.Run
    rows: Sequence[ResourceRow]
    load: Loader

    @property
    def stack_id(self) -> str:
        """The stack's id."""
        return self.run.stack.id

    @property
    def arn(self) -> str:
        """The stack's ARN."""
        stack = self.run.stack
        return names.StackIdentity(stack.project_id, stack.name, stack.id).arn()

    @property
    def resources(self) -> Mapping[str, contract.ChildResource]:
        """The current resources by name."""
        found: dict[str, contract.ChildResource] = {}
        for row in self.rows:
            if row.name not in found:
                current = self.run.row_of(row.name)
                if current is not None and self.run.member(row.name) is not None:
                    found[row.name] = ContainedResource(self.run, current, self.load)
        return found

    @property
    def template(self) -> Mapping[str, Any]:
        """The template it was last given."""
        return self.run.blueprint.template.raw if self.run.blueprint is not None else {}

    def output(self, name: str) -> Any:
        """The value of an output. Raises KeyError for an unknown one."""
        assert self.run.blueprint is not None
        output = self.run.blueprint.bound.outputs[name]
        return template.resolve(output.value, self.run.scope) if output.enabled else None

    @property
    def output_names(self) -> Iterable[str]:
        """The outputs there are."""
        return self.run.blueprint.bound.outputs if self.run.blueprint else ()


@dataclasses.dataclass(slots=True)
class ContainedResource:
    """A resource of a nested stack."""

    _run: run.Run
    _row: ResourceRow
    _load: Loader

    @property
    def name(self) -> str:
        """Its logical name."""
        return self._row.name

    @property
    def type(self) -> str:
        """Its type."""
        return self._row.type

    @property
    def action(self) -> Action:
        """Its last action."""
        return self._row.action

    @property
    def status(self) -> Status:
        """How far that got."""
        return self._row.status

    @property
    def created_at(self) -> float:
        """When it was made."""
        return self._row.created_at

    def reference(self) -> Any:
        """What get_resource gives for it."""
        return self._run.scope.reference(self._row.name)

    async def attribute(self, path: Sequence[Any]) -> Any:
        """What get_attr gives for it: as stored, or from the last observation, or asked of the cloud now."""
        if not self._run.scope.keeps(self._row.name, path):
            kind = self._run.type_of(self._row.name)
            call = self._run.call(self._row, kind)
            if kind.nests:
                call.child = await self._load(self._row)
                return await kind.attribute_path(call, path)
            return values.walk(await kind.attribute(call, str(path[0]), self._row.observed), path[1:])
        return self._run.scope.attribute(self._row.name, tuple(path))
