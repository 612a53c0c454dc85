"""One run of a story: a database, a cloud, a service, engines that die and are replaced, and a user with patience.

The user's requests go through the service as a face would pass them on. A service that dies takes its requests with it;
the user sends such a request again, as a client does whose connection was lost.
"""

import asyncio
import collections
import contextlib
import dataclasses
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from hearth.cloud import errors, tokens
from hearth.engine import authority, context, definitions, runner, service
from hearth.engine import settings as engine_settings
from hearth.engine.requests import StackRequest
from hearth.model.errors import NotFound, StackExists
from hearth.model.names import StackIdentity
from hearth.resources import blueprint, registry
from hearth.store import Unavailable, rows
from hearth.template import environment as environments
from simulation import database, invariants, messages, plans, reality, timeline, types
from simulation.chance import LATEST, Chance

R = TypeVar("R")

CALLER = tokens.Caller(
    user_id="u1",
    user_name="demo",
    user_domain_id="default",
    user_domain_name="Default",
    project_id=reality.PROJECT,
    project_name="demo",
    project_domain_id="default",
    project_domain_name="Default",
    roles=("member", "reader"),
    is_admin=False,
    is_admin_project=False,
    token="token",
    expires_at=2**40,
)

#: Virtual seconds after which a story that still waits has failed.
PATIENCE = 300.0


class Failed(AssertionError):
    """The story did not come out as it should."""


class _Builder(blueprint.Builder):
    """Builds each definition once for all runs: blueprints are values."""

    def __init__(self, known: registry.TypeRegistry) -> None:
        super().__init__(known, 524288)
        self._examined: dict[str, Any] = {}

    def examine(
        self, raw: Any, environment: environments.Environment, files: Any, surroundings: Any, **more: Any
    ) -> Any:
        """See `Builder.examine`."""
        place = [getattr(surroundings, one.name) for one in dataclasses.fields(surroundings) if one.compare]
        told = [raw, environment.to_wire(), dict(files), place]
        key = json.dumps([*told, more.get("name"), more.get("strict")], default=str)
        found = self._examined.get(key)
        if found is None:
            if len(self._examined) > 2000:
                self._examined.clear()
            found = self._examined[key] = super().examine(raw, environment, files, surroundings, **more)
        return found


class Ground:
    """What all runs of a test process share: types, parsed templates, an empty database."""

    def __init__(self) -> None:
        self.types = registry.TypeRegistry()
        self.types.add(types.TYPES)
        self.builder = _Builder(self.types)
        self.database = database.Database()


class World:
    """Everything in one run. Stories use `creates`, the stacks it gives, and `cloud`."""

    def __init__(
        self, ground: Ground, chance: Chance, loop: timeline.Timeline, *, verbose: bool = False, **chosen: Any
    ) -> None:
        self.chance = chance
        self.trace: list[str] = []
        self._ground = ground
        self._loop = loop
        self._ids: collections.Counter[str] = collections.Counter()  # drawn so far, by kind of process
        self.database = ground.database
        self.database.reset()
        self.cloud = reality.Reality(chance, loop, self.tell)
        self.crashes: list[str] = []
        self.left: list[str] = []  # resources whose objects are meant to stay behind
        self.lost: set[str] = set()  # resources whose objects are meant to be gone
        self.copies_left: list[str] = []  # resources of which copies are meant to stay behind
        self.defects: list[str] = []  # what the engine itself called a defect
        self.stacks: list[Stack] = []
        self._post = messages.Post(chance)
        self._waiting: list[asyncio.Future[None]] = []  # for the next commit
        self.database.changed = self._tell_changes if verbose else self._has_changed
        self._seen: dict[str, str] = {}
        self._processes = 0
        most = chance.choice(2000, 1, 2, 5, 2000)
        self.settings = engine_settings.EngineSettings(
            **{
                "engine_lease": 4.0,
                "max_claimed": most,
                "max_steps": chance.choice(200, 1, 200),
                "enable_stack_adopt": True,
                "enable_stack_abandon": True,
                "max_events_per_stack": 0,
                "lost_call_wait": LATEST + 10.0,
                # Each call of a step may go wrong twice (`chance.fault`), and some make half a dozen in a row.
                "temporary_retry_limit": 12,
                **chosen,
            }
        )
        self.engines: dict[timeline.Process, runner.Engine] = {}
        for _ in range(chance.number(1, 3)):
            self.start_engine()
        self._serving = self._start_service()

    def tell(self, text: str) -> None:
        """Note what happens."""
        self.trace.append(f"{self._loop.time():9.3f} {text}")

    def _tell_changes(self) -> None:
        """Note what a commit has changed."""
        self._has_changed()
        now: dict[str, str] = {}
        for one in self.database.look("SELECT id, name, action, status, traversal_id FROM stack"):
            now[f"stack {one[1]} {one[0][:4]}"] = f"{one[2]}_{one[3]} traversal {one[4]}"
        for one in self.database.look("SELECT id, name, action, status, physical_id, replaced_by FROM resource"):
            now[f"resource {one[1]} {one[0][:4]}"] = f"{one[2]}_{one[3]} {one[4]} {'replaced' if one[5] else ''}"
        for one in self.database.look("SELECT id, work, state, phase, unmet, resource_id FROM node"):
            now[f"node {one[0] >> 24}.{one[0] & 0xFFFFFF} {one[1]} of {one[5][:4]}"] = (
                f"{rows.NodeState(one[2]).name} {rows.Phase(one[3]).name}, {one[4]} unmet"
            )
        for key in sorted(self._seen.keys() | now.keys()):
            if self._seen.get(key) != now.get(key):
                self.tell(f"      {key}: {now.get(key, 'gone')}")
        self._seen = now

    def _has_changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def _changes(self, seconds: float) -> None:
        """Wait for a commit, but no longer than so many seconds."""
        future = self._loop.create_future()
        self._waiting.append(future)
        timer = self._loop.call_later(seconds, lambda: future.done() or future.set_result(None))
        await future
        timer.cancel()

    # ---- processes ----

    def _new_id(self, kind: str) -> str:
        """Ids that are the same in every run of a story, as far as runs are the same.

        Engines do not draw from those of services, so that the stacks of all runs have the same ids.
        """
        self._ids[kind] += 1
        number = 2 * self._ids[kind] + (kind == "service")
        mixed = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835) & ((1 << 128) - 1)
        digits = f"{mixed:032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def _process(
        self, name: str
    ) -> tuple[timeline.Process, context.Context, definitions.Definitions, authority.Authority]:
        self._processes += 1
        process = timeline.Process(f"{name}{self._processes}", self._loop, self._passes)
        door = process.run(database.Door, self.database, self.chance, process.boundary)
        surroundings = context.Context(
            store=door,
            wakeups=self._post,
            connector=reality.Connector(self.cloud),
            types=self._ground.types,
            settings=self.settings,
            now=self._loop.epoch,
            new_id=functools.partial(self._new_id, name),
            jitter=self.chance.jitter,
        )
        kept = definitions.Definitions(door, self._ground.builder)
        return process, surroundings, kept, authority.Authority(surroundings)

    def _passes(self, process: timeline.Process, what: str) -> bool:
        """A process comes to a boundary; whether it dies there."""
        dies = self.chance.crashes_here()
        self.tell(f"  {what}{' - AND DIES' if dies else ''}")
        if dies:
            self.crashes.append(what)
        elif self.chance.stops_here() and process in self.engines:
            self._tell_to_stop(process)
        elif self.chance.halts_here() and process in self.engines and " before " not in what.partition("commit")[0]:
            self._halt(process)
        return dies

    def start_engine(self) -> None:
        """Another engine comes up; when it dies, somebody starts a new one."""
        process, surroundings, kept, owners = self._process("engine")
        engine = process.run(runner.Engine, surroundings, kept, owners)
        self.engines[process] = engine
        starting = process.spawn(engine.start())
        starting.add_done_callback(lambda task: process.kill() if task.exception() else None)
        process.died.add_done_callback(lambda _: self._replace(process))

    def _replace(self, process: timeline.Process) -> None:
        del self.engines[process]
        self._loop.call_later(self.chance.between(0.1, 6.0), self.start_engine)

    def stops_an_engine(self) -> None:
        """Tell one of the engines to stop, as an upgrade does: it ends its calls and gives the rest back."""
        if self.engines:
            self._tell_to_stop(list(self.engines)[self.chance.number(0, len(self.engines) - 1)])

    def halts_an_engine(self) -> None:
        """Let one of the engines stand still, perhaps for longer than its lease, and then go on."""
        if self.engines:
            self._halt(list(self.engines)[self.chance.number(0, len(self.engines) - 1)])

    def _halt(self, process: timeline.Process) -> None:
        seconds = self.chance.between(1.0, 12.0)
        self.tell(f"{process.name} stands still for {seconds:.1f} s")
        process.stand_still(seconds)

    def _tell_to_stop(self, process: timeline.Process) -> None:
        self.tell(f"{process.name} is told to stop")
        process.spawn(self._stop(process, self.engines[process]))

    async def _stop(self, process: timeline.Process, engine: runner.Engine) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.chance.between(0.0, 5.0)):
                await engine.drain()
        with contextlib.suppress(Unavailable):
            await engine.stop()
        self.tell(f"{process.name} has stopped")
        process.kill()

    def _start_service(self) -> tuple[timeline.Process, service.StackService]:
        process, surroundings, kept, owners = self._process("service")
        serving = process.run(service.StackService, surroundings, kept, owners, lambda caller, name: True)
        return process, serving

    # ---- requests ----

    async def ask(
        self,
        what: str,
        request: Callable[[service.StackService], Awaitable[R]],
        is_done: Callable[[], bool] = lambda: False,
    ) -> R | None:
        """Send a request until there is an answer to it. `HearthError` other than "unavailable" is an answer.

        `is_done`: whether, after an answer was lost, it can be seen that the request had been carried out.
        """
        while True:
            process, serving = self._serving
            self.tell(f"user: {what}")
            task = process.spawn(_as_coroutine(request(serving)))
            await asyncio.wait([task, process.died], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._serving = self._start_service()
                if is_done():
                    return None
            else:
                try:
                    return task.result()
                except (Unavailable, errors.Unavailable, errors.TooMany) as away:
                    self.tell(f"user: is told {away}")
            await asyncio.sleep(self.chance.between(0.2, 2.0))

    async def creates(self, template: Mapping[str, Any], name: str = "stack", **more: Any) -> "Stack":
        """A new stack, its creation begun."""
        request = StackRequest(stack_name=name, template=template, **more)

        async def create(serving: service.StackService) -> StackIdentity:
            try:
                return await serving.create_stack(CALLER, reality.PROJECT, request)
            except StackExists:
                # An answer was lost: the request before this one had made it.
                return await serving.identify(CALLER, reality.PROJECT, name)

        identity = await self.ask(f"create {name}", create)
        assert identity is not None
        made = Stack(self, identity)
        self.stacks.append(made)
        return made

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds. Looked at after every commit, and every now and then."""
        deadline = self._loop.time() + PATIENCE
        while not holds():
            if self._loop.time() > deadline:
                raise Failed(f"waited in vain: {what}")
            await self._changes(5.0)

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def some_moment(self, most: int = 12) -> None:
        """Wait for any moment of what is going on: some number of commits from now, none in a calm run."""
        for _ in range(self.chance.number(0, most)):
            await self._changes(2.0)

    async def comes_to_rest(self) -> None:
        """Wait until nothing is under way any more."""
        while self.cloud.under_way or self.database.look("SELECT 1 FROM node LIMIT 1"):
            await asyncio.sleep(1.0)
            if self._loop.time() > 10 * PATIENCE:
                return
        await asyncio.sleep(2.5)


async def _as_coroutine(awaited: Awaitable[R]) -> R:
    return await awaited


class Stack:
    """A stack as its user sees it."""

    def __init__(self, world: World, identity: StackIdentity) -> None:
        self.world = world
        self.identity = identity
        self.id = identity.id
        self._promise: plans.Promise | None = None

    # ---- what its user asks for ----

    async def _looks(self, what: str, request: Callable[[service.StackService], Awaitable[R]]) -> R:
        # It is sent until there is an answer.
        return await self.world.ask(f"{what} {self.identity.name}", request)  # type: ignore[return-value]

    async def _begins(
        self,
        what: str,
        request: Callable[[service.StackService], Awaitable[Any]],
        state: str,
        promise: plans.Promise | None = None,
    ) -> None:
        """Ask for an action, whose beginning shows as an event of the stack with that state."""
        self._promise = promise
        count = self.events().count(state)
        await self.world.ask(f"{what} {self.identity.name}", request, lambda: self.events().count(state) > count)

    async def updates(self, template: Mapping[str, Any] | None, *, patch: bool = False, **more: Any) -> None:
        """Begin an update. While nothing goes on, its plan is looked at first, and has to come true."""
        request = StackRequest(template=template, **more)
        foreseeable = not self.status.endswith("IN_PROGRESS") and not self.world.cloud.has_surprises
        promise = None
        if foreseeable and self.world.chance.number(0, 1) == 0:
            promise = plans.Promise(self, await self._plan(request, patch))

        async def update(serving: service.StackService) -> None:
            await serving.update_stack(CALLER, self.identity, request, patch=patch)

        await self._begins("update", update, "UPDATE_IN_PROGRESS", promise)

    async def _plan(self, request: StackRequest, patch: bool) -> dict[str, Any]:
        return await self._looks(
            "preview update of",
            lambda s: s.preview_update(CALLER, self.identity, request, patch=patch, show_nested=True),
        )

    async def deletes(self) -> None:
        """Begin its deletion."""

        async def delete(serving: service.StackService) -> None:
            with contextlib.suppress(NotFound):  # gone already, by a request whose answer was lost
                await serving.delete_stack(CALLER, self.identity)

        await self._begins("delete", delete, "DELETE_IN_PROGRESS")

    async def is_refused(self, request: Awaitable[Any], *kinds: type[Exception]) -> None:
        """Ask for something that is not to be had."""
        try:
            await request
        except kinds as refusal:
            self.world.tell(f"user: is refused: {refusal}")
            return
        raise Failed(f"it should have been refused: {request}")

    async def signals(self, name: str, body: Any = None) -> None:
        """Signal a resource."""
        if self._promise is not None:
            self._promise.is_disturbed = True
        await self._looks(f"signal {name} of", lambda s: s.signal(CALLER, self.identity, name, body))

    async def marks(self, name: str, reason: str = "broken") -> None:
        """Mark a resource unhealthy."""
        await self._looks(f"mark {name} of", lambda s: s.mark_unhealthy(CALLER, self.identity, name, True, reason))

    async def takes_snapshot(self, name: str = "kept") -> str:
        """Begin a snapshot; its id. One whose answer was lost is not taken again."""
        ids = [one["id"] for one in await self.snapshots() if one["name"] == name]

        async def take(serving: service.StackService) -> str:
            listed = await serving.list_snapshots(CALLER, self.identity)
            new = [one["id"] for one in listed if one["name"] == name and one["id"] not in ids]
            return new[0] if new else (await serving.create_snapshot(CALLER, self.identity, name))["id"]

        self._promise = None
        return await self._looks("snapshot", take)

    async def snapshots(self) -> list[dict[str, Any]]:
        """Its snapshots."""
        return await self._looks("list snapshots of", lambda s: s.list_snapshots(CALLER, self.identity))

    async def restores(self, snapshot_id: str) -> None:
        """Begin to go back to a snapshot."""
        await self._begins(
            "restore", lambda s: s.restore_snapshot(CALLER, self.identity, snapshot_id), "RESTORE_IN_PROGRESS"
        )

    async def deletes_snapshot(self, snapshot_id: str) -> None:
        """Begin to remove a snapshot, and wait until it is gone."""

        async def delete(serving: service.StackService) -> None:
            with contextlib.suppress(NotFound):
                await serving.delete_snapshot(CALLER, self.identity, snapshot_id)

        await self._looks("delete snapshot of", delete)
        query = "SELECT 1 FROM snapshot WHERE id = ? AND status = 'IN_PROGRESS'"
        await self.world.until(lambda: not self.world.database.look(query, snapshot_id), "the snapshot should go")

    async def abandons(self) -> dict[str, Any]:
        """Abandon it; its document."""
        document: list[dict[str, Any]] = []

        async def abandon(serving: service.StackService) -> None:
            with contextlib.suppress(NotFound):
                document[:] = [await serving.export_stack(CALLER, self.identity)]
                await serving.abandon_stack(CALLER, self.identity)

        await self._begins("abandon", abandon, "DELETE_IN_PROGRESS")
        return document[0]

    async def acts(self, action: str) -> None:
        """Begin suspend, resume or check."""
        await self._begins(action, lambda s: s.action(CALLER, self.identity, action), f"{action.upper()}_IN_PROGRESS")

    async def cancels(self, *, roll_back: bool) -> None:
        """Stop what it is doing."""
        action = "cancel_update" if roll_back else "cancel_without_rollback"
        state = "ROLLBACK_IN_PROGRESS" if roll_back else self.status.replace("IN_PROGRESS", "FAILED")
        await self._begins(action, lambda s: s.action(CALLER, self.identity, action), state)

    # ---- what its user sees ----

    @property
    def status(self) -> str:
        """Its present state."""
        rows = self.world.database.look("SELECT action, status FROM stack WHERE id = ?", self.id)
        return "_".join(rows[0])

    @property
    def reason(self) -> str:
        """Why it is in that state."""
        return str(self.world.database.look("SELECT reason FROM stack WHERE id = ?", self.id)[0][0])

    async def ends(self, *wanted: str) -> str:
        """Wait until it does nothing any more; that must be one of the wanted states."""
        await self.world.until(lambda: not self.status.endswith("IN_PROGRESS"), f"{self.status} should end")
        status = self.status
        self.world.tell(f"user: sees {status}")
        if status not in wanted:
            raise Failed(f"the stack is {status}, not {' or '.join(wanted)}: {self.reason}")
        if moving := self._moving():
            raise Failed(f"the stack is {status} while there is still at work: {', '.join(moving)}")
        promise, self._promise = self._promise, None
        if promise is not None and status == "UPDATE_COMPLETE" and (broken := promise.broken_by()):
            raise Failed("it did not come as planned: " + "; ".join(broken))
        return status

    def _moving(self) -> list[str]:
        """What still goes on in it and in all that is nested in it. Groups may follow signals at any time."""
        look = self.world.database.look
        found = [f"node {one:x}" for (one,) in look("SELECT id FROM node WHERE stack_id = ?", self.id)]
        for row_id, name, action, status in look(
            "SELECT id, name, action, status FROM resource WHERE stack_id = ?", self.id
        ):
            if status == "IN_PROGRESS":
                found.append(f"{name}, {action}")
            elif status != "COMPLETE":
                found += [
                    f"{nested}, in {name}"
                    for (nested,) in look(
                        "SELECT name FROM stack WHERE owner_resource_id = ? AND status = 'IN_PROGRESS'", row_id
                    )
                ]
        for nested_id, name in look(
            "SELECT id, name FROM stack WHERE owner_id = ? AND live_name IS NOT NULL AND status <> 'IN_PROGRESS'",
            self.id,
        ):
            found += Stack(self.world, StackIdentity(reality.PROJECT, name, nested_id))._moving()
        return found

    async def until_resource(self, name: str, *wanted: str) -> None:
        """Wait for a state of a resource."""
        await self.world.until(lambda: self.resources.get(name) in wanted, f"{name} should be {' or '.join(wanted)}")

    def nested(self, name: str) -> "Stack":
        """The nested stack of a resource."""
        query = (
            "SELECT stack.id, stack.name FROM stack JOIN resource ON stack.owner_resource_id = resource.id "
            "WHERE resource.stack_id = ? AND resource.name = ? AND stack.live_name IS NOT NULL"
        )
        [(stack_id, stack_name)] = self.world.database.look(query, self.id, name)
        return Stack(self.world, StackIdentity(reality.PROJECT, stack_name, stack_id))

    def objects(self) -> dict[str, str | None]:
        """`{name: physical id}` of what it has."""
        query = "SELECT name, physical_id FROM resource WHERE stack_id = ? ORDER BY created_at"
        return dict(self.world.database.look(query, self.id))

    def events(self, name: str | None = None) -> list[str]:
        """States that events tell of: of a resource, or of the stack itself."""
        query = "SELECT action, status, reason FROM event WHERE stack_id = ? AND resource_name = ? ORDER BY seq"
        states: list[str] = []
        for action, status, reason in self.world.database.look(query, self.id, name or self.identity.name):
            if states[-1:] != [f"{action}_{status}"] or not invariants.is_note(reason):
                states.append(f"{action}_{status}")
        return states

    def told(self, name: str) -> list[str]:
        """Reasons of a resource's events."""
        query = "SELECT reason FROM event WHERE stack_id = ? AND resource_name = ? ORDER BY seq"
        return [row[0] for row in self.world.database.look(query, self.id, name)]

    @property
    def resources(self) -> dict[str, str]:
        """`{name: state}` of what it has."""
        rows = self.world.database.look(
            "SELECT name, action, status FROM resource WHERE stack_id = ? ORDER BY created_at", self.id
        )
        return {name: f"{action}_{status}" for name, action, status in rows}

    async def output(self, key: str) -> Any:
        """The value of an output."""
        return (await self._looks("show output of", lambda s: s.show_output(CALLER, self.identity, key)))[
            "output_value"
        ]
