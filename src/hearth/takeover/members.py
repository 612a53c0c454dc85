"""Makes rows of the resources of one stack: types, properties, metadata, private data, attributes that others read."""

import ast
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.engine import context, definitions, judge, keeping, launch, lookups, run, scope
from hearth.model import names, plan
from hearth.model.diagnostics import Findings, Place
from hearth.model.states import RESOURCE_ACTIONS, Action, Status
from hearth.resources import blueprint, checking, contract, remote, scopes
from hearth.resources.aws import iam
from hearth.resources.blueprint import Blueprint, Member
from hearth.resources.heat import signed_url, stack_user
from hearth.store import software
from hearth.store.rows import ResourceRow, StackRow, TraversalRow
from hearth.takeover import private_data, records, watching
from hearth.takeover.ciphers import Ciphers
from hearth.takeover.report import LeftOut
from hearth.template import environment as environments
from hearth.template import template as templates

_WAS_BUSY: Final = "It was in progress in Heat when the stack was taken over"
#: How Heat writes the key of an attribute that was read with a path.
_TUPLE: Final = "tuple:"


@dataclasses.dataclass(slots=True)
class Builds:
    """The definitions of a stack, by Heat's number of their templates; `present` is the one it has now."""

    present: int
    by_number: dict[int, tuple[str, Blueprint, definitions.Material]] = dataclasses.field(default_factory=dict)

    def add(self, number: int, definition_id: str, built: Blueprint, material: definitions.Material) -> None:
        """Note one."""
        self.by_number[number] = definition_id, built, material

    def of(self, number: int | None) -> tuple[str, Blueprint, definitions.Material]:
        """The one of a resource; the present one where its own is not known any more."""
        return self.by_number.get(number or self.present) or self.by_number[self.present]


@dataclasses.dataclass(slots=True)
class Part:
    """What the resources of one stack become."""

    built: Blueprint
    working: run.Run
    rows: list[ResourceRow]
    deployments: list[software.DeploymentRow]
    notes: list[str]
    #: What else is to be stored, as in the transaction of a verb.
    writes: list[keeping.Write] = dataclasses.field(default_factory=list)

    def facade_of(self, row: ResourceRow) -> dict[str, Any]:
        """What a nested template may read of the resource that owns it."""
        member = self.built.members.get(row.name)
        policy = templates.resolve(member.definition.update_policy, scopes.BLIND) if member is not None else {}
        return {"metadata": row.metadata, "deletion_policy": row.deletion_policy, "update_policy": policy}


class Members:
    """Translates the resources of one stack."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        ciphers: Ciphers,
        tree: records.Tree,
        stack: StackRow,
        builds: Builds,
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._ciphers = ciphers
        self._tree = tree
        self._stack = stack
        self._builds = builds

    async def translate(self, resources: Sequence[records.Resource], stack: records.Stack) -> Part:
        """The rows of the resources of `stack`.

        Raises:
            LeftOut: one cannot be understood.
            Unreadable: a secret cannot be opened.
        """
        _, built, _ = self._builds.of(None)
        reading = dataclasses.replace(self._stack, description=built.template.description)
        traversal = TraversalRow(0, reading.id, reading.action, reading.definition_id, None, None, reading.created_at)
        working = run.Run(reading, traversal, built, self._definitions.type_named, self._context)
        alive = [one for one in resources if (one.action, one.status) != (Action.DELETE, Status.COMPLETE)]
        part = Part(built, working, [], [], [])
        given = self._tree.credentials.get(stack.credentials_id or 0)
        for one in alive:
            part.rows.append(self._row(one, part, given.auth_url if given is not None else None))
        ids = {one.id: row.id for one, row in zip(alive, part.rows, strict=True)}
        by_id = {one.id: one.name for one in alive}
        for one, row in zip(alive, part.rows, strict=True):
            row.replaces, row.replaced_by = ids.get(one.replaces or 0), ids.get(one.replaced_by or 0)
            member = self._builds.of(one.template_id)[1].members.get(one.name)
            needs = member.requires if member is not None else (by_id[at] for at in one.requires if at in by_id)
            row.requires = sorted(set(needs) - {row.name})
        working.note(part.rows)
        self._name_users(part)
        for one, row in zip(alive, part.rows, strict=True):
            member = built.members.get(row.name)
            if member is not None and working.row_of(row.name) is row:
                self._settle_metadata(row, member, part)
                await self._keep_attributes(one, row, member, part)
        for row in part.rows:
            member = built.members.get(row.name)
            if member is not None and working.row_of(row.name) is row and watching.is_alarm(member.type):
                part.writes += await watching.watch(row, member, working, part.notes)
        return part

    def _row(self, one: records.Resource, part: Part, auth_url: str | None) -> ResourceRow:
        definition_id, built, material = self._builds.of(one.template_id)
        member = built.members.get(one.name) or part.built.members.get(one.name)
        kind: contract.Resource | None
        if member is not None:
            kind, type_name, made_as = member.type, member.definition.type, launch.made_as(member)
        else:
            kind, type_name = self._former_type(one, material)
            made_as = (kind.made_as or kind.type_name) if kind is not None else None
            made_as = made_as if made_as != type_name else None
        properties = self._properties(one, kind, part)
        busy = one.status == Status.IN_PROGRESS
        if not one.uuid:
            raise LeftOut([f"resource {one.name} has no id"])
        if one.action not in RESOURCE_ACTIONS or one.status not in frozenset(Status):
            raise LeftOut([f"resource {one.name} has the unknown state {one.action}_{one.status}"])
        row = ResourceRow(
            id=one.uuid,
            stack_id=self._stack.id,
            name=one.name,
            type=type_name,
            made_as=made_as,
            action=Action(one.action),
            status=Status.FAILED if busy else Status(one.status),
            reason=f"{_WAS_BUSY}; before: {one.reason}" if busy else one.reason,
            physical_id=one.physical_id,
            definition_id=definition_id,
            requires=[],
            deletion_policy=member.definition.deletion_policy if member is not None else "Delete",
            properties=properties,
            frozen=None,
            metadata=one.metadata or None,
            data={key: self._ciphers.text(secret.method, secret.value) for key, secret in one.data.items()},
            attributes={},
            observed=None,
            replaces=None,
            replaced_by=None,
            created_at=one.created_at,
            updated_at=one.updated_at,
        )
        self._settle_data(one, row, kind, part, auth_url)
        if kind is not None and any(found.translate for found in checking.lookups(kind, properties or {})):
            row.data[lookups.UNTRANSLATED] = "1"
        return row

    def _former_type(
        self, one: records.Resource, material: definitions.Material
    ) -> tuple[contract.Resource | None, str]:
        """The type of a resource that its template has no more, or has behind a condition that does not hold."""
        for section, key in (("resources", "type"), ("Resources", "Type")):
            entry = (material.template.get(section) or {}).get(one.name)
            if isinstance(entry, Mapping) and entry.get(key):
                name = str(entry[key])
                environment, _ = environments.parse(material.environment, "environment")
                environment = self._definitions.builder.completed(environment)
                found = self._definitions.builder.type_for(
                    name, one.name, environment, material.files, Findings(), Place
                )
                return found, name
        raise LeftOut([f"the type of the resource {one.name} cannot be told: its template does not have it"])

    def _properties(self, one: records.Resource, kind: contract.Resource | None, part: Part) -> dict[str, Any] | None:
        if one.action == Action.INIT:
            return None
        given = dict(one.properties or {})
        if one.encrypted:
            given = self._ciphers.values(given)
        if kind is None or (not given and watching.is_alarm(kind)):
            return given
        member = part.built.members.get(one.name)
        if kind.indifferent and member is not None:
            return dict(member.values)  # what is written in them was never computed
        values, issues = checking.check(kind, given)
        if issues:
            part.notes.append(f"{one.name}: {issues[0].message}")
        return values

    def _settle_data(
        self,
        one: records.Resource,
        row: ResourceRow,
        kind: contract.Resource | None,
        part: Part,
        auth_url: str | None,
    ) -> None:
        if kind is None:
            return
        if watching.is_alarm(kind) and row.action is not Action.INIT:
            row.physical_id = row.physical_id or watching.name_of(self._stack.name, row.name)
        found = self._tree.deployments.get(one.physical_id or "") if kind.deploys else None
        kept = private_data.Kept(
            row.data,
            row.metadata,
            row.properties or {},
            self._stack.stack_user_project_id,
            auth_url,
            self._context.connector.settings.endpoint_overrides.get(signed_url.SERVICE),
            names.StackIdentity(
                self._stack.project_id, self._stack.name, self._stack.id, f"/resources/{row.name}"
            ).arn(),
            found.config_id if found is not None else None,
        )
        private_data.translate(kind, kept)
        row.data, row.metadata = kept.data, kept.metadata
        if kind.scales:
            row.metadata = None  # only Heat's own notes of the last change of the size
        if found is not None:
            # A deployment is known by the id of its row, and clients know it by this one.
            row.id = found.id
            part.deployments.append(software.DeploymentRow(**dataclasses.asdict(found)))
        elif kind.deploys and row.action is not Action.INIT:
            row.physical_id = row.id

    @staticmethod
    def _name_users(part: Part) -> None:
        """Note with key pairs whose they are: Heat finds that in the other resource."""
        users = {}
        for row in part.rows:
            kind = part.working.type_of_row(row)
            if kind is not None and kind.type_name == iam.USER_TYPE and stack_user.USER in row.data:
                users[kind.reference(part.working.call(row, kind))] = row.data[stack_user.USER]
        for row in part.rows:
            user_id = users.get((row.properties or {}).get(iam.NAME))
            if row.type == iam.KEY_TYPE and user_id is not None:
                row.data[stack_user.USER] = user_id

    def _settle_metadata(self, row: ResourceRow, member: Member, part: Part) -> None:
        """Note what the template says, where signals have changed what there is."""
        wanted = part.working.resolve(member.definition.metadata) or None
        if member.type.takes_signals and row.metadata != wanted:
            row.data[judge.DECLARED] = json.dumps(wanted)

    async def _keep_attributes(self, one: records.Resource, row: ResourceRow, member: Member, part: Part) -> None:
        kind, paths = member.type, [path for path in member.reads if path]
        if not paths or row.action is Action.INIT or plan.is_deleted(row):
            return
        known = dict(_read_by_heat(one.attributes))
        found: dict[str, Any] = {}
        for path in paths:
            if kind.nests:
                if tuple(path) in known:
                    found[scope.attribute_key(path, dynamic=True)] = known[tuple(path)]
            elif path[:1] in known:
                found[str(path[0])] = known[path[:1]]
            else:
                name = str(path[0])
                is_known, value = await self._own_attribute(row, kind, name, part)
                if is_known:
                    found[name] = value
        row.attributes = found
        missing = [path for path in paths if scope.attribute_key(path, kind.nests) not in found]
        if missing:
            told = ", ".join(sorted({f"{row.name}.{path[0]}" for path in missing}))
            part.notes.append(f"{told}: not kept by Heat, read by the next update")

    async def _own_attribute(
        self, row: ResourceRow, kind: contract.Resource, name: str, part: Part
    ) -> tuple[bool, Any]:
        """Whether an attribute follows from what is stored, and its value."""
        if kind.deploys:
            deployment = next((one for one in part.deployments if one.id == row.id), None)
            return deployment is None or name != "show", ((deployment.outputs if deployment else None) or {}).get(name)
        if name == "signal_url" and private_data.HEAT_URL in row.data:
            return True, row.data[private_data.HEAT_URL]
        if isinstance(kind, remote.RemoteResource) or name not in kind.attributes or name == "show":
            return False, None
        call = part.working.call(row, kind)
        if kind.hears is not None:
            call.heard = next((m for m in _heard(row, kind, part)), None)
        try:
            return True, await kind.attribute(call, name, None)
        except (contract.ResourceFailure, AttributeError, KeyError):
            return False, None  # it asks the cloud, or for what Heat did not keep


def _heard(row: ResourceRow, kind: contract.Resource, part: Part) -> Iterable[Any]:
    wanted = (row.properties or {}).get(kind.hears or "")
    for one in part.rows:
        teller = part.working.type_of_row(one)
        if teller is None or not teller.takes_signals:
            continue
        if teller.reference(part.working.call(one, teller)) == wanted:
            yield one.metadata


def _read_by_heat(stored: Mapping[str, Any]) -> Iterable[tuple[tuple[Any, ...], Any]]:
    """Attribute paths with their values: `name`, or `tuple:('name', 'step', 0)`."""
    for key, value in stored.items():
        if not key.startswith(_TUPLE):
            yield (key,), value
            continue
        try:
            path = ast.literal_eval(key.removeprefix(_TUPLE))
        except (ValueError, SyntaxError):
            continue
        if isinstance(path, tuple):
            yield path, value


def unknown_types(builder: blueprint.Builder, material: definitions.Material) -> set[str]:
    """The types in a template that are not there."""
    environment, _ = environments.parse(material.environment, "environment")
    environment = builder.completed(environment)
    found: set[str] = set()
    for section, key in (("resources", "type"), ("Resources", "Type")):
        several = material.template.get(section) if isinstance(material.template, Mapping) else None
        for name, entry in several.items() if isinstance(several, Mapping) else ():
            if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str):
                continue
            findings = Findings()
            kind = builder.type_for(entry[key], name, environment, material.files, findings, Place)
            if kind is None and any(one.kind == "StackValidationFailed" for one in findings.errors):
                found.add(entry[key])
    return found
