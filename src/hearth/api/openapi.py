"""The API described by itself, an OpenAPI 3.1 document: made of the table of routes and of what handlers do.

Served at /v1/openapi.json, to everybody as version discovery is; also part of the reference pages. Pure.
Spec: https://spec.openapis.org/oas/v3.1.1.html
"""

import functools
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import hearth
from hearth.api import described, problems, routes

_VARIABLE = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
#: Whatever the operation: what can go wrong.
_ERRORS = (400, 401, 403, 404, 409, 429, 500, 503)
_ERROR = described.having(
    code={"type": "integer"},
    title=described.TEXT,
    explanation=described.TEXT,
    error=described.having(type=described.TEXT, message=described.TEXT),
)


@functools.cache
def document() -> Mapping[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {path: {"get": _open(path, *said)} for path, said in described.OPEN.items()}
    for route, operations in routes.ROUTES.items():
        for path in _written_out(route):
            at = paths.setdefault(path, {})
            for method, operation in operations.items():
                at.setdefault(method.lower(), _operation(path, method, operation))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hearth orchestration API", "version": hearth.__version__},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
            "schemas": {"Error": _ERROR},
            "responses": {str(status): _error(status) for status in _ERRORS},
        },
    }


def _written_out(route: str) -> Iterator[str]:
    """The paths a route stands for: words written out one by one, patterns left to the plain variable."""
    found = next((one for one in _VARIABLE.finditer(route) if one[2] is not None), None)
    if found is None:
        yield route
        return
    for word in found[2].split("|"):
        if re.fullmatch(r"[a-z]+", word):
            yield from _written_out(route[: found.start()] + word + route[found.end() :])


def _operation(path: str, method: str, operation: routes.Operation) -> dict[str, Any]:
    said = described.DESCRIBED[operation.handler]
    shown: dict[str, Any] = {
        "operationId": f"{method.lower()}:{path}",
        "summary": (inspect.getdoc(operation.handler) or "").partition("\n")[0],
        "tags": [operation.handler.__module__.rpartition(".")[2]],
        "parameters": [_parameter("path", name, described.TEXT) for name, _ in _VARIABLE.findall(path)],
        "responses": {str(status): _answer(said, status, body) for status, body in said.answers.items()}
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
    }
    shown["parameters"] += [_parameter("query", name, schema) for name, schema in said.query.items()]
    if operation.rule is not None:
        shown["x-policy-rule"] = operation.rule
    if said.body is not None:
        shown["requestBody"] = {
            "required": said.needs_body,
            "content": {"application/json": {"schema": said.body}},
        }
    return shown


def _open(path: str, summary: str, said: described.Described) -> dict[str, Any]:
    return {
        "operationId": f"get:{path}",
        "summary": summary,
        "tags": ["open"],
        "parameters": [],
        "responses": {str(status): _answer(said, status, body) for status, body in said.answers.items()},
        "security": [],
    }


def _parameter(where: str, name: str, schema: described.Schema) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def _answer(said: described.Described, status: int, body: described.Schema | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": problems.title(status)}
    if body is not None:
        shown["content"] = {said.media: {"schema": body}}
    if status == 302:
        shown["headers"] = {"Location": {"schema": described.TEXT}}
    return shown


def _error(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": problems.title(status), "content": {"application/json": {"schema": schema}}}
