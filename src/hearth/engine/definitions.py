"""Stored definitions: put into the store as documents, got back as blueprints."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.engine import context, run
from hearth.model.diagnostics import Findings, Place
from hearth.model.errors import Invalid
from hearth.model.part import WHOLE, Part
from hearth.resources import blueprint, contract, nested, partial, scopes
from hearth.resources.blueprint import Blueprint, Surroundings
from hearth.store import Store, documents, resources, stacks
from hearth.store.codec import Codec
from hearth.store.rows import DefinitionRow, ResourceRow, StackRow, TraversalRow
from hearth.template import environment as environments
from hearth.template import registry, template

#: Blueprints kept; one of 10,000 resources takes some 30 MB.
MOST_KEPT = 600
MOST_MEMBERS_KEPT = 20_000


@dataclasses.dataclass(frozen=True, slots=True)
class Material:
    """What a definition is made of, as plain data."""

    template: Any
    environment: Mapping[str, Any]
    files: Mapping[str, str]
    #: Of a definition that holds for a part only: which one the rest keeps, and the names of that.
    base_id: str | None = None
    left_out: Sequence[str] = ()
    part: Part = WHOLE
    #: Of such a definition of a nested stack: the definition of its owner's stack that it was made for.
    owner_id: str | None = None

    def layered(self, base_id: str | None, out: Collection[str], part: Part, owner_id: str | None = None) -> "Material":
        """The same for a definition that holds for a part only; `out`: what keeps the definition `base_id`."""
        return dataclasses.replace(
            self, base_id=base_id if out else None, left_out=sorted(out), part=part, owner_id=owner_id
        )


def put(
    connection: sa.Connection,
    codec: Codec,
    definition_id: str,
    stack_id: str,
    material: Material,
    at: float,
    *,
    secret: bool,
    generated: bool = False,
) -> None:
    """Store a definition of a stack. `generated`: a resource made its template, maybe of secret values."""
    row = DefinitionRow(
        id=definition_id,
        stack_id=stack_id,
        template_id=documents.put(
            connection,
            codec,
            material.template,
            secret=secret and generated and not isinstance(material.template, str),
        ),
        environment_id=documents.put(connection, codec, material.environment, secret=secret),
        files_id=documents.put(connection, codec, material.files),
        base_id=material.base_id,
        left_out=tuple(material.left_out),
        part=material.part.to_wire(),
        owner_id=material.owner_id,
    )
    stacks.insert_definition(connection, row, at)


def get(connection: sa.Connection, codec: Codec, definition_id: str) -> Material:
    """The material of a stored definition. Raises KeyError."""
    row = stacks.definition(connection, definition_id)
    return Material(
        documents.get(connection, codec, row.template_id),
        documents.get(connection, codec, row.environment_id),
        documents.get(connection, codec, row.files_id),
        row.base_id,
        row.left_out,
        Part.from_wire(row.part),
        row.owner_id,
    )


class Definitions:
    """Blueprints of stored definitions, kept while they are in use."""

    def __init__(self, store: Store, builder: blueprint.Builder) -> None:
        self._store = store
        self.builder = builder
        self._kept: dict[str, Blueprint] = {}

    async def blueprint(self, definition_id: str, stack: StackRow) -> Blueprint:
        """The blueprint of a stack's stored definition."""
        kept = self._kept.get(definition_id)
        if kept is not None:
            return kept
        codec = self._store.codec
        material = await self._store.read(lambda connection: get(connection, codec, definition_id))
        facade = await self._facade(stack)
        built = self.load(material, surroundings(stack, facade=facade), stored=True)
        if material.left_out or not material.part.is_whole:
            former = await self.blueprint(material.base_id, stack) if material.base_id is not None else None
            built = partial.combined(built, former, material.left_out, material.part)
        # Not before both layers are one: whoever asks meanwhile would take the upper one for all of it.
        self.keep(definition_id, built)
        return built

    async def _facade(self, stack: StackRow) -> Mapping[str, Any] | None:
        """What a nested stack may read of the resource that owns it; None for a stack of its own."""
        owner_id, codec = stack.owner_resource_id, self._store.codec
        if owner_id is None:
            return None

        def query(connection: sa.Connection) -> tuple[ResourceRow | None, StackRow | None]:
            row = resources.by_ids(connection, codec, [owner_id]).get(owner_id)
            return row, stacks.by_id(connection, row.stack_id) if row is not None else None

        row, owner = await self._store.read(query)
        if row is None or owner is None or row.definition_id is None:
            return {}
        built = await self.blueprint(row.definition_id, owner)
        member = built.members.get(row.name)
        policy = template.resolve(member.definition.update_policy, scopes.BLIND) if member is not None else {}
        return {"metadata": row.metadata, "deletion_policy": row.deletion_policy, "update_policy": policy}

    async def registry(self, definition_id: str) -> registry.Registry:
        """The registry of a stored definition, whatever has become of the rest of it."""
        kept = self._kept.get(definition_id)
        if kept is not None:
            return kept.environment.registry
        codec = self._store.codec
        material = await self._store.read(lambda connection: get(connection, codec, definition_id))
        environment, _ = environments.parse(material.environment, "environment")
        return self.builder.completed(environment).registry

    def load(self, material: Material, where: Surroundings, *, stored: bool = False) -> Blueprint:
        """The blueprint of the material alone: of a definition that holds for a part, its upper layer. Kept nowhere.

        `stored`: it is in use here; types of it may be gone since.
        """
        environment, findings = environments.parse(material.environment, "environment")
        built, problems = self.builder.build(material.template, environment, material.files, where, stored=stored)
        findings.extend(problems)
        if built is None:
            raise Invalid(findings.errors)
        return built

    async def reading_run(self, stack: StackRow, rows: Iterable[ResourceRow], surroundings: context.Context) -> run.Run:
        """A stack's rows with its present definition, to read references, attributes and outputs."""
        traversal = TraversalRow(0, stack.id, stack.action, stack.definition_id, None, None, stack.created_at)
        reading = run.Run(
            stack, traversal, await self.blueprint(stack.definition_id, stack), self.type_named, surroundings
        )
        reading.note(rows)
        return reading

    def type_named(self, type_name: str, built: Blueprint | None) -> contract.Resource | None:
        """The implementation of a type of a row whose resource is no longer wanted."""
        if type_name == nested.TemplateResource.made_as:
            return nested.LOST_TEMPLATE
        made: contract.Resource | None = self.builder.types.find(type_name)
        if made is not None:
            return made
        if built is not None:
            found = self.builder.type_for(type_name, "", built.environment, built.files, Findings(), Place)
            if found is not None:
                return found
        return nested.LOST_TEMPLATE if type_name.endswith((".yaml", ".template")) else None

    def keep(self, definition_id: str, built: Blueprint) -> None:
        """Remember a blueprint that will be asked for again."""
        self._kept[definition_id] = built
        members = sum(len(one.members) for one in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_KEPT or members > MOST_MEMBERS_KEPT):
            oldest = next(iter(self._kept))
            members -= len(self._kept.pop(oldest).members)

    def forget(self, definition_id: str) -> None:
        """Drop a blueprint that is not wanted any more."""
        self._kept.pop(definition_id, None)


def surroundings(stack: StackRow, region: str | None = None, facade: Mapping[str, Any] | None = None) -> Surroundings:
    """Where a stored stack stands."""
    return Surroundings(stack.id, stack.name, stack.project_id, region, stack.depth, facade)
