"""Makes Hearth's rows of one tree of Heat's stacks. Nothing is stored here, and no cloud is asked.

Ids stay what they are: of stacks, resources, events, snapshots, configs and deployments. What Heat has no id for gets
one that follows from Heat's own, so a repeat makes the same.
"""

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.engine import adoption, context, definitions, keeping
from hearth.model.errors import HearthError, Invalid
from hearth.model.states import STACK_ACTIONS, Action, Status
from hearth.resources import contract, nested
from hearth.store import software
from hearth.store.rows import EventRow, ResourceRow, StackRow
from hearth.store.snapshots import Copied, SnapshotRow
from hearth.takeover import groups, members, records
from hearth.takeover.ciphers import Ciphers, Unreadable
from hearth.takeover.report import LeftOut

_NAMESPACE: Final = uuid.UUID("a5ed1d0c-5b62-4f6e-9f5c-6b0a3fd0a6d1")
_WAS_BUSY: Final = "It was in progress in Heat when the stack was taken over; before: {}"
#: What resources give to a snapshot that leads to a copy of their object.
_COPIES: Final = ("backup_id", "snapshot_image_id")


@dataclasses.dataclass(slots=True)
class Definition:
    """A definition to be stored."""

    id: str
    stack_id: str
    material: definitions.Material
    at: float
    secret: bool
    nested: bool


@dataclasses.dataclass(slots=True)
class Taken:
    """Everything that a tree of stacks becomes. `resources`: rows with whether their stack holds secrets."""

    stacks: list[StackRow] = dataclasses.field(default_factory=list)
    definitions: list[Definition] = dataclasses.field(default_factory=list)
    resources: list[tuple[list[ResourceRow], bool]] = dataclasses.field(default_factory=list)
    credentials: dict[str, tuple[dict[str, str], float]] = dataclasses.field(default_factory=dict)
    snapshots: list[SnapshotRow] = dataclasses.field(default_factory=list)
    configs: list[software.ConfigRow] = dataclasses.field(default_factory=list)
    deployments: list[software.DeploymentRow] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    writes: list[keeping.Write] = dataclasses.field(default_factory=list)

    def count(self) -> int:
        """How many resources it has."""
        return sum(len(rows) for rows, _ in self.resources)


class Translator:
    """Translates trees, one after the other."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        ciphers: Ciphers,
        *,
        unfinished: bool = False,
    ) -> None:
        """`unfinished`: whether stacks that an action is changing are taken too, as failed ones."""
        self._context = surroundings
        self._definitions = kept
        self._ciphers = ciphers
        self._unfinished = unfinished

    async def translate(self, tree: records.Tree) -> Taken:
        """The rows of a tree.

        Raises:
            LeftOut: it cannot be taken over.
        """
        self._require_rest(tree)
        try:
            self._require_types(tree)
            return await self._translate(tree)
        except Unreadable as error:
            raise LeftOut([f"a secret of it cannot be read: {error}"], advice="Give the key of that Heat.") from error

    def _require_rest(self, tree: records.Tree) -> None:
        backups = [one.name for one in tree.stacks if one.is_backup]
        if backups:
            raise LeftOut(
                [f"{name} holds what an update of the legacy engine had not removed" for name in backups],
                advice="Update or delete it in Heat once, so that Heat tidies up.",
            )
        busy = [one for one in tree.stacks if one.status == Status.IN_PROGRESS]
        if busy and not self._unfinished:
            raise LeftOut(
                [f"{one.name} is {one.action}_{one.status}" for one in busy],
                advice="Wait until Heat has ended the action, or take it as failed: --take-unfinished.",
            )
        odd = [one for one in tree.stacks if one.action not in STACK_ACTIONS or one.status not in frozenset(Status)]
        if odd:
            raise LeftOut([f"{one.name} has the unknown state {one.action}_{one.status}" for one in odd])

    def _require_types(self, tree: records.Tree) -> None:
        unknown: set[str] = set()
        for stack in tree.stacks:
            template = tree.templates.get(stack.template_id)
            if template is None:
                raise LeftOut([f"the template of {stack.name} is not in the database"])
            material = self._material(template)
            unknown |= members.unknown_types(self._definitions.builder, material)
        if unknown:
            raise LeftOut(
                [f"Hearth has no type {name}" for name in sorted(unknown)],
                sorted(unknown),
                "Leave it to Heat, or add the type as a plug-in (plugin_dirs).",
            )

    def _material(self, template: records.Template) -> definitions.Material:
        environment = dict(template.environment)
        values = dict(environment.get("parameters") or {})
        for name in environment.get("encrypted_param_names") or ():
            match values.get(name):
                case [str() as method, str() as text]:
                    values[name] = self._ciphers.text(method, text)
        document = {"template": template.template, "environment": environment | {"parameters": values}}
        try:
            return adoption.material_of({**document, "files": template.files})
        except (Invalid, HearthError) as error:
            raise LeftOut([f"an environment cannot be read: {error}"]) from error

    async def _translate(self, tree: records.Tree) -> Taken:
        taken = Taken()
        owners: dict[str, Owner] = {}
        configs = {one.id: one for one in tree.configs}
        for stack in tree.stacks:
            owner = owners.get(stack.id)
            if stack is not tree.root and owner is None:
                raise LeftOut([f"{stack.name} is nested in a stack none of whose resources owns it"])
            if owner is not None and owner.kind is not None and not owner.kind.nests:
                raise LeftOut(
                    [f"{owner.row.name} is a nested stack in Heat, and no {owner.row.type} is one here"],
                    advice=f"Leave it to Heat, or take {owner.row.name} out of the template first.",
                )
            row = self._stack(tree, stack, owner, taken)
            part = await members.Members(
                self._context, self._definitions, self._ciphers, tree, row, self._builds(tree, stack, row, owner, taken)
            ).translate(tree.resources[stack.id], stack)
            row.description = part.built.template.description
            taken.stacks.append(row)
            taken.resources.append((part.rows, part.built.has_secrets))
            taken.deployments += part.deployments
            taken.notes += part.notes
            taken.writes += part.writes
            _require_nested(tree, stack, part)
            for one in part.rows:
                owner = Owner(one, row, part.facade_of(one), part.working.type_of_row(one))
                owners.setdefault(one.physical_id or one.id, owner)
            taken.snapshots += [self._snapshot(one, part.rows) for one in tree.snapshots if one.stack_id == stack.id]
        taken.configs = [config_row(one) for one in configs.values()]
        return taken

    def _builds(
        self, tree: records.Tree, stack: records.Stack, row: StackRow, owner: "Owner | None", taken: Taken
    ) -> "members.Builds":
        """The stack's definitions by Heat's number of the template; all are to be stored."""
        where = definitions.surroundings(row, None, owner.facade if owner is not None else None)
        builds = members.Builds(stack.template_id)
        wanted = {stack.template_id, *(one.template_id for one in tree.resources[stack.id] if one.template_id)}
        if stack.previous_template_id:
            wanted.add(stack.previous_template_id)
        for number in sorted(wanted):
            template = tree.templates.get(number)
            if template is None:
                continue
            material = self._material(template)
            if owner is not None:
                material = groups.as_made_here(owner.kind, material, owner.row.data)
            try:
                built = self._definitions.load(material, where)
            except Invalid as error:
                if number == stack.template_id:
                    raise LeftOut([f"the template of {stack.name} is not valid here: {error}"]) from error
                continue  # of a former template only what rows say of it counts
            definition_id = definition_of(stack.id, number)
            builds.add(number, definition_id, built, material)
            secret = built.has_secrets
            taken.definitions.append(
                Definition(definition_id, stack.id, material, template.created_at, secret, owner is not None)
            )
        row.definition_id = definition_of(stack.id, stack.template_id)
        if stack.previous_template_id in builds.by_number:
            row.previous_definition_id = definition_of(stack.id, stack.previous_template_id)
        elif row.status is Status.COMPLETE:
            row.previous_definition_id = row.definition_id  # what a failed update goes back to
        return builds

    def _stack(self, tree: records.Tree, stack: records.Stack, owner: "Owner | None", taken: Taken) -> StackRow:
        given = tree.credentials.get(stack.credentials_id or 0)
        busy = stack.status == Status.IN_PROGRESS
        return StackRow(
            id=stack.id,
            name=stack.name,
            project_id=stack.project_id,
            user_id=given.trustor_user_id if given is not None else None,
            username=stack.username,
            credential_id=self._credential(tree, given, taken),
            owner_id=stack.owner_id,
            owner_resource_id=owner.row.id if owner is not None else None,
            owner_resource_name=owner.row.name if owner is not None else None,
            root_id=tree.root.id,
            depth=owner.stack.depth + 1 if owner is not None else 0,
            action=Action(stack.action),
            status=Status.FAILED if busy else Status(stack.status),
            reason=_WAS_BUSY.format(stack.reason) if busy else stack.reason,
            created_at=stack.created_at,
            updated_at=stack.updated_at,
            deleted_at=None,
            timeout_mins=stack.timeout,
            disable_rollback=stack.disable_rollback,
            tags=stack.tags if stack is tree.root else tree.root.tags,
            description="",
            definition_id="",
            previous_definition_id=None,
            traversal_id=None,
            stack_user_project_id=stack.user_project_id,
            convergence=tree.root.convergence,
        )

    def _credential(self, tree: records.Tree, given: records.Credentials | None, taken: Taken) -> str | None:
        if given is None:
            return None
        credential_id = str(uuid.uuid5(_NAMESPACE, f"credential {tree.root.id} {given.id}"))
        if credential_id in taken.credentials:
            return credential_id
        problem = "it has no trust"
        if given.trust is not None and given.trustor_user_id is not None:
            try:
                trust_id = self._ciphers.text(given.trust.method, given.trust.value)
            except Unreadable as error:
                problem = f"its trust cannot be read: {error}"
            else:
                secret = {"kind": "trust", "trust_id": trust_id, "user_id": given.trustor_user_id}
                taken.credentials[credential_id] = secret, given.created_at
                return credential_id
        note = f"{problem}; it acts for nobody until its owner updates it once"
        if note not in taken.notes:
            taken.notes.append(note)
        return None

    @staticmethod
    def _snapshot(one: records.Snapshot, rows: Iterable[ResourceRow]) -> SnapshotRow:
        by_name = {row.name: row for row in rows}
        found = []
        for name, entry in ((one.data or {}).get("resources") or {}).items():
            data = (entry or {}).get("resource_data") or {}
            copies = {key: str(data[key]) for key in _COPIES if data.get(key)}
            row = by_name.get(name)
            if copies:
                row_id = row.id if row is not None else str(uuid.uuid5(_NAMESPACE, f"copied {one.id} {name}"))
                kind = (row.made_as or row.type) if row is not None else entry["type"]
                found.append(Copied(name, kind, row_id, entry.get("resource_id") or "", copies))
        return SnapshotRow(
            id=one.id,
            stack_id=one.stack_id,
            name=one.name,
            action=Action.CREATE,
            status=Status.COMPLETE if one.status == Status.COMPLETE else Status.FAILED,
            reason=one.reason,
            traversal_id=0,
            members=found,
            data=one.data,
            owner=None,
            created_at=one.created_at,
        )


def _require_nested(tree: records.Tree, stack: records.Stack, part: "members.Part") -> None:
    """Nobody would know of what a stack has made that is not in the database."""
    present = {one.id for one in tree.stacks}
    for row in part.rows:
        is_nest = isinstance(part.working.type_of_row(row), nested.NestedStack) and row.action is not Action.DELETE
        if is_nest and row.physical_id and row.physical_id not in present:
            raise LeftOut(
                [f"the stack of {row.name} is not in the database, which {stack.name} says is nested in it"],
                advice="Update or delete it in Heat once, so that Heat tidies up.",
            )


@dataclasses.dataclass(frozen=True, slots=True)
class Owner:
    """The resource that owns a nested stack, its stack, and what the nested template may read of it."""

    row: ResourceRow
    stack: StackRow
    facade: Mapping[str, Any]
    kind: contract.Resource | None


def definition_of(stack_id: str, number: int) -> str:
    """The id of the definition that a template of Heat's becomes."""
    return str(uuid.uuid5(_NAMESPACE, f"definition {stack_id} {number}"))


def event_row(one: records.Event, ciphers: Ciphers) -> EventRow:
    """An event."""
    properties = one.properties
    if properties is not None and one.encrypted:
        try:
            properties = ciphers.values(properties)
        except Unreadable:
            properties = None  # an event is told without them
    return EventRow(
        stack_id=one.stack_id,
        resource_name=one.resource_name,
        resource_type=one.resource_type,
        physical_id=one.physical_id,
        action=one.action,
        status=one.status,
        reason=one.reason,
        at=one.at,
        id=one.uuid,
        properties=properties,
    )


def config_row(one: records.Config) -> software.ConfigRow:
    """A software config."""
    body = one.body
    return software.ConfigRow(
        id=one.id,
        project_id=one.project_id,
        name=one.name,
        group=one.group,
        config=body.get("config"),
        inputs=body.get("inputs") or [],
        outputs=body.get("outputs") or [],
        options=body.get("options") or {},
        created_at=one.created_at,
    )


def deployment_row(one: records.Deployment) -> software.DeploymentRow:
    """A deployment."""
    return software.DeploymentRow(**dataclasses.asdict(one))
