"""One traversal as an engine sees it: its stack, blueprint, rows and cloud session, kept while it works on it.

Rows are those this engine wrote or read in this traversal. Before a step uses another resource's row, `refresh` makes
sure that the row is of now: what this engine did not settle itself is read again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from hearth.cloud import session as cloud_session
from hearth.engine import context, scope, stack_alarms, stack_software
from hearth.model import bounds, drift, names, plan
from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.model.waivers import Waiver
from hearth.resources import checking, contract
from hearth.resources.blueprint import Blueprint, Member
from hearth.store import Store, resources
from hearth.store.rows import Node, ResourceRow, StackRow, TraversalRow
from hearth.telemetry import trail
from hearth.template import registry, template

#: Finds the implementation of a type name that the blueprint may not have any more.
TypeLookup = Callable[[str, Blueprint | None], contract.Resource | None]


_NO_TREATMENTS: drift.Treatments = {}


class Run:
    """The working memory of one traversal."""

    def __init__(
        self,
        stack: StackRow,
        traversal: TraversalRow,
        blueprint: Blueprint | None,
        type_of_name: TypeLookup,
        surroundings: context.Context,
    ) -> None:
        self.stack = stack
        self.traversal = traversal
        self.blueprint = blueprint
        self.trail = traversal.trail or trail.opened()
        self.access: cloud_session.Session | None = None
        self._type_of_name = type_of_name
        self._now = surroundings.now
        self._software = stack_software.StackSoftware(surroundings, stack)
        self._alarms = stack_alarms.StackAlarms(surroundings, stack)
        self.rows: dict[str, ResourceRow] = {}
        self._by_name: dict[str, dict[str, ResourceRow]] = {}
        self._begun_here: set[str] = set()  # ids of rows that this traversal began with, as this engine stored them
        members = blueprint.members.values() if blueprint else ()
        self._read_by_others = {one for member in members for one in member.requires}
        self._settled: set[str] = set()  # names whose rows cannot change any more in this traversal
        self.view = contract.StackView(
            stack.id, stack.name, stack.project_id, user_project_id=stack.stack_user_project_id or None
        )
        self.users: contract.StackUsers | None = None
        #: The registry of a stack that is deleted, once somebody asked for it.
        self.former_registry: registry.Registry | None = None
        #: What the plan that is applied allows here; None: whatever the definition asks for.
        self.bounds: bounds.Bounds | None = None
        #: What users decided about drift: `{resource name: {property: decision}}`.
        self.treatments: Mapping[str, drift.Treatments] = {}
        #: Those acceptances that were found to hold no more while the action was planned.
        self.lapsed: list[drift.Treated] = []
        self.scope = scope.RowScope(self.row_of, self.type_of, self.call)

    @property
    def action(self) -> Action:
        return self.traversal.action

    @property
    def session(self) -> cloud_session.Session:
        """Access to the cloud for the stack's owner."""
        if self.access is None:
            raise contract.Permanent("the stack has no access to the cloud", "MissingCredentialError")
        return self.access

    def member(self, name: str) -> Member | None:
        """The wanted resource of that name, None when it is not wanted."""
        return self.blueprint.members.get(name) if self.blueprint else None

    def waiver(self, row: ResourceRow) -> Waiver | None:
        """What the user lets this action leave undone for a resource."""
        return self.traversal.waivers.of(row.id)

    def restricted(self, name: str) -> frozenset[str]:
        """Actions that the environment forbids for a resource: `update`, `replace`."""
        return self.blueprint.environment.registry.restricted_actions(name) if self.blueprint else frozenset()

    def reality(self, row: ResourceRow) -> drift.Reality:
        """What was seen of a row's object, with what this action has to do about it."""
        return drift.Reality(
            drift.from_row(row.drift),
            self.treatments.get(row.name, _NO_TREATMENTS),
            converge=self.traversal.converge,
            reverts=self.action is Action.UPDATE,
        )

    def note_new(self, rows: Iterable[ResourceRow]) -> None:
        """Remember the rows that were stored with this traversal."""
        rows = list(rows)
        self._begun_here.update(row.id for row in rows)
        self.note(rows)

    def note(self, rows: Iterable[ResourceRow]) -> None:
        """Remember rows as they are now."""
        for row in rows:
            self.rows[row.id] = row
            self._by_name.setdefault(row.name, {})[row.id] = row

    def settled(self, name: str) -> None:
        """This engine has brought the resource to its end in this traversal."""
        self._settled.add(name)
        if name not in self._read_by_others:
            # Nobody will ask for it: of a large flat stack only what is under way stays in memory.
            for row_id in self._by_name.pop(name, {}):
                self.rows.pop(row_id, None)

    def drop(self, row_id: str) -> None:
        """Forget a row."""
        row = self.rows.pop(row_id, None)
        if row is not None:
            self._by_name.get(row.name, {}).pop(row_id, None)

    async def refresh(self, store: Store, nodes: Collection[Node]) -> dict[str, ResourceRow]:
        """Read the rows of nodes about to run, and of all they need; the former, by id. A row may be gone."""
        codec, stack_id = store.codec, self.stack.id
        own = {node.resource_id: self.rows[node.resource_id] for node in nodes if self._is_fresh(node)}
        unread = [node.resource_id for node in nodes if node.resource_id not in own]
        if unread:
            found = await store.read(lambda connection: resources.by_ids(connection, codec, unread))
            self.note(found.values())
            own |= found
        wanted: set[str] = set()
        for row in own.values():
            member = self.member(row.name)
            if member is not None:
                wanted.update(member.requires)
        wanted -= self._settled
        if wanted:
            rows = await store.read(lambda connection: resources.by_names(connection, codec, stack_id, wanted))
            self.note(rows)
            self._settled |= wanted  # a step runs only when all it needs has come to its end
        return own

    def _is_fresh(self, node: Node) -> bool:
        """Whether its row is as this engine stored it: nothing touches what nobody has begun to make.

        What an older action wanted may have been made by it meanwhile.
        """
        row = self.rows.get(node.resource_id)
        if row is None or node.resource_id not in self._begun_here:
            return False
        return row.action is Action.INIT and node.token == 1

    def row_of(self, name: str) -> ResourceRow | None:
        """The row that a logical name stands for now."""
        rows = self._by_name.get(name)
        if not rows:
            return None
        if len(rows) == 1:
            return next(iter(rows.values()))
        return plan.best(rows.values(), self.traversal.definition_id)

    def type_of(self, name: str) -> contract.Resource:
        """The type of a wanted resource."""
        assert self.blueprint is not None
        return self.blueprint.members[name].type

    def type_of_row(self, row: ResourceRow) -> contract.Resource | None:
        """The type that a row was made by, as far as it still exists."""
        member, made_by = self.member(row.name), row.made_as or row.type
        # The environment may have given the name of the type another meaning since.
        same_name = member is not None and member.definition.type == row.type
        if member is not None and same_name and made_by in (member.type.made_as, member.type.type_name):
            return member.type
        return self._type_of_name(made_by, self.blueprint)

    def call(self, row: ResourceRow, kind: contract.Resource, **over: Any) -> contract.Call:
        """Everything a verb may know of a resource."""
        values = row.frozen if row.frozen is not None else row.properties
        call = contract.Call(
            name=row.name,
            resource_id=row.id,
            physical_name=names.physical_name(self.stack.name, row.name, row.id, kind.name_limit),
            physical_id=row.physical_id,
            properties=values or {},
            stack=self.view,
            cloud=self.access,  # type: ignore[arg-type]  # types without a service never look at it
            now=self._now(),
            metadata=row.metadata,
            data=row.data,
        )
        if self.blueprint is not None:
            call.files = self.blueprint.origin(row.name).files
        if kind.nests:
            call.update_policy = self._update_policy(row.name, kind)
            if self.traversal.deadline is not None:
                call.timeout = self.traversal.deadline - self.traversal.created_at
        call.users = self.users
        call.software = self._software.of(row.id)
        call.alarms = self._alarms.of(row.id)
        for name, value in over.items():
            setattr(call, name, value)
        if kind.reads:
            call.referred = self._referred(row, kind, call.properties)
        return call

    def _referred(self, row: ResourceRow, kind: contract.Resource, properties: contract.Values) -> dict[str, Any]:
        """What the resources tell that some properties refer to, by property; see `Call.referred`."""
        member = self.member(row.name)
        names_needed = {*row.requires, *(member.requires if member is not None else ())}
        found: dict[str, Any] = {}
        for name, type_name in kind.reads.items():
            wanted = properties.get(name)
            several = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
            told = [
                one
                for each in several
                for needed in sorted(names_needed)
                if (one := self._told(needed, type_name, each)) is not None
            ]
            if isinstance(wanted, list):
                found[name] = told
            elif told:
                found[name] = told[-1]
        return found

    def _told(self, name: str, type_name: str, wanted: Any) -> contract.Values | None:
        """What a resource tells those that refer to it so; what it will tell where that is yet to be (in plans)."""
        member, row = self.member(name), self.row_of(name)
        coming = wanted is UNKNOWN or (wanted == name and (row is None or row.action is Action.INIT))
        if coming:
            return member.values if member is not None and member.type.type_name == type_name else None
        kind = self.type_of_row(row) if row is not None else None
        if row is None or kind is None or kind.type_name != type_name:
            return None
        call = self.call(row, kind)
        return kind.told(call) if kind.reference(call) == wanted else None

    def _update_policy(self, name: str, kind: contract.Resource) -> contract.Values:
        member = self.member(name)
        if member is None or not member.definition.update_policy:
            return {}
        values, _ = checking.check_against(kind.update_policy, self.resolve(member.definition.update_policy))
        return values

    def resolve(self, tree: Any) -> Any:
        """The value of a tree of the definition, now."""
        return template.resolve(tree, self.scope)
