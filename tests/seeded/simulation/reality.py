"""The cloud of a story: what there really is, whatever the store believes.

A service of things - they have a name, a marker, content, they use one another, they take time to come and to go, they
may come out in error - and as much of an identity service as trusts and stack users need. Calls reach it through the
ordinary session; only the transport is the simulation's. Once a call is on its way it arrives, even if the caller dies;
what makes an object may arrive when its caller has long been told that the connection was lost.
"""

import asyncio
import contextvars
import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from hearth.cloud import access, answers, credentials, errors, session, settings
from simulation import timeline
from simulation.chance import NO_FAULT, Chance, Fault

PROJECT = "a0b1c2d3e4f5460798a9b0c1d2e3f405"
_FAR = 2.0**40
_SETTINGS = settings.CloudSettings(
    auth_url="http://identity/v3",
    service=settings.AuthSection("password", {"auth_url": "http://identity/v3"}),
    stack_domain=settings.StackDomain("stackdomain", None, "admin", "secret"),
)
_ENDPOINTS = {name: f"http://{name}" for name in ("things", "compute", "network", "orchestration")}
_ENDPOINTS["identity"] = "http://identity/v3"


class Refusal(Exception):
    """The service does not do it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(slots=True)
class Thing:
    """One object. `due`: when it will have become `becomes`."""

    id: str
    kind: str
    fields: dict[str, Any]
    status: str
    becomes: str = ""
    due: float = 0.0
    foreign: bool = False  # somebody else's

    @property
    def resource(self) -> str:
        """The name of the resource it was made for, as its own name tells."""
        return str(self.fields.get("name", "")).rsplit("-", 1)[0].rpartition("-")[2]

    def shown(self) -> dict[str, Any]:
        """The object as the service shows it."""
        return {**self.fields, "id": self.id, "status": self.status}


@dataclasses.dataclass(slots=True)
class _Wish:
    """Something the story wants to happen to calls about a resource."""

    resource: str
    method: str
    left: int
    outcome: Refusal | str


class Reality:
    """Everything there is outside of Hearth."""

    def __init__(self, chance: Chance, loop: timeline.Timeline, tell: Callable[[str], None]) -> None:
        self._chance = chance
        self._loop = loop
        self._tell = tell
        self._count = 0
        self._things: dict[str, Thing] = {}
        self._wishes: list[_Wish] = []
        self.under_way = 0
        self.conflicts: list[str] = []
        self.has_surprises = False
        self._hidden_until = 0.0

    # ---- what a story does to it, and asks of it ----

    def breaks(self, resource: str, times: int = 1_000_000) -> None:
        """The next objects made for a resource come out in error."""
        self._wishes.append(_Wish(resource, "POST", times, "ERROR"))

    def refuses(self, resource: str, method: str, status: int = 403, times: int = 1_000_000) -> None:
        """The next calls of a method about a resource are refused."""
        self._wishes.append(_Wish(resource, method, times, Refusal(status, f"{resource} must not be touched")))

    def holds_up(self, resource: str) -> None:
        """Objects made for a resource never get ready."""
        self._wishes.append(_Wish(resource, "POST", 1_000_000, "BUILD"))

    def hides(self, seconds: float) -> None:
        """For a while, no look at anything is answered with what is there."""
        self._hidden_until = self._loop.time() + seconds

    def relents(self, resource: str) -> None:
        """All goes well again with a resource."""
        self._wishes = [one for one in self._wishes if one.resource != resource]

    def loses(self, resource: str) -> None:
        """The objects of a resource vanish. No plan made from the store can know of it."""
        self.has_surprises = True
        for thing in self.of(resource):
            del self._things[thing.id]

    def adds(self, kind: str, thing_id: str, **fields: Any) -> Thing:
        """Somebody else makes an object."""
        thing = self._things[thing_id] = Thing(thing_id, kind, {"name": thing_id, **fields}, "ACTIVE", foreign=True)
        return thing

    def all(self, *kinds: str) -> list[Thing]:
        """Everything there is now, of some kinds."""
        for one in list(self._things.values()):
            self._grow(one)
        return [one for one in self._things.values() if not kinds or one.kind in kinds]

    def of(self, resource: str) -> list[Thing]:
        """The objects made for a resource, copies left out."""
        return [one for one in self.all() if one.resource == resource and one.kind != "copies"]

    @property
    def contents(self) -> dict[str, Any]:
        """`{resource: content}` of all objects made for resources, copies left out."""
        return {
            one.resource: one.fields.get("content") for one in self.all() if one.kind in _THINGS and not one.foreign
        }

    def by_id(self, thing_id: str) -> Thing | None:
        """An object."""
        return next((one for one in self.all() if one.id == thing_id), None)

    # ---- calls ----

    async def exchange(self, method: str, url: str, body: Any) -> answers.Response:
        """One call, as the process that makes it sees it."""
        service, path, query = _parts(url)
        who = timeline.current()
        label = f"{method} {service}{path} {(body or {}).get('name', '') if isinstance(body, dict) else ''}".strip()
        if who is not None and who.boundary(f"before {label}"):
            await timeline.never()
        fault = self._fault(service, method, path, label)
        answered: asyncio.Future[tuple[int, Any]] = self._loop.create_future()
        self.under_way += 1
        # The call belongs to nobody once it is on its way: it arrives even if its caller dies.
        arrive = (self._arrive, answered, fault, service, method, path, query, body)
        if fault.late:
            self._loop.call_later(fault.late, *arrive, context=contextvars.Context())
            self._loop.call_later(self._chance.latency(), answered.set_result, (0, None))
        else:
            contextvars.Context().run(*arrive)
        status, answer = await answered
        if who is not None and who.boundary(f"after {label}"):
            await timeline.never()
        self._tell(f"    {label}: {status or 'no answer'}")
        if status == 0:
            raise errors.Unavailable(0, service, "the connection was lost", None, method != "GET")
        if status >= 400:
            raise errors.from_answer(service, method, status, str(answer).encode(), {}, None)
        return answers.Response(status, answer, {}, None)

    def _fault(self, service: str, method: str, path: str, label: str) -> Fault:
        if method == "GET" and service == "things" and self._loop.time() < self._hidden_until:
            return self._chance.blindness()
        late = method == "POST" and path.removeprefix("/") in {*_THINGS, "copies"}
        return self._chance.fault(label, may_be_late=late) if method != "GET" or self._chance.number(0, 1) else NO_FAULT

    def _arrive(
        self,
        answered: asyncio.Future[tuple[int, Any]],
        fault: Fault,
        service: str,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        body: Any,
    ) -> None:
        self.under_way -= 1
        if fault.refused:
            outcome: tuple[int, Any] = (fault.refused, "try again later")
        else:
            try:
                outcome = (200, self._serve(service, method, path, query, body))
            except Refusal as refusal:
                outcome = (refusal.status, str(refusal))
            # What an answer holds is of its moment.
            outcome = (outcome[0], msgspec.json.decode(msgspec.json.encode(outcome[1])))
            if fault.lost:
                outcome = (0, None)
        self._loop.call_later(
            self._chance.latency() + fault.after, lambda: answered.done() or answered.set_result(outcome)
        )

    def _serve(self, service: str, method: str, path: str, query: list[tuple[str, str]], body: Any) -> Any:
        kind, *rest = [step for step in path.split("/") if step and step not in ("v3", "v2.0", "v2.1", "OS-TRUST")]
        if service == "identity" and len(rest) > 1:
            return None  # a role of a user in a project
        envelope = _ENVELOPES.get(kind, kind[:-1])
        match method, rest:
            case "GET", []:
                wanted = [(key, value) for key, value in query if key not in ("limit", "marker")]
                found = [one for one in self.all(kind) if all(_matches(one, key, wanted) for key, _ in wanted)]
                for one in found:
                    self._wish(one.resource, "GET")
                return {kind: [one.shown() for one in found]}
            case "POST", []:
                return {envelope: self._make(service, kind, dict(body[envelope])).shown()}
            case "GET", [thing_id]:
                thing = self._known(kind, thing_id)
                self._wish(thing.resource, "GET")
                return {envelope: thing.shown()}
            case (("PUT" | "PATCH"), [thing_id]):
                return {envelope: self._change(self._known(kind, thing_id), method, body[envelope]).shown()}
            case "DELETE", [thing_id]:
                return self._remove(self._known(kind, thing_id))
            case "POST", [thing_id, "action"]:
                return self._act(self._known(kind, thing_id), str(body["action"]))
        raise Refusal(404, f"there is no {method} {path}")

    def _known(self, kind: str, thing_id: str) -> Thing:
        thing = self._things.get(thing_id)
        if thing is not None:
            self._grow(thing)
        if thing is None or thing.kind != kind or thing.id not in self._things:
            raise Refusal(404, f"there is no {kind} {thing_id}")
        return thing

    def _grow(self, thing: Thing) -> None:
        if thing.becomes and thing.due <= self._loop.time():
            thing.status, thing.becomes = thing.becomes, ""
            if thing.status == "GONE":
                self._things.pop(thing.id, None)

    def _wish(self, resource: str, method: str) -> str:
        """How it comes out: READY, unless the story wants otherwise."""
        for one in self._wishes:
            if one.resource == resource and one.method == method and one.left:
                one.left -= 1
                if isinstance(one.outcome, Refusal):
                    raise Refusal(one.outcome.status, str(one.outcome))
                return one.outcome
        return "ACTIVE"

    def _make(self, service: str, kind: str, fields: Mapping[str, Any]) -> Thing:
        self._count += 1
        thing = Thing(f"{kind[:-1]}-{self._count}", kind, dict(fields), "BUILD")
        outcome = self._wish(thing.resource, "POST")
        self._check_uses(thing, fields)
        named = kind in _NAMED
        if named:
            thing.id = str(fields["name"])
        if kind in ("projects", "users", *_NAMED) and any(
            one.fields.get("name") == fields.get("name") for one in self.all(kind)
        ):
            raise Refusal(409, f"{kind}: {fields.get('name')} exists already")
        self._check_place(thing, fields)
        if outcome != "BUILD":
            thing.becomes, thing.due = outcome, self._loop.time() + self._time_of(fields, "takes")
            self._grow(thing)
        self._things[thing.id] = thing
        return thing

    def _time_of(self, fields: Mapping[str, Any], key: str) -> float:
        stated = float(fields.get(key) or 0)
        return stated if self._chance.calm or not stated else stated * self._chance.between(0.5, 1.5)

    def _change(self, thing: Thing, method: str, fields: Mapping[str, Any]) -> Thing:
        outcome = self._wish(thing.resource, "PUT")
        if thing.status not in ("ACTIVE", "ERROR"):
            # No wrong order: an answer that was lost may have begun the change already.
            raise Refusal(409, f"{thing.id} is {thing.status} and cannot be changed")
        self._check_uses(thing, fields)
        self._check_place(thing, fields)
        thing.fields.update(fields)
        takes = self._time_of(thing.fields, "takes")
        if outcome != "ACTIVE" or takes:
            thing.status, thing.becomes, thing.due = "UPDATING", outcome, self._loop.time() + takes
        return thing

    def _check_uses(self, thing: Thing, fields: Mapping[str, Any]) -> None:
        for used in _uses(fields):
            other = self._things.get(used)
            if other is None or (other.status not in ("ACTIVE", "SUSPENDED") and not other.fields.get("early")):
                self.conflicts.append(f"{thing.resource} uses {used}, which is not ready")
                raise Refusal(400, f"{used}, which it uses, is not there")

    def _check_place(self, thing: Thing, fields: Mapping[str, Any]) -> None:
        place = fields.get("place")
        taken = [one for one in self.all(thing.kind) if one is not thing and place and one.fields.get("place") == place]
        if taken:
            self._conflict(f"place {place} is taken by {taken[0].id}")

    def _remove(self, thing: Thing) -> None:
        self._wish(thing.resource, "DELETE")
        users = [one for one in self.all() if thing.id in _uses(one.fields)]
        if users:
            self._conflict(f"{thing.id} is used by {users[0].id}")
        lasts = self._time_of(thing.fields, "lasts")
        if thing.becomes != "GONE":
            thing.status, thing.becomes, thing.due = "DELETING", "GONE", self._loop.time() + lasts
        self._grow(thing)

    def _act(self, thing: Thing, action: str) -> None:
        self._wish(thing.resource, action)
        match action:
            case "suspend":
                thing.status, thing.becomes, thing.due = "SUSPENDING", "SUSPENDED", self._loop.time() + 0.5
            case "resume":
                thing.status, thing.becomes, thing.due = "RESUMING", "ACTIVE", self._loop.time() + 0.5

    def _conflict(self, text: str) -> None:
        self.conflicts.append(text)
        raise Refusal(409, text)


_ENVELOPES = {"os-keypairs": "keypair", "copies": "copy"}
_THINGS = ("things", "quicks", "disks", "grounds", "plots", "seats")
#: Kinds whose objects are known by their names.
_NAMED = ("os-keypairs",)


@functools.lru_cache(maxsize=5000)
def _parts(url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Service, path and query of a URL."""
    parts = urlsplit(url)
    return parts.netloc, unquote(parts.path), parse_qsl(parts.query)


def _uses(fields: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in [*(fields.get("uses") or ()), fields.get("on")] if one]


def _matches(thing: Thing, key: str, wanted: list[tuple[str, str]]) -> bool:
    present = thing.id if key == "id" else thing.fields.get(key)
    return present in [value for name, value in wanted if name == key]


class _Wire:
    """The transport of one process."""

    def __init__(self, reality: Reality) -> None:
        self._reality = reality

    async def exchange(
        self, service: str, method: str, url: str, headers: dict[str, str], *, json: Any = None, **options: Any
    ) -> answers.Response:
        """See `transport.Transport`."""
        return await self._reality.exchange(method, url, json)

    async def close(self) -> None:
        """There are no connections."""


class Connector(credentials.Connector):
    """Sessions of one process. Tokens are simply there; trusts have to be."""

    def __init__(self, reality: Reality) -> None:
        super().__init__(_SETTINGS)
        self._reality = reality
        self.wire = _Wire(reality)  # type: ignore[assignment]
        self._trustee_id = "hearth"

    async def _open(self, credential: credentials.Credential) -> session.Session:
        if isinstance(credential, credentials.Trust) and self._reality.by_id(credential.trust_id) is None:
            raise errors.Unauthorized(401, "identity", "the trust is gone")
        granted = access.Access(
            token="token",
            expires_at=_FAR,
            user_id="u1",
            user_name="demo",
            project_id=PROJECT,
            project_name="demo",
            domain_id="stackdomain",
            roles=("member",),
            trust_id=None,
            endpoints=_ENDPOINTS,
        )
        opened = session.Session(self.wire, self.settings, granted, None)
        self._sessions[credential] = opened
        return opened
