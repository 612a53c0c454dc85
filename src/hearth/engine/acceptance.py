"""Checks everything about a wanted definition before it is stored: texts, types, limits, what the cloud knows."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.cloud import tokens
from hearth.engine import (
    authority,
    availability,
    context,
    definitions,
    inputs,
    lookups,
    preview,
)
from hearth.engine.requests import StackRequest
from hearth.model import names
from hearth.model.diagnostics import Findings
from hearth.model.errors import (
    Forbidden,
    Invalid,
    LimitExceeded,
    StackExists,
)
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.resources.blueprint import Blueprint, Check, Surroundings
from hearth.store import quotas, stacks
from hearth.store.rows import StackRow

R = TypeVar("R")


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """A definition in which nothing is wrong. `checks`: what was asked of the cloud; `types`: all in the tree."""

    built: Blueprint
    checks: Sequence[Check]
    types: frozenset[str]


class Acceptance:
    """Says whether a request can become a stack, and what of."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        may_use_type: Callable[[tokens.Caller, str], bool],
        available: availability.Availability,
    ) -> None:
        """`may_use_type`: the operator's policy for resource types."""
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners
        self._may_use_type = may_use_type
        self._availability = available

    async def new_stack(
        self, caller: tokens.Caller, tenant: str, request: StackRequest
    ) -> tuple[StackRow, definitions.Material, Accepted]:
        """Check everything about a wanted stack. Nothing is stored."""
        name = request.stack_name or ""
        project_id = caller.project_id if not caller.is_admin else tenant
        if project_id is None:
            raise Forbidden("The token has no project: stacks belong to projects.")
        if not names.STACK_NAME.fullmatch(name):
            findings = Findings()
            findings.add(
                f"Invalid stack name {name}: must start with a letter, contain letters, digits, '_', '.' and '-' only, "
                "and have at most 255 characters"
            )
            raise Invalid(findings)
        request = await self.completed(caller, request)
        environment = inputs.environment_of(request, self._store.codec)
        template = inputs.template_of(request)
        material = definitions.Material(template, environment.to_wire(), dict(request.files))
        stack_id, now = self._context.new_id(), self._context.now()
        # What adopted objects were once made of need not be there any more.
        is_new = request.adopt_stack_data is None
        where = Surroundings(stack_id, name, project_id, None, 0)
        accepted = await self.checked(caller, material, where, look_up=is_new)
        built = accepted.built
        material = dataclasses.replace(material, template=built.template.raw, files=built.files)
        await self.check_quota(caller, project_id, name)
        stack = StackRow(
            id=stack_id,
            name=name,
            project_id=project_id,
            user_id=caller.user_id,
            username=caller.user_name,
            credential_id=None,
            owner_id=None,
            owner_resource_id=None,
            owner_resource_name=None,
            root_id=stack_id,
            depth=0,
            action=Action.CREATE,
            status=Status.IN_PROGRESS,
            reason="",
            created_at=now,
            updated_at=None,
            deleted_at=None,
            timeout_mins=request.timeout_mins or None,
            disable_rollback=True if request.disable_rollback is None else request.disable_rollback,
            tags=list(request.tags or ()),
            description=built.template.description,
            definition_id=self._context.new_id(),
            previous_definition_id=None,
            traversal_id=None,
            stack_user_project_id=None,
            convergence=self._context.settings.convergence_engine,
        )
        return stack, material, accepted

    async def check_quota(self, caller: tokens.Caller, project_id: str, name: str) -> None:
        """Refuse early what `require_room` would refuse, before anything is done for it."""

        def query(connection: sa.Connection) -> None:
            if stacks.by_name(connection, project_id, name) is not None:
                raise StackExists(name)
            self._require_room(connection, caller, project_id)

        await self._store.read(query)

    def require_room(self, connection: sa.Connection, caller: tokens.Caller, project_id: str) -> None:
        """In the transaction that stores a new stack: whether the project may have one more."""
        quotas.take_turn(connection, project_id)
        self._require_room(connection, caller, project_id)

    def _require_room(self, connection: sa.Connection, caller: tokens.Caller, project_id: str) -> None:
        limit = self._context.settings.max_stacks_per_tenant
        if limit < 0 or caller.is_admin:
            return
        if stacks.count_roots(connection, project_id) >= limit:
            raise LimitExceeded(f"You have reached the maximum stacks per tenant, {limit}. Please delete some stacks.")

    async def checked(
        self, caller: tokens.Caller, material: definitions.Material, where: Surroundings, *, look_up: bool = True
    ) -> Accepted:
        """The blueprint of a definition in which nothing is wrong, here and in the cloud; nested ones included.

        `look_up`: whether what it refers to must be in the cloud.

        Raises:
            Invalid: with every problem found.
        """

        def look(given: definitions.Material) -> tuple[preview.Tree, tuple[Blueprint | None, Findings]]:
            tree = preview.Tree(self._definitions.builder, self._context.settings)
            return tree, tree.check(given, where)

        _, tree, (built, findings) = await self.with_remote_files(material, look)
        if (tree.checks or tree.asking) and look_up:
            await self._confirm(caller, tree, findings)
        if tree.needs_services:
            session = await self._authority.caller_session(caller)
            await self._availability.check(session, tree.needs_services, findings)
        if built is None or findings.errors:
            raise Invalid(findings.errors)
        self.need_types(caller, tree.types)
        return Accepted(built, tree.checks, frozenset(tree.types))

    async def _confirm(self, caller: tokens.Caller, tree: preview.Tree, findings: Findings) -> None:
        """Note what the cloud does not know. A cloud that cannot be asked hides no problem found without it."""
        try:
            session = await self._authority.caller_session(caller)
            await lookups.confirm(session, tree.checks, findings)
            for built, member in tree.asking:
                place = dataclasses.replace(member.definition.place(), path=())
                for issue in await member.type.confirm(preview.unborn_call(built, member, session)):
                    findings.add(issue.message, place, advice=issue.advice)
        except (cloud_errors.CloudError, contract.ResourceFailure):
            if not findings.errors:
                raise

    async def completed(self, caller: tokens.Caller, request: StackRequest) -> StackRequest:
        """The request with the files of its container."""
        if not request.files_container:
            return request
        return await inputs.with_container(request, await self._authority.caller_session(caller))

    async def with_remote_files(
        self,
        material: definitions.Material,
        look: Callable[[definitions.Material], tuple[preview.Tree, R]],
    ) -> tuple[definitions.Material, preview.Tree, R]:
        """What a look gives once all templates it names by URL are among the files; each is fetched once."""
        settings = self._context.settings
        while True:
            given = material
            # In a thread, so that other requests go on: few lines of template can be seconds of work.
            tree, result = await asyncio.to_thread(look, given)
            missing = tree.unfetched - material.files.keys()
            if not missing:
                return material, tree, result
            texts = await inputs.fetched(missing, settings.fetch_rules, settings.max_template_size)
            material = dataclasses.replace(material, files={**material.files, **texts})

    def need_types(self, caller: tokens.Caller, type_names: Iterable[str]) -> None:
        refused = sorted(name for name in set(type_names) if not self._may_use_type(caller, name))
        if refused:
            raise Forbidden(f"You are not authorized to use resource type {', '.join(refused)}.")

    @staticmethod
    def needs_cloud(built: Blueprint) -> bool:
        needs = any(member.type.external or member.type.nests for member in built.members.values())
        return needs or bool(built.environment.event_sinks)
