"""The application: a request's way from ASGI to a handler and its answer back.

In this order: version, path and method, token, project, policy, body, handler. Whatever is raised on the way is turned
into the answer by `problems`. The process mounts the application, alone or under a path of its own.
"""

import dataclasses
import functools
import re
import time
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hearth.api import inputs, links, openapi, policy, problems, routes, settings
from hearth.api.call import Call
from hearth.cloud import errors as cloud_errors
from hearth.cloud import passwords, tokens
from hearth.engine import service as services
from hearth.model import errors, pacing
from hearth.telemetry import requests, trail

_VERSION = re.compile(r"/(v\d+(?:\.\d+)?)(/.*)?", re.DOTALL)
_SERVED = ("v1", "v1.0")
_MEDIA_TYPE = "application/vnd.openstack.orchestration-v1.0"


def create_app(
    *,
    service: services.StackService,
    validator: tokens.TokenValidator,
    policy: policy.Policy,
    settings: settings.ApiSettings,
    pace: pacing.Pace | None = None,
    password_checker: passwords.PasswordChecker | None = None,
) -> ASGIApp:
    """The API as an ASGI application. It keeps nothing between requests but the pace of projects.

    `password_checker`: checks requests that carry a password in place of a token; None: they are not taken.
    """
    return requests.Watched(Api(service, validator, policy, settings, pace or pacing.Pace(), password_checker), "api")


@dataclasses.dataclass(frozen=True, slots=True)
class Api:
    """The ASGI application inside."""

    service: services.StackService
    validator: tokens.TokenValidator
    policy: policy.Policy
    settings: settings.ApiSettings
    pace: pacing.Pace
    password_checker: passwords.PasswordChecker | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:
            # The border of a request: the client gets an answer and the process goes on.
            response = problems.response(error, self._challenge(error))
        await response(scope, receive, send)

    def _challenge(self, error: Exception) -> dict[str, str]:
        if isinstance(error, (problems.Unauthenticated, cloud_errors.Unauthorized)):
            return {"WWW-Authenticate": f'Keystone uri="{self.settings.www_authenticate_uri}"'}
        if isinstance(error, pacing.TooFast):
            return error.headers
        return {}

    async def _answer(self, request: Request) -> Response:
        path = _path(request.scope)
        to = links.Links(links.base_url(request.scope))
        versioned = _VERSION.fullmatch(path)
        if versioned is None and _MEDIA_TYPE in request.headers.get("accept", ""):
            path = f"/v1{path}"
        elif versioned is not None and versioned[1] in _SERVED:
            path = f"/v1{versioned[2] or ''}"
        elif versioned is not None or path in ("/", "/versions"):
            return _versions(to)
        if path == "/v1/openapi.json" and request.method in ("GET", "HEAD"):
            return problems.as_json(openapi.document())
        found = routes.find(path)
        if found is None:
            return problems.as_text("There is nothing at this address.\n", 404)
        route, operations, params = found
        requests.routed(request.scope, route)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(operations)})
        operation = operations.get(request.method)
        if operation is None:
            refused = problems.MethodNotAllowed(f"{request.method} is not allowed here; {', '.join(operations)} is.")
            return problems.response(refused, {"Allow": ", ".join(operations)})
        identify = functools.partial(self._caller, request.headers, params["tenant_id"])
        caller = await identify()
        paced = self._paced(caller, request.method)
        if not caller.may_call(self.validator.rules.service_type, request.method, path):
            raise errors.Forbidden(
                f"The access rules of the application credential do not allow {request.method} {path}.",
                kind="HTTPForbidden",
            )
        if params["tenant_id"] != caller.project_id and not caller.is_admin:
            raise errors.Forbidden(
                f"The token is not for project {params['tenant_id']}, which the URL names.", kind="HTTPForbidden"
            )
        if operation.rule is not None:
            self.policy.require(caller, operation.rule)
        call = Call(
            service=self.service,
            policy=self.policy,
            settings=self.settings,
            caller=caller,
            params=params,
            query=QueryParams(request.scope["query_string"]),
            headers=request.headers,
            body=inputs.document(await self._body(request)),
            links=to,
            url=_url(to, request.scope, path),
            caller_now=identify,
        )
        response = await operation.handler(call)
        response.headers.update(paced)
        return response

    def _paced(self, caller: tokens.Caller, method: str) -> dict[str, str]:
        """Headers that tell how fast the caller may go on. Raises TooFast."""
        if caller.is_admin:
            return {}
        return self.pace.keep(caller.project_id or caller.user_id, method, time.monotonic())

    async def _caller(self, headers: Headers, project_id: str) -> tokens.Caller:
        token = headers.get("x-auth-token")
        if token:
            caller = await self.validator.validate(token, headers.get("x-service-token"))
            if caller is None:
                raise problems.Unauthenticated("The token is not valid, or no longer.")
        elif self.password_checker is not None and "x-auth-user" in headers:
            caller = await self._signed_in(self.password_checker, headers, project_id)
        else:
            raise problems.Unauthenticated("There is no token: send one in the header X-Auth-Token.")
        trail.named(caller.user_id, caller.project_id)
        is_admin = self.policy.is_admin(caller)
        return caller if caller.is_admin == is_admin else dataclasses.replace(caller, is_admin=is_admin)

    async def _signed_in(self, checker: passwords.PasswordChecker, headers: Headers, project_id: str) -> tokens.Caller:
        """Who sends a request with a password, in the project that the URL names."""
        login = passwords.Login(
            _written(headers, "x-auth-user"),
            _written(headers, "x-auth-key"),
            project_id,
            _written(headers, "x-user-domain-id") or "default",
            headers.get("x-auth-url"),
        )
        try:
            caller = await checker.check(login)
        except ValueError as error:
            raise errors.BadRequest(str(error)) from None
        if caller is None:
            # One text for all that may be wrong: who tries passwords is not told which part was right.
            raise problems.Unauthenticated(
                "The user of X-Auth-User cannot be signed in with this X-Auth-Key in the project that the URL names."
            )
        return caller

    async def _body(self, request: Request) -> bytes:
        if request.method == "GET":
            return b""
        limit = self.settings.max_json_body_size
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            parts.append(chunk)
        return b"".join(parts)


def _too_large(limit: int) -> errors.LimitExceeded:
    return errors.LimitExceeded(f"The request body is larger than the {limit} bytes allowed (max_json_body_size).")


def _written(headers: Headers, name: str) -> str:
    """A header as it was meant: clients send other letters than those of ASCII as UTF-8, or else as Latin-1."""
    value = headers.get(name, "")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _path(scope: Scope) -> str:
    """The path below the application's mount point, %-encoded as it was sent."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"], safe="/%:@!$&'()*+,;=~")
    root = quote(scope.get("root_path", ""), safe="/%:@!$&'()*+,;=~")
    return path.removeprefix(root) or "/"


def _url(to: links.Links, scope: Scope, path: str) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{to.base}{path}?{query}" if query else f"{to.base}{path}"


def _versions(to: links.Links) -> Response:
    version = {"id": "v1.0", "status": "CURRENT", "links": [links.link("self", f"{to.base}/v1/")]}
    return problems.as_json({"versions": [version]}, 300)
