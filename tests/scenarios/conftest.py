"""A whole engine in a test: real store, real bus, real types, no cloud. Tests read like what a user does."""

import asyncio
import contextlib
import pathlib
from typing import Any

import open_handle
import promises
import pytest
from cryptography.fernet import Fernet

from hearth.bus import memory
from hearth.cloud import credentials, settings, tokens
from hearth.engine import announcing, authority, context, definitions, runner, service
from hearth.engine import settings as engine_settings
from hearth.engine.queries import StackQuery
from hearth.engine.requests import StackRequest
from hearth.model.errors import HearthError, NotFound
from hearth.resources import blueprint, registry
from hearth.store import Unavailable, news, open_store, tables

PROJECT = "a0b1c2d3e4f5460798a9b0c1d2e3f405"

CALLER = tokens.Caller(
    user_id="u1",
    user_name="demo",
    user_domain_id="default",
    user_domain_name="Default",
    project_id=PROJECT,
    project_name="demo",
    project_domain_id="default",
    project_domain_name="Default",
    roles=("member", "reader"),
    is_admin=False,
    is_admin_project=False,
    token="token",
    expires_at=2**40,
)


class NoCloudAuthority(authority.Authority):
    """Scenarios of resources without a cloud need nobody's delegation."""

    async def delegate(self, caller: tokens.Caller) -> str:
        return "none"

    async def session_of(self, stack: Any) -> Any:
        return None

    async def caller_session(self, caller: tokens.Caller) -> Any:
        return None

    async def revoke(self, stack: Any) -> None:
        return None


class World:
    """One database with one service and any number of engines."""

    caller = CALLER
    #: Whether what happens is compared with a plan made before.
    plans_first = True

    def __init__(self, url: str, **chosen: Any) -> None:
        self.url = url
        #: The file of a SQLite database.
        self.path = pathlib.Path(url.removeprefix("sqlite:///"))
        self.key = Fernet.generate_key()
        self.settings = engine_settings.EngineSettings(**({"max_resources_per_stack": -1} | chosen))
        self.types = registry.TypeRegistry()
        self.types.add([open_handle.Handle])
        self._open()

    def _open(self) -> None:
        self.store = open_store(self.url, [self.key])
        self.bus = memory.MemoryBus()
        connector = credentials.Connector(
            settings.CloudSettings(
                auth_url="http://127.0.0.1:1/v3",
                service=settings.AuthSection("password", {"auth_url": "http://127.0.0.1:1/v3"}),
            )
        )
        self.context = context.Context(self.store, self.bus, connector, self.types, self.settings)
        builder = blueprint.Builder(
            self.types, self.settings.max_template_size, sealed=self.settings.encrypt_parameters_and_properties
        )
        self.kept = definitions.Definitions(self.store, builder)
        self.owners = NoCloudAuthority(self.context)
        self.service = service.StackService(self.context, self.kept, self.owners, lambda caller, name: True)
        self.announcer = announcing.Announcer(self.context, [news.EVENTS, news.NOTIFICATIONS])
        self.engines: list[runner.Engine] = []
        self.promises = promises.Promises(self)

    async def start_engine(self) -> runner.Engine:
        engine = runner.Engine(self.context, self.kept, self.owners)
        if not self.engines:
            self.announcer.start()
        await engine.start()
        self.engines.append(engine)
        return engine

    async def lose_plugins(self) -> None:
        """Start again with the types that Hearth has itself."""
        await self.close()
        self.types = registry.TypeRegistry()
        self._open()
        await self.start_engine()

    async def close(self) -> None:
        for engine in self.engines:
            with contextlib.suppress(Exception):
                await engine.stop()
        await self.service.stop()
        await self.announcer.stop()
        await self.bus.close()
        await self.context.connector.close()
        self.store.close()

    async def fill_disk(self) -> None:
        """Let the database grow no further: SQLite's own limit answers as a full disk does."""
        if not self.url.startswith("sqlite"):
            pytest.skip("only SQLite can be told how large it may become")
        await self._apart(_limit_to_present_size)

    async def stored(self) -> bytes:
        """Everything that the database holds; of SQLite every byte of its files, with what was overwritten since."""
        if self.url.startswith("sqlite"):
            return b"".join(one.read_bytes() for one in self.path.parent.iterdir() if one.is_file())
        return await self.store.read(_every_value)

    async def free_disk(self) -> None:
        await self._apart(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=4294967294"))

    async def _apart(self, work: Any) -> None:
        """Have something done although what shares its transaction does not fit on the full disk."""
        while True:
            with contextlib.suppress(Unavailable):
                return await self.store.write(work)

    def later(self, seconds: float) -> None:
        """Let time pass at once, for whatever looks at the clock from now on."""
        before = self.context.now
        self.context.now = lambda: before() + seconds

    # ---- what a user does ----

    async def create(self, template: Any, name: str = "stack", **more: Any) -> Any:
        request = StackRequest(stack_name=name, template=template, **more)
        planned = await self._planned(self.service.plan_create(CALLER, PROJECT, request))
        identity = await self.service.create_stack(CALLER, PROJECT, request)
        self.promises.note(planned, identity, {}, 0)
        return identity

    async def update(self, identity: Any, template: Any, *, patch: bool = False, **more: Any) -> None:
        request = StackRequest(template=template, **more)
        planned = await self._planned(self.service.plan_update(CALLER, identity, request, patch=patch))
        state = await self.promises.state(identity) if planned else ({}, 0)
        await self.service.update_stack(CALLER, identity, request, patch=patch)
        self.promises.note(planned, identity, *state)

    async def _planned(self, planning: Any) -> Any:
        """A plan; None for what is refused: the action says so itself."""
        if not self.plans_first:
            planning.close()
            return None
        try:
            return (await planning).document
        except HearthError:
            return None

    async def preview(self, identity: Any, template: Any, **more: Any) -> dict[str, set[str]]:
        request = StackRequest(template=template, **more)
        lists = await self.service.preview_update(CALLER, identity, request, patch=False, show_nested=False)
        return {name: {one["resource_name"] for one in several} for name, several in lists.items()}

    async def changes(self, identity: Any, template: Any) -> list[dict[str, Any]]:
        """Everything an update would do."""
        request = StackRequest(template=template)
        lists = await self.service.preview_update(CALLER, identity, request, patch=False, show_nested=False)
        return [one for several in lists.values() for one in several]

    async def nested_preview(self, identity: Any, template: Any, **more: Any) -> dict[str, list[str]]:
        """Names of all resources, nested ones too, by what an update would do to them."""
        request = StackRequest(template=template, **more)
        lists = await self.service.preview_update(CALLER, identity, request, patch=False, show_nested=True)
        return {name: [one["resource_name"] for one in several] for name, several in lists.items()}

    async def delete(self, identity: Any) -> None:
        planned = await self._planned(self.service.plan_delete(CALLER, identity))
        state = await self.promises.state(identity) if planned else ({}, 0)
        await self.service.delete_stack(CALLER, identity)
        self.promises.note(planned, identity, *state)

    async def show(self, identity: Any) -> dict[str, Any] | None:
        try:
            return await self.service.show_stack(CALLER, identity)
        except NotFound:
            return None

    async def until(self, identity: Any, *wanted: str, seconds: float = 20) -> dict[str, Any]:
        """Wait for a state of the stack; a state in which nothing goes on, if none is named."""
        async with asyncio.timeout(seconds):
            while True:
                stack = await self.show(identity)
                assert stack is not None
                status = stack["stack_status"]
                if status in wanted or (not wanted and not status.endswith("IN_PROGRESS")):
                    await self.promises.check(identity, status)
                    return stack
                if wanted and status.endswith("FAILED"):
                    raise AssertionError(f"{status}: {stack['stack_status_reason']}")
                await asyncio.sleep(0.01)

    async def until_resource(self, identity: Any, name: str, status: str, seconds: float = 20) -> None:
        """Wait for a state of one resource."""
        async with asyncio.timeout(seconds):
            while (await self.statuses(identity))[name] != status:  # noqa: ASYNC110 - the state is in the store
                await asyncio.sleep(0.01)

    async def inner(self, identity: Any, name: str, seconds: float = 20) -> Any:
        """The identity of the stack nested in a resource, as soon as there is one."""
        async with asyncio.timeout(seconds):
            while (found := (await self.resources(identity))[name]["nested_identity"]) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found

    async def resources(self, identity: Any, **more: Any) -> dict[str, dict[str, Any]]:
        found = await self.service.list_resources(CALLER, identity, **more)
        return {one["resource_name"]: one for one in found}

    async def statuses(self, identity: Any) -> dict[str, str]:
        return {name: one["resource_status"] for name, one in (await self.resources(identity)).items()}

    async def output(self, identity: Any, key: str) -> Any:
        return (await self.service.show_output(CALLER, identity, key))["output_value"]

    async def events(self, identity: Any) -> list[tuple[str, str]]:
        """Oldest first: (resource name, status)."""
        found = await self.service.list_events(CALLER, identity, sort_dir="asc")
        return [(one["resource_name"], one["resource_status"]) for one in found]

    @staticmethod
    def request(template: Any, **more: Any) -> StackRequest:
        return StackRequest(template=template, **more)

    @staticmethod
    def query(**chosen: Any) -> StackQuery:
        return StackQuery(**chosen)

    async def names(self) -> set[str]:
        return {one["stack_name"] for one in await self.service.list_stacks(CALLER, StackQuery())}


def _every_value(connection: Any) -> bytes:
    rows = (row for table in tables.metadata.tables.values() for row in connection.execute(table.select()))
    return b"\n".join(one if isinstance(one, bytes) else str(one).encode() for row in rows for one in row)


def _limit_to_present_size(connection: Any) -> None:
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


@pytest.fixture
async def world(database_url):
    made = World(database_url)
    await made.start_engine()
    yield made
    await made.close()


@pytest.fixture
def new_world(database_url):
    """A world with settings of the test's own, no engine started."""

    def make(**chosen: Any) -> World:
        return World(database_url, **chosen)

    return make
