"""What a request wants a stack to be: the definition checked, and the columns of the stack that go with it.

The first half of every change, of its preview and of its plan. Nothing is stored, and nothing delegated.
"""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from hearth.cloud import tokens
from hearth.engine import acceptance, adoption, context, definitions, inputs, preview, treating
from hearth.engine.requests import StackRequest
from hearth.model.errors import NotSupported
from hearth.model.part import Part
from hearth.model.states import UPDATE_REFUSED_DURING, Action
from hearth.resources import partial
from hearth.resources.blueprint import Blueprint
from hearth.store.rows import StackRow


@dataclasses.dataclass(slots=True)
class Wish:
    """A definition wanted for a stack. `before`: the blueprint it has now; `adopted`: the document it is made of.

    `columns`: of an existing stack, what is stored with the action. `protection`: from deletion; None: as it is.
    """

    stack: StackRow
    action: Action
    material: definitions.Material
    accepted: acceptance.Accepted
    definition_id: str
    before: Blueprint | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    adopted: Mapping[str, Any] | None = None
    protection: bool | None = None

    @property
    def built(self) -> Blueprint:
        """The blueprint wanted."""
        return self.accepted.built


class Wishes:
    """Understands requests."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, accepting: acceptance.Acceptance
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._acceptance = accepting

    async def of_new(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> Wish:
        """A new stack."""
        request, document = self._adopting(request)
        stack, material, accepted = await self._acceptance.new_stack(caller, tenant, request)
        action = Action.CREATE if document is None else Action.ADOPT
        accepted, material = _partly(request, accepted, material, None, None)
        protection = request.deletion_protection
        return Wish(stack, action, material, accepted, stack.definition_id, adopted=document, protection=protection)

    def _adopting(self, request: StackRequest) -> tuple[StackRequest, Mapping[str, Any] | None]:
        """The request completed by the document that it adopts, if it adopts one."""
        if request.adopt_stack_data is None:
            return request, None
        if not self._context.settings.enable_stack_adopt:
            raise NotSupported("Stack Adopt", "Whoever runs this service can allow it (enable_stack_adopt).")
        document = adoption.read(request.adopt_stack_data)
        return adoption.request_of(request, document, self._store.codec), document

    async def of_update(self, caller: tokens.Caller, stack: StackRow, request: StackRequest, *, patch: bool) -> Wish:
        """Another definition of a stack. `patch`: what the request does not name stays."""
        if stack.action in UPDATE_REFUSED_DURING:
            raise NotSupported(f"Updating a stack when it is in {stack.action}_{stack.status} state")
        codec = self._store.codec
        patch = patch or request.existing
        request = await self._acceptance.completed(caller, request)
        if patch:
            stored = await self._store.read(lambda c: definitions.get(c, codec, stack.definition_id))
            material = inputs.patched(request, stored, codec)
        else:
            environment = inputs.environment_of(request, codec)
            material = definitions.Material(inputs.template_of(request), environment.to_wire(), dict(request.files))
        accepted = await self._acceptance.checked(caller, material, definitions.surroundings(stack))
        built = accepted.built
        material = dataclasses.replace(material, template=built.template.raw, files=built.files)
        before = await self._definitions.blueprint(stack.definition_id, stack)
        preview.check_immutable(before, built)
        paths: Collection[str] = ()
        if _is_partly(request):
            paths = treating.paths_inside(await self._store.read(lambda c: treating.scenes(c, codec, stack)))
        accepted, material = _partly(request, accepted, material, before, stack.definition_id, paths)
        built = accepted.built
        definition_id = self._context.new_id()
        columns: dict[str, Any] = {"definition_id": definition_id, "description": built.template.description}
        if request.timeout_mins:
            columns["timeout_mins"] = request.timeout_mins
        if request.disable_rollback is not None:
            columns["disable_rollback"] = request.disable_rollback
        if request.tags is not None or not patch:
            columns["tags"] = list(request.tags or ())
        wanted = dataclasses.replace(
            stack, description=columns["description"], timeout_mins=columns.get("timeout_mins", stack.timeout_mins)
        )
        protection = request.deletion_protection
        return Wish(wanted, Action.UPDATE, material, accepted, definition_id, before, columns, protection=protection)


def _partly(
    request: StackRequest,
    accepted: acceptance.Accepted,
    material: definitions.Material,
    before: Blueprint | None,
    base_id: str | None,
    paths_inside: Collection[str] = (),
) -> tuple[acceptance.Accepted, definitions.Material]:
    """The definition with what the request leaves out as it was. `paths_inside`: of what is nested now."""
    if not _is_partly(request):
        return accepted, material
    part = Part(tuple(request.targets), tuple(request.excludes))
    built, out = partial.applied(accepted.built, before, part, paths_inside)
    return dataclasses.replace(accepted, built=built), material.layered(base_id, out, part)


def _is_partly(request: StackRequest) -> bool:
    return bool(request.targets or request.excludes)
