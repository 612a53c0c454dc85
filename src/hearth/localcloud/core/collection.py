"""Regular REST collections by declaration: fields in a table, and list, show, create, update, delete follow.

A subclass states its names and fields and overrides the few hooks where its service is odd. All that is the same
everywhere is here: types, defaults, unknown and read-only fields, who sees what, filters by any field, `fields=`,
sorting, paging with marker and links, bulk creation. The words of errors go through
`refuse`, so each service keeps its shape.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from hearth.localcloud.core import errors, ids, service, state

#: Query parameters that are not filters.
_CONTROL = frozenset({"limit", "marker", "sort_key", "sort_dir", "sort", "fields", "page_reverse"})
_TYPE_NAMES = {str: "string", int: "integer", bool: "boolean", float: "number", list: "list", dict: "object"}


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a collection's documents.

    `kind`: the JSON type. `default`: a value (copied), or a function of the Call. `check`: takes the given value and
    returns the one to store; raises ValueError saying what is wrong with it. `admin`: only administrators may give it.
    `create`/`update`: may it be given then; neither makes it read-only.
    """

    name: str
    kind: type | tuple[type, ...] = str
    default: Any = None
    required: bool = False
    nullable: bool = False
    create: bool = True
    update: bool = True
    admin: bool = False
    check: Callable[[Any], Any] | None = None


def read_only(name: str, kind: type | tuple[type, ...] = str, default: Any = None) -> Field:
    """A field that the service alone sets."""
    return Field(name, kind, default, create=False, update=False)


class Collection:
    """One kind of resource, its routes and its table."""

    #: "network", "networks": the envelopes of one and of many.
    singular: ClassVar[str]
    plural: ClassVar[str]
    #: "/v2.0/networks", below the service's prefix.
    path: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    #: Fields with a hash index.
    index: ClassVar[tuple[str, ...]] = ("project_id",)
    #: Method of updates, and the statuses of success.
    update_method: ClassVar[str] = "PUT"
    create_status: ClassVar[int] = 201
    delete_status: ClassVar[int] = 204
    #: The largest page; also used when no limit is given. None: no limit.
    page_limit: ClassVar[int | None] = None

    def __init__(self, owner: service.Service) -> None:
        self.service = owner
        self.cloud = owner.cloud
        self.table: state.Table = owner.cloud.state.table(f"{owner.name}.{self.plural}", index=self.index)
        self._by_name = {field.name: field for field in self.fields}

    # -- what subclasses override ------------------------------------------------------------------------------------

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Before a document is stored: complete it in place, or refuse it."""

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        """After a document was stored; what it returns is shown."""
        return document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Before a document is changed: complete the changes in place, or refuse them."""

    def changed(self, call: service.Call, before: state.Document, after: state.Document) -> state.Document:
        """After a document was changed; what it returns is shown."""
        return after

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Before a document goes: refuse when it is in use, or take its dependents along."""

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """The document as this caller gets to see it."""
        return document

    def current(self, document: state.Document) -> state.Document:
        """The document brought up to date with the clock."""
        return document

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """May this caller see the document?"""
        return call.identity.sees(document.get("project_id"))

    def owned(self, call: service.Call, document: state.Document) -> bool:
        """May this caller change the document?"""
        return call.identity.sees(document.get("project_id"))

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        """The documents a list looks through; override where an index narrows them."""
        if call.identity.is_admin:
            return self.table
        return self.table.select(project_id=call.identity.project_id)

    def refuse(self, message: str) -> errors.ApiError:
        """The error for input that is wrong."""
        return errors.ApiError(400, message)

    def not_found(self, id: str) -> errors.ApiError:
        """The error for a document that is not there."""
        return errors.ApiError(404, f"{self.singular.replace('_', ' ').capitalize()} {id} could not be found.")

    def forbidden(self, message: str) -> errors.ApiError:
        """The error for what the caller's roles do not allow."""
        return errors.ApiError(403, message)

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        """Does the document pass one filter of the query? Unknown names match nothing that has no such field."""
        value = document.get(name)
        if isinstance(value, bool):
            return str(value).lower() in (text.lower() for text in values)
        return ("" if value is None else str(value)) in values

    # -- routes ------------------------------------------------------------------------------------------------------

    def routes(self) -> list[service.Route]:
        """The five regular routes."""
        member = self.path + "/{id}"
        return [
            service.Route("GET", self.path, self.listing),
            service.Route("POST", self.path, self.create),
            service.Route("GET", member, self.show),
            service.Route(self.update_method, member, self.update),
            service.Route("DELETE", member, self.delete),
        ]

    def listing(self, call: service.Call) -> Any:
        """GET on the collection."""
        found = [self.view(call, each) for each in self.select(call)]
        page, more = self.page(call, found)
        return self.page_envelope(call, [self.pick(call, each) for each in page], page, more)

    def show(self, call: service.Call) -> Any:
        """GET on a member."""
        return {self.singular: self.pick(call, self.view(call, self.find(call, call.params["id"])))}

    def create(self, call: service.Call) -> Any:
        """POST on the collection: one, or many at once under the plural name."""
        body = call.body
        if isinstance(body, dict) and isinstance(body.get(self.plural), list) and self.plural != self.singular:
            made = [self.view(call, self.add(call, each)) for each in body[self.plural]]
            return service.Reply(self.create_status, {self.plural: made})
        document = self.add(call, self.given(call))
        return service.Reply(self.create_status, {self.singular: self.view(call, document)})

    def update(self, call: service.Call) -> Any:
        """PUT or PATCH on a member."""
        document = self.find(call, call.params["id"])
        if not self.owned(call, document):
            raise self.forbidden(f"The caller may not change {self.singular} {document['id']}.")
        return {self.singular: self.view(call, self.modify(call, document, self.given(call)))}

    def delete(self, call: service.Call) -> Any:
        """DELETE on a member."""
        document = self.find(call, call.params["id"])
        if not self.owned(call, document):
            raise self.forbidden(f"The caller may not delete {self.singular} {document['id']}.")
        self.check_delete(call, document)
        self.table.delete(document["id"])
        return service.Reply(self.delete_status)

    # -- the steps, for use by subclasses and sibling services -------------------------------------------------------

    def given(self, call: service.Call) -> state.Document:
        """The object inside the body's envelope. Raises the 400 of the service."""
        body = call.body
        if not isinstance(body, dict) or not isinstance(body.get(self.singular), dict):
            raise self.refuse(f"The request body must hold an object {self.singular!r}.")
        inner: state.Document = body[self.singular]
        return inner

    def find(self, call: service.Call, id: str) -> state.Document:
        """The document, brought up to date. Raises 404 when there is none that the caller sees."""
        document = self.table.get(id)
        if document is not None:
            document = self.current(document)
        if document is None or not self.visible(call, document):
            raise self.not_found(id)
        return document

    def add(self, call: service.Call, given: state.Document) -> state.Document:
        """Validate and store a new document."""
        document = self.checked(call, given, creating=True)
        for field in self.fields:
            if field.name not in document:
                default = field.default(call) if callable(field.default) else copy.copy(field.default)
                document[field.name] = default
        document.setdefault("id", ids.new_id())
        self.prepare(call, document)
        return self.created(call, self.table.insert(document))

    def modify(self, call: service.Call, document: state.Document, given: state.Document) -> state.Document:
        """Validate and store changes of a document."""
        changes = self.checked(call, given, creating=False)
        self.change(call, document, changes)
        return self.changed(call, document, self.table.update(document["id"], **changes))

    def checked(self, call: service.Call, given: Any, *, creating: bool) -> state.Document:
        """The given fields, each known, allowed, of the right type and normalised. Raises the service's 400 or 403."""
        if not isinstance(given, dict):
            raise self.refuse(f"{self.singular} must be an object.")
        result: state.Document = {}
        for name, value in given.items():
            field = self._by_name.get(name)
            if field is None:
                raise self.refuse(f"Unrecognized attribute(s) '{name}'")
            if not (field.create if creating else field.update):
                raise self.refuse(f"Attribute '{name}' is not allowed in {'POST' if creating else self.update_method}")
            # As the services' policies do: naming the default asks for nothing special.
            if field.admin and not call.identity.is_admin and not (creating and value == field.default):
                raise self.forbidden(f"Only administrators may set {name}.")
            result[name] = self._value(field, value)
        if creating:
            missing = [field.name for field in self.fields if field.required and field.name not in result]
            if missing:
                raise self.refuse(f"Attribute '{missing[0]}' is required.")
        return result

    def _value(self, field: Field, value: Any) -> Any:
        if value is None:
            if field.nullable:
                return None
            raise self.refuse(f"Invalid input for {field.name}. Reason: it must not be null.")
        kinds = field.kind if isinstance(field.kind, tuple) else (field.kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            converted = _converted(value, kinds)
            if converted is None:
                wanted = " or ".join(_TYPE_NAMES.get(kind, kind.__name__) for kind in kinds)
                raise self.refuse(f"Invalid input for {field.name}. Reason: {value!r} is not a valid {wanted}.")
            value = converted
        if field.check is not None:
            try:
                return field.check(value)
            except ValueError as error:
                raise self.refuse(f"Invalid input for {field.name}. Reason: {error}.") from None
        return value

    def select(self, call: service.Call) -> list[state.Document]:
        """The documents of a list: visible and through all filters, in order."""
        filters: dict[str, list[str]] = {}
        for name, value in call.query.multi_items():
            if name not in _CONTROL:
                filters.setdefault(name, []).append(value)
        found: Iterable[state.Document]
        if "id" in filters:
            known = (self.table.get(id) for id in dict.fromkeys(filters["id"]))
            found = [document for document in known if document is not None]
        else:
            found = self.candidates(call)
        result = []
        for stored in found:
            document = self.current(stored)
            if self.visible(call, document) and all(
                self.matches(call, document, name, values) for name, values in filters.items()
            ):
                result.append(document)
        return result

    def page(
        self, call: service.Call, found: Sequence[state.Document]
    ) -> tuple[Sequence[state.Document], tuple[bool, bool]]:
        """Sort and cut; tells whether there is more (after, before) the page."""
        query = call.query
        keys = query.getlist("sort_key")
        directions = query.getlist("sort_dir")
        for entry in ",".join(query.getlist("sort")).split(","):
            if entry:
                key, _, direction = entry.partition(":")
                keys.append(key)
                directions.append(direction or "asc")
        ordered = list_sorted(found, keys, directions)
        reverse = query.get("page_reverse", "").lower() == "true"
        start, end = 0, len(ordered)
        marker = query.get("marker")
        if marker:
            place = next((n for n, document in enumerate(ordered) if document["id"] == marker), None)
            if place is None:
                raise self.refuse(f"The marker {marker!r} could not be found.")
            start, end = (0, place) if reverse else (place + 1, end)
        limit = self._limit(query.get("limit"))
        if limit is not None:
            start, end = (max(start, end - limit), end) if reverse else (start, min(end, start + limit))
        return ordered[start:end], (end < len(ordered), start > 0)

    def _limit(self, text: str | None) -> int | None:
        if text is None:
            return self.page_limit
        if not text.isdecimal():
            raise self.refuse(f"Limit {text!r} is not a whole number from 0 up.")
        limit = int(text)
        if self.page_limit is not None:
            return min(limit, self.page_limit) if limit else self.page_limit
        return limit or None

    def page_envelope(
        self,
        call: service.Call,
        shown: Sequence[state.Document],
        page: Sequence[state.Document],
        more: tuple[bool, bool],
    ) -> state.Document:
        """The body of a list, with links to the next and the previous page where the caller gave a limit."""
        body: state.Document = {self.plural: shown}
        if page and ("limit" in call.query or self.page_limit):
            links = []
            if more[0]:
                links.append({"rel": "next", "href": self._page_link(call, page[-1]["id"], reverse=False)})
            if more[1] and "marker" in call.query:
                links.append({"rel": "previous", "href": self._page_link(call, page[0]["id"], reverse=True)})
            if links:
                body[f"{self.plural}_links"] = links
        return body

    def _page_link(self, call: service.Call, marker: str, *, reverse: bool) -> str:
        kept = [(name, value) for name, value in call.query.multi_items() if name not in ("marker", "page_reverse")]
        kept.append(("marker", marker))
        if reverse:
            kept.append(("page_reverse", "True"))
        return f"{self.service.url(call.path)}?{urlencode(kept)}"

    def pick(self, call: service.Call, document: state.Document) -> state.Document:
        """Only the fields asked for by `fields=`."""
        wanted = call.query.getlist("fields") if call.scope["query_string"] else []
        if not wanted:
            return document
        return {name: document[name] for name in wanted if name in document}


def list_sorted(
    documents: Iterable[state.Document], keys: Sequence[str], directions: Sequence[str]
) -> list[state.Document]:
    """Documents by several keys, the first being the most important; nulls first. Missing directions mean ascending."""
    result = list(documents)
    for number in range(len(keys) - 1, -1, -1):
        key = keys[number]
        descending = number < len(directions) and directions[number] == "desc"
        result.sort(key=lambda document: _rank(document.get(key)), reverse=descending)
    return result


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, value)
    return (2, str(value))


def _converted(value: Any, kinds: tuple[type, ...]) -> Any:
    """What services take for a boolean or a number besides the JSON type; None when it is neither."""
    if bool in kinds and str(value).lower() in ("true", "1", "yes", "on"):
        return True
    if bool in kinds and str(value).lower() in ("false", "0", "no", "off"):
        return False
    if int in kinds and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    return None
