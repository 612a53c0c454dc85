"""Services whose things take their time: regular collections whose documents go through stages by the cloud's clock.

A collection states the stages in `creation`, `updating` and `deletion`: the status while it goes on, the one afterwards
(None: the document is gone). `StagedService` brings all documents up to date before each request, so that nobody needs
a timer. What is odd about a service stays with its own collections.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import collection, errors, service, state

Field = collection.Field
read_only = collection.read_only
Stage = tuple[str, str | None]

#: Where a document keeps when its stage ends, and what it is then. Never shown.
_DUE, _NEXT = "_due", "_next"


def one_of(*allowed: str) -> Callable[[Any], Any]:
    """A check of a field's value."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
        return value

    return check


def between(low: int | None, high: int | None = None) -> Callable[[Any], Any]:
    """A check of a number."""

    def check(value: Any) -> Any:
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{value} is not from {low} to {'...' if high is None else high}")
        return value

    return check


class Staged(collection.Collection):
    """One kind of things."""

    #: The field that holds the status, and the stages; None: it is done at once.
    status_field: ClassVar[str] = "status"
    creation: ClassVar[Stage | None] = None
    updating: ClassVar[Stage | None] = None
    deletion: ClassVar[Stage | None] = None
    #: The status of what could not be made or changed, where a fault of the kind "<singular>_error" says so.
    broken: ClassVar[str] = "ERROR"
    #: Whether the service sends and takes bare objects, without an envelope.
    bare: ClassVar[bool] = False
    #: The name of the id on the wire.
    identity: ClassVar[str] = "id"
    update_status: ClassVar[int] = 200
    #: Fields with the times of creation and of the last change.
    stamps: ClassVar[tuple[str, str] | None] = ("created_at", "updated_at")
    #: May only administrators create, change and delete it?
    admin_writes: ClassVar[bool] = False
    #: Who sees it all: things that belong to no project.
    shared: ClassVar[bool] = False

    def __init__(self, owner: service.Service) -> None:
        super().__init__(owner)
        self.table.add_index(_NEXT)

    # -- stages ------------------------------------------------------------------------------------------------------

    def begin(self, id: str, stage: Stage | None, **changes: Any) -> state.Document:
        """Let a document enter a stage."""
        if stage is None:
            return self.table.update(id, **changes)
        busy, after = stage
        due = self.cloud.clock.now() + self.cloud.settings.service_seconds
        changes |= {self.status_field: busy, _DUE: due, _NEXT: after or "gone"}
        return self.table.update(id, **changes)

    def catch_up(self) -> None:
        """End the stages whose time has come."""
        now = self.cloud.clock.now()
        for status in self._statuses():
            for document in self.table.select(**{_NEXT: status}):
                if document[_DUE] > now:
                    continue
                if status == "gone":
                    self.vanish(document)
                else:
                    self.table.update(document["id"], **{self.status_field: status, _DUE: None, _NEXT: None})

    def _statuses(self) -> set[str]:
        stages = (self.creation, self.updating, self.deletion)
        return {self.broken} | {stage[1] or "gone" for stage in stages if stage is not None}

    def vanish(self, document: state.Document) -> None:
        """A document whose deletion has ended."""
        self.table.delete(document["id"])

    # -- the regular steps, with stages ------------------------------------------------------------------------------

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """The owner, times and the first stage."""
        if self.admin_writes and not call.identity.is_admin:
            raise self.forbidden(f"Only administrators may create a {self.singular.replace('_', ' ')}.")
        if not self.shared:
            document.setdefault("project_id", call.identity.project_id)
        if self.stamps:
            document[self.stamps[0]], document[self.stamps[1]] = self.now(), None
        self.complete(call, document)
        document |= self.first_stage(document, self.cloud.clock.now())

    def first_stage(self, document: state.Document, since: float) -> state.Document:
        """What a new document has to say of its creation, which began at that time."""
        if self.creation is None:
            return {}
        busy, after = self.creation
        due = since + self.cloud.settings.service_seconds
        return {self.status_field: busy, _DUE: due, _NEXT: self.broken if self._fails(document) else after}

    def complete(self, call: service.Call, document: state.Document) -> None:
        """Before a document is stored: complete it in place, or refuse it."""

    def modify(self, call: service.Call, document: state.Document, given: state.Document) -> state.Document:
        """Validate and store changes, and begin the stage of a change."""
        changes = self.checked(call, given, creating=False)
        self.change(call, document, changes)
        if self.stamps:
            changes[self.stamps[1]] = self.now()
        stored = self.begin(document["id"], self.updating, **changes)
        if self.updating is not None and self._fails(stored):
            stored = self.table.update(document["id"], **{_NEXT: self.broken})
        return self.changed(call, document, stored)

    def _fails(self, document: state.Document) -> bool:
        """Whether a fault says that what is under way ends badly."""
        kind = f"{self.singular}_error"
        return self.cloud.faults.outcome(self.service.name, kind, document.get("name") or "") is not None

    def owned(self, call: service.Call, document: state.Document) -> bool:
        """Owners and administrators, or administrators alone."""
        return call.identity.is_admin if self.admin_writes else super().owned(call, document)

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Owners and administrators; everybody where it belongs to nobody."""
        return self.shared or super().visible(call, document)

    def candidates(self, call: service.Call) -> Any:
        """All where they belong to nobody."""
        return self.table if self.shared else super().candidates(call)

    def now(self) -> str:
        """The time as the service writes it."""
        return self.cloud.clock.iso()

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """The document with the name that its id has on the wire."""
        shown = {name: value for name, value in document.items() if not name.startswith("_")}
        if self.identity != "id":
            shown[self.identity] = shown.pop("id")
        return shown

    # -- routes ------------------------------------------------------------------------------------------------------

    def enveloped(self, shown: Any) -> Any:
        """An object as it is sent."""
        return shown if self.bare else {self.singular: shown}

    def given(self, call: service.Call) -> state.Document:
        """The object in the body."""
        if not self.bare:
            return super().given(call)
        if not isinstance(call.body, dict):
            raise self.refuse("The request body must be an object.")
        return call.body

    def listing(self, call: service.Call) -> Any:
        """GET on the collection. Pages go by what is stored, since an id may have another name when it is shown."""
        page, more = self.page(call, self.select(call))
        return self.page_envelope(call, [self.pick(call, self.view(call, each)) for each in page], page, more)

    def show(self, call: service.Call) -> Any:
        """GET on a member."""
        return self.enveloped(self.pick(call, self.view(call, self.find(call, call.params["id"]))))

    def create(self, call: service.Call) -> Any:
        """POST on the collection."""
        document = self.add(call, self.given(call))
        return service.Reply(self.create_status, self.enveloped(self.view(call, document)))

    def mine(self, call: service.Call) -> state.Document:
        """The document of the path, which the caller may change."""
        document = self.find(call, call.params["id"])
        if not self.owned(call, document):
            raise self.forbidden(f"The caller may not change {self.singular} {document['id']}.")
        return document

    def update(self, call: service.Call) -> Any:
        """PUT or PATCH on a member."""
        changed = self.modify(call, self.mine(call), self.given(call))
        return service.Reply(self.update_status, self.enveloped(self.view(call, changed)))

    def delete(self, call: service.Call) -> Any:
        """DELETE on a member."""
        document = self.mine(call)
        self.check_delete(call, document)
        if self.deletion is None:
            self.vanish(document)
        else:
            self.begin(document["id"], self.deletion)
        return service.Reply(self.delete_status)


class StagedService(service.Service):
    """A service made of collections."""

    #: What comes before every path of the collections, as "/v2".
    version: ClassVar[str] = ""
    parts: Sequence[Staged]

    def __init__(self, owner: clouds.Cloud) -> None:
        super().__init__(owner)
        self.parts = self.build()

    def build(self) -> Sequence[Staged]:
        """The collections."""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Bring everything up to date with the clock."""
        for part in self.parts:
            part.catch_up()

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """Before each request, in a transaction of its own: what has ended has ended, though the request be refused."""
        with self.cloud.state.transaction():
            self.catch_up()
        return {}

    def routes(self) -> list[service.Route]:
        """Those of all collections."""
        found = [service.Route("GET", "/", self.versions, public=True)]
        found += [route for part in self.parts for route in part.routes()]
        return found

    def versions(self, call: service.Call) -> Any:
        """The one version there is."""
        name = self.version.strip("/") or "v1"
        link = {"rel": "self", "href": self.url(f"/{name}/")}
        return {"versions": [{"id": name, "status": "CURRENT", "links": [link]}]}

    def project_exists(self, project_id: str) -> bool:
        """Whether the identity service has the project."""
        return project_id in self.cloud.state.table("keystone.projects")


def in_use(message: str) -> errors.ApiError:
    """409 for what others need."""
    return errors.ApiError(409, message)
