"""Types whose object a service keeps: create, find, observe, update, delete, settle, check and drift, written once.

A type states its collection with `Remote` and its request fields with the `wire` names of its properties. What is odd
about it overrides one of the small steps: `body` (the request), `finish` (what follows the first request), `locate`
(how a lost object is recognised), or a whole verb.

Making an object is one request that brings it about, and then `finish`: further requests that may be repeated. After a
crash `find` locates the object and finishes it, so nothing is left half done. `create` sets `call.physical_id` as soon
as the object exists; it stays right when `finish` fails.
"""

import contextlib
import dataclasses
import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hearth.cloud import errors, session
from hearth.model.constraints import shown
from hearth.model.drift import Condition
from hearth.model.states import Action
from hearth.resources import base, blockers, failures, finders, live, schema
from hearth.resources.contract import (
    REFUSED,
    THERE_BEFORE,
    Blocker,
    Call,
    Change,
    Drift,
    Gone,
    InError,
    Observed,
    Permanent,
    Temporary,
    Unwell,
    Values,
    Wait,
)
from hearth.resources.schema import Property

log = logging.getLogger(__name__)

#: Under which key of an object's metadata the row's id stands, in services whose objects have metadata.
METADATA_KEY = "hearth_resource"
#: Where a call keeps the id of the request that began an action, for the reason of a later failure.
_REQUEST = "request_id"

#: From this number of waiting resources on, one list is cheaper than single looks.
_FEW = 3
#: Ids in one list request, so that the URL stays below 4 KiB.
_IDS_A_LIST = 80
_PAGE = 500


@dataclasses.dataclass(frozen=True)
class Readiness:
    """When an object has become what an action wants it to be."""

    ready: Collection[str]
    failed: Collection[str] = ("ERROR",)
    field: str = "status"
    on: frozenset[Action] = frozenset({Action.CREATE})
    """The actions that wait. DELETE among them waits for the object to be gone."""
    reason: str = ""
    """The field with the service's explanation of a failure; a dot goes a level down."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remote:
    """A REST collection of a service."""

    service: str
    path: str
    """`{name}` in it stands for the value of that property, for collections within another object."""
    envelope: str
    """Empty: the service sends and takes the bare object."""
    plural: str = ""
    """The key of a list answer, where it is not the envelope with an "s"."""
    identity: str = "id"
    """The field that is the id."""
    marker: str = ""
    """The field that can hold the row's marker: "description", "metadata", or empty."""
    batch: str = ""
    """How several are looked at: "ids" (the list takes many ids), "detail" (list everything in pages) or one by one."""
    update_method: str = "PUT"
    microversion: str | None = None
    readiness: Readiness | None = None
    sparse: bool = False
    """Whether the service leaves fields without a value out of the objects."""

    @property
    def list_key(self) -> str:
        """The key of a list answer."""
        return self.plural or f"{self.envelope}s"


class RemoteResource(base.Base):
    """A resource type with an object in a service."""

    remote: ClassVar[Remote]
    #: Where those are listed who can keep the object from being deleted.
    used_by: ClassVar[Sequence[blockers.Users]] = ()
    external = True
    supports_check = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.can_be_in_use = bool(cls.used_by)
        stated = vars(cls).get("remote")
        if stated is not None:
            cls.services = (stated.service,)
            if stated.readiness is not None and "waits_on" not in vars(cls):
                cls.waits_on = stated.readiness.on

    # ---- small steps, to be overridden where a type is odd ----

    def body(self, call: Call) -> dict[str, Any]:
        """The object as the create request holds it, without envelope and marker."""
        return to_request(self.properties, call.properties, call)

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """The object's fields as the update request holds them."""
        return changed_fields(self.properties, change.properties, call)

    async def finish(self, call: Call) -> None:
        """What is left to do when the object exists and `call.physical_id` names it. May run several times."""

    async def alike(self, call: Call) -> Sequence[str]:
        """What there is that could be the object, for types whose objects bear no mark, each by what tells it apart."""
        return ()

    async def locate(self, call: Call) -> str | None:
        """The id of the object that a lost create made: the one with the row's marker.

        Where the user gave the marker's field a value, it is the one whose name and content are what was asked for.
        """
        body = self.body(call)
        marked = self.mark(dict(body), call)
        field = self.remote.marker
        if field == "metadata":
            candidates = await self.listed(call, {"name": body["name"]})
            return next((str(one[self.remote.identity]) for one in candidates if _is_marked(one, call)), None)
        if field == "description" and body.get(field) is None:
            candidates = await self.listed(call, {field: marked[field]})
            return next((str(one[self.remote.identity]) for one in candidates if one.get(field) == marked[field]), None)
        candidates = await self.listed(call, {"name": body["name"]} if "name" in body else {})
        return next((str(one[self.remote.identity]) for one in candidates if _contains(one, marked)), None)

    def may_exist(self, data: Mapping[str, str]) -> bool:
        """See `Resource.may_exist`."""
        return REFUSED not in data

    # ---- tools for the steps ----

    def microversion(self, call: Call) -> str | None:
        """The microversion to ask the service for; None: its first one."""
        return self.remote.microversion

    def mark(self, body: dict[str, Any], call: Call) -> dict[str, Any]:
        """Put the row's marker into a create request, unless the user gave the field a value."""
        if self.remote.marker == "metadata":
            body["metadata"] = {**body.get("metadata", {}), METADATA_KEY: call.resource_id}
        elif self.remote.marker and body.get(self.remote.marker) is None:
            body[self.remote.marker] = call.marker
        return body

    def collection(self, call: Call) -> str:
        """The path of the collection that the object is in."""
        return self.remote.path.format_map(call.properties)

    def path(self, call: Call) -> str:
        """The object's own path."""
        return f"{self.collection(call)}/{call.physical_id}"

    def enveloped(self, body: Any) -> Any:
        """A body as the service takes it."""
        return {self.remote.envelope: body} if self.remote.envelope else body

    def unwrapped(self, answer: session.Response) -> Any:
        """The object in an answer."""
        return answer.body[self.remote.envelope] if self.remote.envelope else answer.body

    async def request(
        self, call: Call, method: str, path: str, body: Any = None, *, creating: bool = False, **options: Any
    ) -> session.Response:
        """A request to the type's service, refusals sorted out."""
        options.setdefault("microversion", self.microversion(call))
        with recorded(call, creating=creating and method != "GET"), failures.sorted_out(creating=creating):
            return await call.cloud.request(self.remote.service, method, path, json=body, **options)

    async def listed(self, call: Call, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The objects of a list request."""
        answer = await self.request(call, "GET", self.list_path(call), params=params, creating=True)
        objects: list[dict[str, Any]] = answer.body[self.remote.list_key]
        return objects

    async def existing(self, call: Call, physical_id: str) -> str | None:
        """The id if there is an object with it, for types whose ids are known beforehand."""
        call.physical_id = physical_id
        try:
            await self.observe(call)
        except Gone:
            call.physical_id = None
        return call.physical_id

    def list_path(self, call: Call) -> str:
        """The path whose list has all fields of the objects."""
        return f"{self.collection(call)}/detail" if self.remote.batch == "detail" else self.collection(call)

    async def newcomer(self, call: Call) -> str | None:
        """The one of those `alike` that was not there before the object was to be made."""
        there = json.loads(call.data.get(THERE_BEFORE, "[]"))
        return next((one for one in await self.alike(call) if one not in there), None)

    # ---- verbs ----

    async def survey(self, call: Call) -> None:
        """See `Resource.survey`."""
        call.data.pop(THERE_BEFORE, None)
        if not self.bears_mark(call) and (there := await self.alike(call)):
            call.data[THERE_BEFORE] = json.dumps(sorted(there))

    async def find(self, call: Call) -> str | None:
        """See `Resource.find`; finishes what it finds.

        A create that was refused made nothing: what is there under the same name or between the same ends belongs to
        somebody else, and must not be deleted, nor taken where nothing on it says whose it is.
        """
        if not self.may_exist(call.data) and (call.action is Action.DELETE or not self.bears_mark(call)):
            return None
        found = await self.locate(call)
        if found is not None:
            call.physical_id = found
            if call.action is not Action.DELETE:
                await self.finish(call)
        return found

    async def create(self, call: Call) -> str | None:
        """See `Resource.create`."""
        body = self.enveloped(self.mark(self.body(call), call))
        answer = await self.request(call, "POST", self.collection(call), body, creating=True)
        call.physical_id = str(self.unwrapped(answer)[self.remote.identity])
        remember_request(call, answer)
        await self.finish(call)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """See `Resource.update`."""
        body = self.changes(call, change)
        if body:
            answer = await self.request(call, self.remote.update_method, self.path(call), self.enveloped(body))
            remember_request(call, answer)
        return None

    async def delete(self, call: Call) -> None:
        """See `Resource.delete`."""
        remember_request(call, await self.request(call, "DELETE", self.path(call)))

    async def blockers(self, call: Call) -> Sequence[Blocker]:
        """See `Resource.blockers`: those that the rows of `used_by` find."""
        inside = any(one.inside for one in self.used_by)
        observed = await self.observe(call) if inside else None
        values = self.placeholders(call)
        return [blocker for one in self.used_by for blocker in await one.asked(call, values, observed)]

    def placeholders(self, call: Call) -> Mapping[str, str]:
        """What stands for the object in the requests of `used_by`."""
        return {"id": call.physical_id or ""}

    async def observe(self, call: Call) -> Observed | None:
        """See `Resource.observe`."""
        answer = await self.request(call, "GET", self.path(call))
        observed: Observed = self.unwrapped(answer)
        return observed

    async def observe_many(self, calls: Sequence[Call]) -> dict[str, Observed | None]:
        """See `Resource.observe_many`: one list for many, single looks for few and for what a list leaves out."""
        if len(calls) < _FEW or not self.remote.batch:
            return await super().observe_many(calls)
        wanted = {call.physical_id or "": call for call in calls}
        seen: dict[str, Observed | None] = {}
        pages = self._by_ids if self.remote.batch == "ids" else self._by_pages
        async for one in pages(calls[0], set(wanted)):
            call = wanted.pop(str(one["id"]), None)
            if call is not None:
                seen[call.resource_id] = one
        # The list is complete: for a delete, what is not in it is gone. Otherwise that is a failure, so look twice.
        left = [call for call in wanted.values() if call.action is not Action.DELETE]
        seen.update((call.resource_id, None) for call in wanted.values())
        seen.update(await super().observe_many(left))
        return seen

    async def _by_ids(self, call: Call, ids: Collection[str]) -> Any:
        every = sorted(ids)
        for start in range(0, len(every), _IDS_A_LIST):
            for one in await self.listed(call, {"id": every[start : start + _IDS_A_LIST]}):
                yield one

    async def _by_pages(self, call: Call, ids: Collection[str]) -> Any:
        """All objects, newest first because those are the ones that wait, until everything wanted was seen."""
        missing = set(ids)
        last: str | None = None
        while missing:
            params = {"limit": _PAGE, "marker": last, "sort_key": "created_at", "sort_dir": "desc"}
            page = await self.listed(call, params)
            for one in page:
                missing.discard(str(one["id"]))
                yield one
            # A service may give less than asked for in a page; only an empty one is the end.
            if not page or str(page[-1]["id"]) == last:
                return
            last = str(page[-1]["id"])

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """See `Resource.settle`: what the readiness says."""
        readiness = self.remote.readiness
        if readiness is None:
            return None
        if observed is None:
            if call.action is Action.DELETE:
                return None
            raise Permanent("the object disappeared while it was waited for", kind="NotFound")
        status = observed.get(readiness.field)
        if status in readiness.failed:
            raise InError(self.failure(call, observed))
        if call.action is not Action.DELETE and status in readiness.ready:
            return None
        return Wait()

    def failure(self, call: Call, observed: Observed) -> str:
        """Why the object failed, in the service's words, with the id of the request that began the action."""
        readiness = self.remote.readiness
        assert readiness is not None
        text = f"Went to status {observed.get(readiness.field)}"
        explanation: Any = observed
        for step in readiness.reason.split(".") if readiness.reason else ():
            explanation = explanation.get(step) if isinstance(explanation, Mapping) else None
        if readiness.reason:
            text += f' due to "{explanation or "no reason given"}"'
        request = call.data.get(_REQUEST)
        return f"{text} (Request-ID: {request})" if request else text

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """See `Resource.attribute`."""
        if observed is None:
            observed = await self.observe(call)
        if observed is None:
            return None
        return dict(observed) if name == "show" else self.attributes[name].read(name, observed)

    # ---- reality ----

    def adopted(self, call: Call, observed: Observed) -> None:
        """See `Resource.adopted`: the name that the object was given by another row."""
        for name, declared in self.properties.items():
            if declared.default is schema.PHYSICAL_NAME and name not in call.properties:
                present = live.read(declared, call, observed)
                if isinstance(present, str):
                    call.data[live.GIVEN_NAME] = present

    def ailment(self, call: Call, observed: Observed) -> Unwell | None:
        """See `Resource.ailment`: what the readiness says."""
        readiness = self.remote.readiness
        if readiness is None or (status := observed.get(readiness.field)) in readiness.ready:
            return None
        expected = ", ".join(sorted(readiness.ready))
        condition = Condition.FAILED if status in readiness.failed else Condition.UNREADY
        return Unwell(f"{readiness.field} is {shown(status)}, expected is {expected}", condition)

    async def drift(self, call: Call, observed: Observed | None) -> Drift:
        """See `Resource.drift`: property by property, as declared; a name and its id are the same."""
        if observed is None:
            return Drift({}, {})
        try:
            observed = await self.examine(call, observed)
        except (Permanent, Temporary) as failure:
            log.info("Resource %s: only a part of it can be seen: %s", call.name, failure)
        found = live.compare(self.properties, call, observed, sparse=self.remote.sparse)
        for doubt in live.doubts(self.properties, found):
            try:
                if await _are_same(call, doubt):
                    del found.differences[doubt.property]
            except (finders.Ambiguous, errors.CloudError) as error:
                del found.differences[doubt.property]
                found.unseen[doubt.property] = str(error)
        return found


async def _are_same(call: Call, doubt: live.Doubt) -> bool:
    """Whether both sides name the same things. Raises Ambiguous or CloudError when that cannot be told."""
    if not finders.is_known(doubt.kind):
        return False

    async def ids(several: Iterable[str]) -> list[str]:
        return sorted([await finders.find(call.cloud, doubt.kind, one) for one in several])

    try:
        return await ids(doubt.expected) == await ids(doubt.actual)
    except finders.NotFoundName:
        return False  # one of them names nothing: they differ


@contextlib.contextmanager
def recorded(call: Call, *, creating: bool) -> Iterator[None]:
    """Note whether a request that makes the call's object was refused. Without an answer it may have been done."""
    if not creating or call.physical_id is not None:
        yield
        return
    try:
        yield
    except (Permanent, Temporary) as failure:
        cause = failure.__cause__
        if isinstance(cause, errors.Unavailable) and cause.maybe_done:
            call.data.pop(REFUSED, None)
        else:
            call.data[REFUSED] = "true"
        raise
    call.data.pop(REFUSED, None)


def remember_request(call: Call, answer: session.Response) -> None:
    """Keep the id of the request that began the action, for the reason of a later failure."""
    if answer.request_id:
        call.data[_REQUEST] = answer.request_id


def to_request(properties: Mapping[str, Property], values: Values, call: Call | None = None) -> dict[str, Any]:
    """The request fields of property values; a name that was not given is made from the row."""
    body: dict[str, Any] = {}
    for name, declared in properties.items():
        wire = declared.wire_name
        if wire is None or declared.moved_to is not None:
            continue
        if name in values:
            body[wire] = to_field(declared, values[name])
        elif declared.default is schema.PHYSICAL_NAME and call is not None:
            body[wire] = call.physical_name
    return body


def to_field(declared: Property, value: Any) -> Any:
    """A property value with the field names of the request inside it."""
    if declared.items is not None and declared.items.fields and isinstance(value, Iterable):
        return [to_field(declared.items, item) for item in value]
    if declared.fields and isinstance(value, Mapping):
        return to_request(declared.fields, dict(value))
    return value


def changed_fields(properties: Mapping[str, Property], changed: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """The request fields of changed properties; what was taken away is sent as its `cleared` value."""
    body: dict[str, Any] = {}
    for name, value in changed.items():
        declared = properties.get(name)
        if declared is None or declared.wire_name is None:
            continue
        if value is None:
            value = live.own_name(call) if declared.default is schema.PHYSICAL_NAME else declared.cleared
            if value is schema.ABSENT:
                continue
        else:
            value = to_field(declared, value)
        body[declared.wire_name] = value
    return body


def own_metadata(field: str = "metadata", hidden: Collection[str] = ()) -> Callable[[Call, Observed], Any]:
    """Reads metadata of texts, without the row's mark and what the service itself puts there (`hidden`)."""

    def read_metadata(call: Call, observed: Observed) -> Any:
        given = call.properties.get(field) or {}
        present = {
            key: value
            for key, value in (observed.get(field) or {}).items()
            if key != METADATA_KEY and (key in given or key not in hidden)
        }
        # Other values than texts were sent as JSON.
        return given if present == texts(given) else present

    return read_metadata


def texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as services want it: texts; other values as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}


def _is_marked(found: Mapping[str, Any], call: Call) -> bool:
    return bool((found.get("metadata") or {}).get(METADATA_KEY) == call.resource_id)


def _contains(found: Any, asked: Any) -> bool:
    """Whether an object has what a request asked for; fields that the object does not show are left out."""
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        return all(_contains(found[key], value) for key, value in asked.items() if key in found)
    if isinstance(asked, list) and isinstance(found, list):
        return len(asked) == len(found) and all(any(_contains(one, item) for one in found) for item in asked)
    return bool(found == asked)
