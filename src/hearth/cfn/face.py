"""What the query APIs share: a request's way from ASGI to an action and its answer back.

In this order: path and method, signature, pace, policy, action. Whatever is raised on the way is turned into the answer
by `problems`. The process mounts a face, alone or under a path of its own; signatures cover that path.
"""

import abc
import dataclasses
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from hearth.cfn import answers, problems
from hearth.cfn import request as requests
from hearth.cloud import addresses, ec2, tokens
from hearth.engine import service as services
from hearth.model import pacing
from hearth.telemetry import requests as telemetry
from hearth.telemetry import trail

#: Asked before a request is carried out; raises Forbidden. Takes the caller and the name of a policy rule.
Require = Callable[[tokens.Caller, str], None]
#: Gives the result of an action: what stands in its element.
Act = Callable[[tokens.Caller, Mapping[str, str]], Awaitable[Any]]

#: How the names of actions begin that change nothing.
_READING = ("Describe", "Estimate", "Get", "List", "Validate")


@dataclasses.dataclass(frozen=True, slots=True)
class FaceSettings:
    """Sizes are bytes."""

    max_body_size: int
    max_template_size: int
    #: Where a TemplateURL may point.
    fetch_rules: addresses.FetchRules


@dataclasses.dataclass(frozen=True, slots=True)
class Face(abc.ABC):
    """The ASGI application of a query API."""

    service: services.StackService
    checker: ec2.SignatureChecker
    require: Require
    settings: FaceSettings
    pace: pacing.Pace = dataclasses.field(default_factory=pacing.Pace)

    #: What the names of its policy rules begin with.
    subject: ClassVar[str]

    @abc.abstractmethod
    def known(self) -> Mapping[str, Act]:
        """The actions by name; the policy rule of each is `<subject>:<name>`."""

    async def elsewhere(self, _request: Request, _path: str) -> Response:
        """The answer at a path that takes no actions."""
        return PlainTextResponse("There is nothing at this address.\n", 404)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        as_json = request.query_params.get("ContentType") == "JSON"
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:
            # The border of a request: the client gets an answer and the process goes on.
            response = answers.problem(problems.from_error(error), as_json=as_json)
            if isinstance(error, pacing.TooFast):
                response.headers.update(error.headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = _path(request.scope)
        if path in ("/", "/versions"):
            return _versions(request)
        if path in ("/v1", "/v1/"):
            return await self._act(request)
        return await self.elsewhere(request, path)

    async def _act(self, request: Request) -> Response:
        """An action of the query API."""
        if request.method not in ("GET", "POST"):
            return PlainTextResponse("This address takes GET and POST.\n", 405, {"Allow": "GET, POST"})
        read = await requests.read(request, self.settings.max_body_size, form=True)
        caller = await self.caller(read)
        name = read.params.get("Action", "")
        if not caller.is_admin:
            method = "GET" if name.startswith(_READING) else "POST"
            self.pace.keep(caller.project_id or caller.user_id, method, time.monotonic())
        known = self.known()
        act = known.get(name)
        if act is None:
            raise problems.Problem(
                "InvalidAction", f"There is no action {name!r}; there are {', '.join(sorted(known))}."
            )
        telemetry.routed(request.scope, f"/v1?Action={name}")
        self.require(caller, f"{self.subject}:{name}")
        result = await act(caller, read.params)
        return answers.answer(f"{name}Response", {f"{name}Result": result}, as_json=read.wants_json)

    async def caller(self, read: requests.CfnRequest) -> tokens.Caller:
        """Who signed a request. Raises problems.Problem."""
        caller = await self.checker.check(read.signed())
        if caller is None:
            raise problems.Problem("AccessDenied", "The key is not known, or the signature does not fit the request.")
        trail.named(caller.user_id, caller.project_id)
        if caller.access_rules is not None:
            raise problems.Problem("AccessDenied", "The key belongs to an application credential with access rules.")
        return caller


def _path(scope: Scope) -> str:
    """The path below the application's mount point, %-encoded as it was sent."""
    raw: str = scope["raw_path"].decode("latin-1").partition("?")[0]
    return raw.removeprefix(scope.get("root_path", "")) or "/"


def _versions(request: Request) -> Response:
    # Starlette's base_url leaves out where the application is mounted.
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '').rstrip('/')}"
    version = {"id": "v1.0", "status": "CURRENT", "links": [{"rel": "self", "href": f"{base}/v1/"}]}
    return Response(msgspec.json.encode({"versions": [version]}), 300, media_type="application/json")
