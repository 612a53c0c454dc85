"""One authenticated request, as the handlers see it."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from hearth.api import links, policy, problems, settings
from hearth.cloud import tokens
from hearth.engine import service as services
from hearth.model import errors, names


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """Everything a handler needs. `params`: the variable parts of the path; `body`: a JSON object, if one was sent."""

    service: services.StackService
    policy: policy.Policy
    settings: settings.ApiSettings
    caller: tokens.Caller
    params: Mapping[str, str]
    query: QueryParams
    headers: Headers
    body: dict[str, Any] | None
    links: links.Links
    #: The address asked for, with its query, for links to further pages.
    url: str
    #: Who sends it, asked anew: for answers that outlive a token.
    caller_now: Callable[[], Awaitable[tokens.Caller]]

    @property
    def tenant(self) -> str:
        """The project that is worked in: the caller's own, whatever the URL of an administrator says."""
        return self.caller.project_id or self.params["tenant_id"]

    @property
    def identity(self) -> names.StackIdentity:
        """The stack that the URL names."""
        return names.StackIdentity(self.params["tenant_id"], self.params["stack_name"], self.params["stack_id"])

    def needed_body(self) -> dict[str, Any]:
        """The body. Raises BadRequest when there is none."""
        if self.body is None:
            raise errors.BadRequest("The request has no body; a JSON object is needed.")
        return self.body

    def json(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """An answer with a JSON body."""
        return problems.as_json(body, status, headers)
