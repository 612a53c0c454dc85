"""Calls for types that reach no cloud, and a driver that takes resources through their verbs in the embedded cloud."""

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar, cast

import pytest
import pytest_asyncio
import uvicorn

from hearth.cloud import credentials, errors, microversions, session, settings
from hearth.localcloud import app
from hearth.localcloud.core import cloud as clouds
from hearth.model import names
from hearth.model.states import Action
from hearth.resources import checking, finders, registry
from hearth.resources.base import Base
from hearth.resources.contract import Busy, Call, Change, Decision, Drift, Gone, Observed, StackView, Values

TYPES = registry.TypeRegistry()
_LOOKS = 400
_PAUSE = 0.02
T = TypeVar("T")


@pytest.fixture
def make_call() -> Callable[..., Call]:
    """Makes a `Call` of the resource `thing`; keywords replace its fields."""

    def make(**fields: Any) -> Call:
        row = names.new_id()
        given: dict[str, Any] = {
            "name": "thing",
            "resource_id": row,
            "physical_name": names.physical_name("stack", "thing", row),
            "physical_id": None,
            "properties": {},
            "stack": StackView(names.new_id(), "stack", "project"),
            "cloud": cast("session.Session", None),  # no cloud is asked here
            "now": 1000.0,
        }
        return Call(**(given | fields))

    return make


@dataclasses.dataclass
class Driven:
    """One resource on its way through its verbs, as an engine would take it."""

    kind: Base
    call: Call
    #: What was seen when the last action was found done; attributes are kept of it.
    seen: Observed | None = None
    #: Seconds between two looks.
    pause: float = _PAUSE

    @property
    def id(self) -> str:
        """The physical id."""
        assert self.call.physical_id is not None
        return self.call.physical_id

    async def observe(self) -> Observed | None:
        """What the service says now; None when it is gone."""
        return (await self.kind.observe_many([self.call]))[self.call.resource_id]

    async def create(self) -> None:
        """Make the object and wait until it is what it shall be."""
        self.call.physical_id = await patiently(lambda: self.kind.create(self.call), self.pause)
        await self.settle()

    async def settle(self) -> None:
        """Look until the action is done."""
        if self.call.action not in self.kind.waits_on:
            return
        for _ in range(_LOOKS):
            observed = await self.observe()
            if observed is None and self.call.action is Action.DELETE:
                return
            if await self.kind.settle(self.call, observed) is None:
                self.seen = observed
                return
            await asyncio.sleep(self.pause)
        raise AssertionError(f"{self.kind.type_name} is not done with {self.call.action}: {observed}")

    async def update(self, **properties: Any) -> None:
        """Change properties in place; None takes one away."""
        before = self.call.properties
        given = {key: value for key, value in (before | properties).items() if value is not None}
        after = await checked(self.kind, given, self.call.cloud)
        changed = changes(before, after)
        self.call = dataclasses.replace(self.call, properties=after, previous=before, action=Action.UPDATE)
        new_id = await patiently(lambda: self.kind.update(self.call, Change(changed)), self.pause)
        self.call.physical_id = new_id or self.call.physical_id
        # A later look may be that of another process, which does not know what was before.
        self.call = dataclasses.replace(self.call, previous=None)
        await self.settle()

    async def attribute(self, name: str) -> Any:
        """The value of an attribute."""
        return await self.kind.attribute(self.call, name, None)

    async def find_again(self) -> str | None:
        """What a process finds that knows the row only."""
        lost = dataclasses.replace(self.call, physical_id=None, data={}, action=Action.CREATE)
        return await self.kind.find(lost)

    async def drift(self) -> Drift:
        """Where the object is not what its properties say."""
        return await self.kind.drift(self.call, await self.observe())

    def decide(self, properties: Values) -> Decision:
        """What such properties would mean."""
        return self.kind.decide(Change(changes(self.call.properties, properties)), self.call)

    async def put_back(self, drift: Drift) -> None:
        """Give the object what its properties say, as an update of a stack does that repairs drift."""
        wanted = self.call.properties
        present = {**wanted, **{name: one.actual for name, one in drift.differences.items()}}
        present = {name: value for name, value in present.items() if value is not None}
        self.call = dataclasses.replace(self.call, previous=present, action=Action.UPDATE)
        new_id = await patiently(lambda: self.kind.update(self.call, Change(changes(present, wanted))), self.pause)
        self.call.physical_id = new_id or self.call.physical_id
        await self.settle()

    async def make_way(self, wanted: Values) -> None:
        """Let it give up what an object of other properties is to have."""
        for _ in range(_LOOKS):
            if await patiently(lambda: self.kind.make_way(self.call, wanted), self.pause) is None:
                return
            await asyncio.sleep(self.pause)
        raise AssertionError(f"{self.kind.type_name} does not make way")

    async def delete(self) -> None:
        """Delete it and wait until it is gone; nothing where there is no object of it."""
        if self.call.physical_id is None:
            return
        self.call = dataclasses.replace(self.call, action=Action.DELETE)
        with contextlib.suppress(Gone):
            await patiently(lambda: self.kind.delete(self.call), self.pause)
            await self.settle()


async def patiently(verb: Callable[[], Awaitable[T]], pause: float) -> T:
    """What a verb gives when nothing else is in the midst of a change any more; `pause` is in seconds."""
    for _ in range(_LOOKS):
        try:
            return await verb()
        except (Busy, errors.Conflict) as busy:
            told = busy
            await asyncio.sleep(pause)
    raise AssertionError(f"it is busy for ever: {told}")


def changes(before: Values, after: Values) -> Values:
    """What differs, None for what is taken away."""
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return changed | {key: None for key in before if key not in after}


async def checked(kind: Base, given: dict[str, Any], cloud: session.Session) -> Values:
    """Properties checked and translated, as before a verb; whatever the cloud was asked before."""
    finders.forget(cloud)
    values, issues = checking.check(kind, given)
    assert [*issues, *kind.validate(values)] == []
    lookups = checking.lookups(kind, values)
    assert await finders.confirm(cloud, lookups) == []
    values, issues = await finders.translate(cloud, values, lookups)
    assert issues == []
    return values


class Driver:
    """Makes resources in a cloud."""

    def __init__(self, cloud: session.Session) -> None:
        self.cloud = cloud
        self.pause = _PAUSE

    async def request(self, service: str, method: str, path: str, **options: Any) -> None:
        """Act on the cloud directly, once it has ended what it is in the midst of."""
        await patiently(lambda: self.cloud.request(service, method, path, **options), self.pause)

    async def prepare(self, type_name: str, name: str = "thing", /, **properties: Any) -> Driven:
        """A resource before its create."""
        kind = TYPES.get(type_name)
        row = names.new_id()
        call = Call(
            name=name,
            resource_id=row,
            physical_name=names.physical_name("stack", name, row, kind.name_limit),
            physical_id=None,
            properties=await checked(kind, properties, self.cloud),
            stack=StackView(names.new_id(), "stack", str(self.cloud.project_id)),
            cloud=self.cloud,
            now=0.0,
        )
        return Driven(kind, call, pause=self.pause)

    async def make(self, type_name: str, name: str = "thing", /, **properties: Any) -> Driven:
        """A resource after its create."""
        made = await self.prepare(type_name, name, **properties)
        await made.create()
        return made


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """An embedded cloud, fresh and seeded, in which nothing takes long; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cloud = app.open_cloud(None, clouds.Settings(clock_rate=100.0), url)
    config = uvicorn.Config(app.create_app(cloud), log_config=None, lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield url
    server.should_exit = True
    await task
    listener.close()
    cloud.close()


@pytest.fixture
async def cloud_url() -> AsyncIterator[str]:
    """The address of an embedded cloud of the test's own."""
    async with serving() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drivers(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Driver]]:
    """For the users demo and admin in an embedded cloud that the tests of a module share, with their event loop.

    Or in the real one of `--auth-url`.
    """
    async with contextlib.AsyncExitStack() as stack:
        real = request.config.getoption("--auth-url")
        auth_url = real or f"{await stack.enter_async_context(serving())}/identity/v3"
        found = {user: await stack.enter_async_context(signed_in(auth_url, user)) for user in ("demo", "admin")}
        for driver in found.values():
            driver.pause = 0.5 if real else driver.pause
        yield found


@contextlib.asynccontextmanager
async def signed_in(auth_url: str, user: str, **chosen: Any) -> AsyncIterator[Driver]:
    """A driver that acts for a user in the project of the same name, as the engine does: by a trust to the user heat.

    `chosen`: further settings of the cloud.
    """
    options = {"auth_url": auth_url, "username": user, "password": "secret", "user_domain_name": "Default"}
    scope = {"project_name": user, "project_domain_name": "Default"}
    connector = credentials.Connector(
        settings.CloudSettings(
            auth_url=auth_url,
            service=settings.AuthSection("password", options | scope),
            trustee=settings.AuthSection("password", options | {"username": "heat"}),
            **chosen,
        )
    )
    own = await connector.session(credentials.ServiceUser())
    trust = credentials.Trust(await connector.create_trust(own))
    acting = await connector.session(trust)
    acting.own_token = own.token
    yield Driver(acting)
    await connector.delete_trust(trust, trust.trust_id)
    await connector.close()


@pytest.fixture
async def demo(cloud_url: str) -> AsyncIterator[Driver]:
    """The user demo."""
    async with signed_in(f"{cloud_url}/identity/v3", "demo") as driver:
        yield driver


@pytest.fixture
async def capped(cloud_url: str) -> AsyncIterator[Callable[[str, str], Awaitable[Driver]]]:
    """Gives the user admin whose services have a highest microversion: (official type, version)."""
    async with contextlib.AsyncExitStack() as stack:

        async def sign_in(kind: str, version: str) -> Driver:
            caps = {kind: microversions.Cap("[DEFAULT] max_of_the_service", version)}
            return await stack.enter_async_context(
                signed_in(f"{cloud_url}/identity/v3", "admin", highest_microversions=caps)
            )

        yield sign_in


@pytest.fixture
async def admin(cloud_url: str) -> AsyncIterator[Driver]:
    """The user admin."""
    async with signed_in(f"{cloud_url}/identity/v3", "admin") as driver:
        yield driver
