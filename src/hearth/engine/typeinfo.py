"""What resource types there are and what they take, for a caller whose catalog may lack some services."""

from typing import Any

from hearth.cloud import tokens
from hearth.engine import authority, availability, context
from hearth.model.errors import HearthError, NotFound, NotSupported
from hearth.resources import base, describing


class TypeUnavailable(HearthError):
    """The type's service is not in the catalog, or lacks an extension."""

    kind = "ResourceTypeUnavailable"
    status = 400


class TypeInfo:
    """Answers questions about resource types."""

    def __init__(
        self, surroundings: context.Context, owners: authority.Authority, available: availability.Availability
    ) -> None:
        self._types = surroundings.types
        self._authority = owners
        self._availability = available

    async def listed(
        self,
        caller: tokens.Caller,
        *,
        support_status: str | None,
        name: str | None,
        version: str | None,
        with_description: bool,
    ) -> list[Any]:
        """Types available to the caller; `name` is a regular expression that must match from the start."""
        session = await self._authority.caller_session(caller)
        kinds = self._types.listed(status=support_status, pattern=name, since=version)
        available = [kind for kind in kinds if not await self._availability.refusal(session, kind, kind.type_name)]
        if with_description:
            return [
                {"resource_type": kind.type_name, "description": describing.description(kind)} for kind in available
            ]
        return [kind.type_name for kind in available]

    def name_of(self, name: str) -> str:
        """The own name of the type that is called so, or the name itself when there is none."""
        kind = self._types.find(name)
        return kind.type_name if kind is not None else name

    async def schema(self, caller: tokens.Caller, type_name: str) -> dict[str, Any]:
        """Properties and attributes of a type."""
        return describing.schema_to_wire(await self._known(caller, type_name), type_name)

    async def template(self, caller: tokens.Caller, type_name: str, template_type: str) -> dict[str, Any]:
        """A template made of a type."""
        kind = await self._known(caller, type_name)
        return describing.template_of(kind, type_name, "hot" if template_type == "hot" else "cfn")

    async def _known(self, caller: tokens.Caller, type_name: str) -> base.Base:
        kind = self._types.find(type_name)
        if kind is None:
            raise NotFound("Resource Type", type_name)
        if describing.is_hidden(kind):
            raise NotSupported(f"The schema of the hidden resource type {type_name}")
        session = await self._authority.caller_session(caller)
        if refusal := await self._availability.refusal(session, kind, type_name):
            raise TypeUnavailable(refusal)
        return kind
