"""Every property of every type with wrong values is refused at validation, at its place, as the declarations say.

One template a type holds a resource for each wrong value, so that all are checked at once. What only the cloud can tell
is asked of a service that has two things of every name.
"""

import asyncio
import dataclasses
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hearth.cloud import catalog, credentials, session, settings
from hearth.engine import lookups
from hearth.model import constraints
from hearth.model.diagnostics import Findings
from hearth.resources import blueprint, checks, findable, registry
from hearth.resources.schema import Property
from hearth.template import environment as environments

TYPES = registry.TypeRegistry()
NO_VALUE = object()
NONSENSE = "not § right"
#: Rules that every text obeys.
UNDEMANDING = ("test_constr", "nova.network")
#: Texts of which every pattern refuses one.
TEXTS = (NONSENSE, "", "x" * 300)
TYPED = [name for name in TYPES.names() if not TYPES.get(name).indifferent and TYPES.get(name).properties]


@dataclasses.dataclass(frozen=True)
class Case:
    """A wrong value: where it stands below the properties, where the problem is told, and in which words."""

    path: tuple[str | int, ...]
    value: Any
    words: str
    told_at: tuple[str | int, ...] | None = None

    def properties(self) -> dict[str, Any]:
        """Properties with only this value in them."""
        tree: Any = self.value
        for step in reversed(self.path):
            if tree is NO_VALUE:
                tree = {}
            else:
                tree = [tree] if isinstance(step, int) else {step: tree}
        return dict(tree)


def _cases(properties: Mapping[str, Property], path: tuple[str | int, ...] = ()) -> Iterator[Case]:
    yield Case((*path, "no_such_property"), 1, "There is no property 'no_such_property'")
    for name, declared in properties.items():
        if declared.moved_to is not None:
            continue  # told under the present name
        if not declared.implemented:
            yield Case((*path, name), "x", "is not implemented")
            continue
        if declared.required:
            yield Case((*path, name), NO_VALUE, f"The property {name!r} is required", path)
        yield from _wrong_values(declared, (*path, name))


#: A value that is not of the type, and what is said of it.
_WRONG: Mapping[type, tuple[Any, str]] = {
    str: ({"a": "b"}, "is not text"),
    int: ("much", "is not an integer"),
    float: ("much", "is not a number"),
    bool: ("perhaps", "is not true or false"),
    list: (7, "is not a list"),
    dict: (7, "is not a map"),
}


def _wrong_values(declared: Property, path: tuple[str | int, ...]) -> Iterator[Case]:
    if declared.kind in _WRONG:
        yield Case(path, *_WRONG[declared.kind])
    for limit in declared.constraints:
        yield from (Case(path, value, words) for value, words in _beyond(declared, limit))
    if declared.items is not None:
        yield from _wrong_values(declared.items, (*path, 0))
    elif declared.fields:
        yield from _cases(declared.fields, path)


def _beyond(declared: Property, limit: constraints.Constraint) -> Iterator[tuple[Any, str]]:
    """Values of the right type that a constraint refuses."""
    if isinstance(limit, constraints.Range):
        yield from ((edge, "must be") for edge in _neighbours(limit.min, limit.max))
    elif isinstance(limit, constraints.Length):
        item: Any = "x" if declared.kind is str else ["x"]
        yield from ((item * int(edge), "has length") for edge in _neighbours(limit.min, limit.max) if edge >= 0)
    elif isinstance(limit, constraints.AllowedValues):
        value: Any = {str: NONSENSE, list: [NONSENSE]}.get(declared.kind, 98765)
        yield value, "is not an allowed value"
    elif isinstance(limit, constraints.AllowedPattern):
        yield next(text for text in TEXTS if limit.check(text)), "does not match the pattern"
    elif isinstance(limit, constraints.Custom) and limit.name in checks.CHECKS and limit.name not in UNDEMANDING:
        yield NONSENSE, ""


def _neighbours(low: float | None, high: float | None) -> Iterator[float]:
    if low is not None:
        yield low - 1
    if high is not None:
        yield high + 1


def _examined(name: str, several: list[dict[str, Any]]) -> tuple[blueprint.Blueprint | None, Findings]:
    """A template with one resource for each of the properties."""
    template = {
        "heat_template_version": "2018-08-31",
        "resources": {f"r{at}": {"type": name, "properties": one} for at, one in enumerate(several)},
    }
    builder = blueprint.Builder(TYPES, 10_000_000)
    text = json.dumps(template, indent=1)
    return builder.examine(text, environments.Environment(), {}, blueprint.Surroundings.nowhere())


@pytest.mark.parametrize("name", TYPED)
def test_wrong_values_are_refused_at_their_place(name: str) -> None:
    cases = list(_cases(TYPES.get(name).properties))
    _, findings = _examined(name, [case.properties() for case in cases])
    told: dict[tuple[str | int, ...], list[str]] = {}
    for one in findings.errors:
        assert one.place.line > 0, "every problem has its line"
        told.setdefault(one.place.path, []).append(one.message)
    missed = []
    for at, case in enumerate(cases):
        place = ("resources", f"r{at}", "properties", *(case.path if case.told_at is None else case.told_at))
        # What is missing is told at the nearest place that is written.
        messages = [message for path, several in told.items() if path == place for message in several]
        if not any(case.words in message for message in messages):
            missed.append((case.path, case.value if case.value is not NO_VALUE else "(missing)", messages))
    assert missed == [], "\n".join(map(str, missed))


# ---- what only the cloud can tell ----


def _looked_up(properties: Mapping[str, Property], path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, str]]:
    for name, declared in properties.items():
        for one, at in ((declared, (*path, name)), (declared.items, (*path, name, 0))):
            if one is None or one.moved_to is not None or not one.implemented:
                continue
            if one.lookup in findable.FINDERS:
                yield (*at, 0) if one.kind is list else at, str(one.lookup)
            yield from _looked_up(one.fields, at)


def _published(name: str) -> Any:
    """What a service lists of a kind: two things of one name, in its own form."""
    finder = findable.FINDERS[name]
    several = [{finder.name: "twin", finder.identity: f"{finder.identity}{at}"} for at in (1, 2)]
    if finder.within:
        return {finder.plural: [{finder.name: "twin", finder.within: several}]}
    return {finder.plural: [{finder.inner: one} if finder.inner else one for one in several]}


async def _answer(request: Request) -> JSONResponse:
    _, service, path = request.url.path.split("/", 2)
    answer = {}
    for name, finder in findable.FINDERS.items():
        # Some paths begin with a version.
        if finder.service == service and f"/{path}".endswith(finder.path):
            answer |= _published(name)
    if "marker" in request.query_params:
        answer = {plural: [] for plural in answer}
    return JSONResponse(answer, 200 if answer else 404)


@pytest.fixture
async def twins(cloud_url: str) -> AsyncIterator[session.Session]:
    """A session of a cloud whose services have two things of every kind, both named "twin"."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=[Route("/{path:path}", _answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    auth_url = f"{cloud_url}/identity/v3"
    options = {"auth_url": auth_url, "username": "admin", "password": "secret", "user_domain_name": "Default",
               "project_name": "admin", "project_domain_name": "Default"}  # fmt: skip
    kinds = {finder.service for finder in findable.FINDERS.values()}
    connector = credentials.Connector(
        settings.CloudSettings(
            auth_url=auth_url,
            service=settings.AuthSection("password", options),
            endpoint_overrides={catalog.official(kind): f"{url}/{kind}" for kind in kinds},
        )
    )
    yield await connector.session(credentials.ServiceUser())
    await connector.close()
    server.should_exit = True
    await task
    listener.close()


async def test_names_of_nothing_and_of_several_things_are_refused_at_their_place(twins: session.Session) -> None:
    missed = []
    for name in TYPED:
        wanted = list(_looked_up(TYPES.get(name).properties))
        cases = [Case(path, value, "") for path, _ in wanted for value in ("twni", "twin")]
        built, _ = _examined(name, [case.properties() for case in cases])
        findings = Findings()
        assert built is not None
        await lookups.confirm(twins, built.checks, findings)
        told = {one.place.path: f"{one.message} {one.advice}" for one in findings}
        for at, case in enumerate(cases):
            finder = findable.FINDERS[wanted[at // 2][1]]
            message = told.get(("resources", f"r{at}", "properties", *case.path), "")
            if case.value == "twni":
                expected = f"There is no {finder.noun} with the {finder.known_by} 'twni'."
            elif finder.by_reference or finder.identity == finder.name:
                continue  # known by what is unique
            else:
                expected = f"2 {finder.nouns} have the name 'twin'; use one of their ids: {finder.identity}1, "
            if not message.startswith(expected):
                missed.append((name, case.path, case.value, message))
    assert missed == [], "\n".join(map(str, missed))
