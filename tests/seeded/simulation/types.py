"""Resource types of the simulated cloud, declared as all types are."""

from typing import Any

from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.contract import GIVEN_UP, Call, Gone, Observed, Permanent, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_WAITS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME})


class _Thing(RemoteResource):
    """What all things have in common."""

    name = Property(str, "Its name.", default=PHYSICAL_NAME)
    content = Property(object, "What it holds.", updatable=True)
    shape = Property(str, "What it is made of; another shape is another thing.")
    fixed = Property(str, "What never changes.", immutable=True)
    uses = Property(list, "Ids of things it uses.", updatable=True)
    on = Property(str, "The id of the thing it stands on.")
    takes = Property(float, "Seconds it takes to get ready.", updatable=True)
    lasts = Property(float, "Seconds it takes to go.", updatable=True)

    attributes = {"content": Attribute(object, "What it holds."), "uses": Attribute(list, "What it uses.")}


@base.resource("Sim::Thing")
class Thing(_Thing):
    """A thing that is waited for, and that can be suspended."""

    remote = Remote(
        service="things",
        path="/things",
        envelope="thing",
        marker="description",
        batch="ids",
        readiness=Readiness(ready=("ACTIVE",), on=_WAITS),
    )

    async def suspend(self, call: Call) -> None:
        """Let it rest."""
        await self._act(call, "suspend")

    async def resume(self, call: Call) -> None:
        """Wake it."""
        await self._act(call, "resume")

    async def _act(self, call: Call, action: str) -> None:
        await self.request(call, "POST", f"{self.path(call)}/action", {"action": action})

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Suspended is what a suspension wants."""
        if call.action is Action.SUSPEND and observed is not None and observed["status"] != "ERROR":
            return None if observed["status"] == "SUSPENDED" else Wait()
        return await super().settle(call, observed)


@base.resource("Sim::Quick")
class Quick(_Thing):
    """A thing that is there, or gone, with the answer to the call."""

    remote = Remote(service="things", path="/quicks", envelope="quick", marker="description")


@base.resource("Sim::Disk")
class Disk(Thing):
    """A thing that can be copied."""

    remote = Remote(
        service="things",
        path="/disks",
        envelope="disk",
        marker="description",
        batch="ids",
        readiness=Readiness(ready=("ACTIVE",), on=_WAITS | {Action.SNAPSHOT}),
    )
    waits_on = _WAITS | {Action.SNAPSHOT}
    origin = Property(str, "The copy it is made of.")
    supports_snapshot = True
    snapshot_deletion_policy = True

    async def snapshot(self, call: Call) -> None:
        """Copy it, unless there is such a copy."""
        await self.observe(call)
        if await self._copy(call) is None:
            body = {"copy": {"name": call.snapshot_name, "of": call.physical_id, "takes": 1}}
            await self.request(call, "POST", "/copies", body)
        call.data["copy"] = call.snapshot_name

    async def is_copied(self, call: Call) -> bool:
        """Whether there is such a copy."""
        return await self._copy(call) is not None

    async def _copy(self, call: Call) -> dict[str, Any] | None:
        answer = await self.request(call, "GET", "/copies", params={"name": call.snapshot_name}, creating=True)
        found: list[dict[str, Any]] = answer.body["copies"]
        return found[0] if found else None

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """A copy takes its time."""
        if call.action is Action.SNAPSHOT:
            copy = await self._copy(call)
            if copy is None:
                raise Permanent("the copy is gone")
            return None if copy["status"] == "ACTIVE" else Wait()
        return await super().settle(call, observed)

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Remove a copy."""
        copy = await self._copy(call)
        if copy is None:
            return None
        try:
            await self.request(call, "DELETE", f"/copies/{copy['id']}")
        except Gone:
            return None
        return Wait(0.5)

    def restored(self, properties: Any, data: Any) -> dict[str, Any]:
        """The same made of the copy."""
        return {**properties, "origin": data["copy"]} if "copy" in data else dict(properties)


@base.resource("Sim::Ground")
class Ground(Thing):
    """What plots need although they do not say so."""


@base.resource("Sim::Plot")
class Plot(Thing):
    """Needs every ground with the same shape, as ports need the subnets of their network."""

    def needs(self, me: Any, others: Any) -> set[str]:
        """All grounds of its shape."""
        return {one.name for one in others.with_value("Sim::Ground", "shape", me.properties.get("shape"))}


@base.resource("Sim::Sturdy")
class Sturdy(Thing):
    """A thing that is kept, when its last action failed, if it turns out to be well."""

    survives_failure = True


@base.resource("Sim::Seat")
class Seat(Thing):
    """A thing with a place of its own, which no other seat may have meanwhile."""

    remote = Remote(
        service="things",
        path="/seats",
        envelope="seat",
        marker="description",
        batch="ids",
        readiness=Readiness(ready=("ACTIVE",), on=_WAITS),
    )
    takes_turns = True
    place = Property(str, "Where it is.")

    def collides(self, properties: Any, wanted: Any) -> str:
        """A place is there once."""
        mine, other = properties.get("place"), wanted.get("place")
        return f"place {mine}" if mine and (mine == other or other is UNKNOWN) else ""

    async def make_way(self, call: Call, wanted: Any) -> Wait | None:
        """Get up; a seat that is not ready or comes out in error cannot."""
        observed = await self.observe(call)
        if GIVEN_UP not in call.data:
            call.data[GIVEN_UP] = wanted["place"]
            return Wait(0)
        return await self._move(call, observed, None)

    async def take_back(self, call: Call) -> Wait | None:
        """Sit down again."""
        return await self._move(call, await self.observe(call), call.data[GIVEN_UP])

    async def _move(self, call: Call, observed: Any, place: str | None) -> Wait | None:
        if observed["status"] in ("BUILD", "UPDATING"):
            return Wait()
        if observed.get("place") == place:
            return None
        await self.request(call, "PUT", self.path(call), {"seat": {"place": place}})
        return Wait()


TYPES = [Thing, Quick, Disk, Ground, Plot, Sturdy, Seat]
