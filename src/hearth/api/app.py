"""The application: a request's way from ASGI to a handler and its answer back.

In this order: version, path and method, token, project, policy, body, handler. Whatever is raised on the way is turned
into the answer by `problems`. The process mounts the application, alone or under a path of its own.
"""

import dataclasses
import re
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from hearth.api import inputs, links, policy, problems, routes, settings
from hearth.api.call import Call
from hearth.cloud import errors as cloud_errors
from hearth.cloud import session, tokens
from hearth.engine import service as services
from hearth.model import errors

_VERSION = re.compile(r"/(v\d+(?:\.\d+)?)(/.*)?")
_SERVED = ("v1", "v1.0")
_GLOBAL_ID = re.compile(r"req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MEDIA_TYPE = "application/vnd.openstack.orchestration-v1.0"


def create_app(
    *,
    service: services.StackService,
    validator: tokens.TokenValidator,
    policy: policy.Policy,
    settings: settings.ApiSettings,
) -> Starlette:
    """The API as an ASGI application. It keeps nothing between requests."""
    return Starlette(routes=[Mount("/", app=Api(service, validator, policy, settings))])


@dataclasses.dataclass(frozen=True, slots=True)
class Api:
    """The ASGI application inside."""

    service: services.StackService
    validator: tokens.TokenValidator
    policy: policy.Policy
    settings: settings.ApiSettings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = session.new_request_id()
        # The id that the client gave, or ours, goes along with every call this request causes.
        given = request.headers.get("x-openstack-request-id", "")
        session.request_id.set(given if _GLOBAL_ID.fullmatch(given) else request_id)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception as error:
            # The border of a request: the client gets an answer and the process goes on.
            response = problems.response(error, request_id, self._challenge(error))
        response.headers["x-openstack-request-id"] = request_id
        await response(scope, receive, send)

    def _challenge(self, error: Exception) -> dict[str, str]:
        if isinstance(error, (problems.Unauthenticated, cloud_errors.Unauthorized)):
            return {"WWW-Authenticate": f'Keystone uri="{self.settings.www_authenticate_uri}"'}
        return {}

    async def _answer(self, request: Request) -> Response:
        path = _path(request.scope)
        if path == "/healthcheck" and request.method in ("GET", "HEAD"):
            await self.service.healthy()
            return problems.as_text("OK\n", 200)
        to = links.Links(links.base_url(request.scope, proxy_headers=self.settings.proxy_headers))
        versioned = _VERSION.fullmatch(path)
        if versioned is None and _MEDIA_TYPE in request.headers.get("accept", ""):
            path = f"/v1{path}"
        elif versioned is not None and versioned[1] in _SERVED:
            path = f"/v1{versioned[2] or ''}"
        elif versioned is not None or path in ("/", "/versions"):
            return _versions(to)
        found = routes.find(path)
        if found is None:
            return problems.as_text("There is nothing at this address.\n", 404)
        operations, params = found
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(operations)})
        operation = operations.get(request.method)
        if operation is None:
            refused = problems.MethodNotAllowed(f"{request.method} is not allowed here; {', '.join(operations)} is.")
            return problems.response(refused, "", {"Allow": ", ".join(operations)})
        caller = await self._caller(request.headers)
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
            body=inputs.document(await self._body(request)),
            links=to,
            url=_url(to, request.scope, path),
        )
        return await operation.handler(call)

    async def _caller(self, headers: Headers) -> tokens.Caller:
        token = headers.get("x-auth-token")
        if not token:
            raise problems.Unauthenticated("There is no token: send one in the header X-Auth-Token.")
        caller = await self.validator.validate(token, headers.get("x-service-token"))
        if caller is None:
            raise problems.Unauthenticated("The token is not valid, or no longer.")
        is_admin = self.policy.is_admin(caller)
        return caller if caller.is_admin == is_admin else dataclasses.replace(caller, is_admin=is_admin)

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
