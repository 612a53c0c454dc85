"""What all resources of the network service share, on top of the regular collection.

Ownership and sharing by RBAC policies, quotas, time stamps and revision numbers, tags, fields that only administrators
see, and the service's own strictness about filters and sort keys. Subclasses state their fields and hooks.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from hearth.localcloud.core import collection, errors, ids, quota, service, state
from hearth.localcloud.neutron import checks, refusals, tables

Field = collection.Field
read_only = collection.read_only

NAME = Field("name", str, default="", check=checks.text(255))
DESCRIPTION = Field("description", str, default="", check=checks.text(255))
UP = Field("admin_state_up", bool, default=True)
SHARED = Field("shared", bool, default=False, admin=True)

_PLAIN = frozenset({"id", "project_id", "tenant_id", "created_at", "updated_at", "revision_number", "tags"})
_TAG_FILTERS = frozenset({"tags", "tags-any", "not-tags", "not-tags-any"})
_CONTROL = frozenset({"limit", "marker", "sort_key", "sort_dir", "sort", "fields", "page_reverse"})


class Resource(collection.Collection):
    """One kind of network resource."""

    #: Type of the 404, and what its message calls the resource.
    missing_kind: ClassVar[str]
    noun: ClassVar[str]
    #: Name in RBAC policies, for what can be shared.
    rbac_type: ClassVar[str | None] = None
    #: Name of the quota that counts it.
    counted_as: ClassVar[str | None] = None
    #: Has it created_at, updated_at and revision_number?
    stamped: ClassVar[bool] = True
    taggable: ClassVar[bool] = True
    #: May only administrators create, change and delete it?
    admin_writes: ClassVar[bool] = False
    #: Fields that only administrators see, and those that nobody does.
    private: ClassVar[frozenset[str]] = frozenset()
    hidden: ClassVar[frozenset[str]] = frozenset()
    #: Filters besides the fields.
    filters: ClassVar[frozenset[str]] = frozenset()
    #: Further paths that the resource's tags are found under.
    tag_paths: ClassVar[tuple[str, ...]] = ()

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas) -> None:
        super().__init__(owner)
        self.data = data
        self.quotas = quotas
        self._known = _PLAIN | set(self._by_name) | self.filters
        self._unseen = self.hidden | self.private
        self._guarded = frozenset(field.name for field in self.fields if field.admin)

    # -- refusals ----------------------------------------------------------------------------------------------------

    def refuse(self, message: str) -> errors.ApiError:
        """400 for input of a wrong form."""
        return refusals.bad_body(message)

    def not_found(self, id: str) -> errors.ApiError:
        """404 with the resource's own type."""
        return refusals.missing(self.missing_kind, self.noun, id)

    def forbidden(self, message: str) -> errors.ApiError:
        """403 as the policy engine answers."""
        return errors.ApiError(403, message, kind="PolicyNotAuthorized")

    # -- who sees and owns -------------------------------------------------------------------------------------------

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Owners, administrators, and whom a policy lets in."""
        if super().visible(call, document):
            return True
        if self.rbac_type is None:
            return False
        return self.data.granted(document["id"], call.identity.project_id)

    def owned(self, call: service.Call, document: state.Document) -> bool:
        """Owners and administrators."""
        return call.identity.is_admin if self.admin_writes else super().owned(call, document)

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        """By index where the query names an indexed field; else what the project owns and what is shared with it."""
        for name in self.index:
            values = call.query.getlist(name) if call.scope["query_string"] else []
            if len(values) == 1:
                return self.table.select(**{name: values[0]})
        if call.identity.is_admin:
            return self.table
        project = call.identity.project_id
        own = self.table.select(project_id=project)
        if self.rbac_type is None:
            return own
        shared = (self.table.get(id) for id in self.data.granted_to(project, self.rbac_type))
        return [*own, *(each for each in shared if each is not None and each["project_id"] != project)]

    # -- what is shown -----------------------------------------------------------------------------------------------

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """The document without what this caller does not get to see."""
        unseen = self.hidden if call.identity.is_admin else self._unseen
        shown = {name: value for name, value in document.items() if name not in unseen}
        if self.rbac_type is not None:
            shown["shared"] = self.data.granted(document["id"], call.identity.project_id)
        return shown

    def value(self, call: service.Call, document: state.Document, name: str) -> Any:
        """A field for filtering, those included that are worked out when shown."""
        if name == "shared":
            return self.data.granted(document["id"], call.identity.project_id)
        return document.get(name)

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        """Fields by equality, tags by their own rules."""
        if name in _TAG_FILTERS:
            return _tags_match(document.get("tags", ()), name, values)
        value = self.value(call, document, name)
        if isinstance(value, bool):
            return any(_flag(name, each) == value for each in values)
        if isinstance(value, list):
            return any(each in value for each in values)
        return ("" if value is None else str(value)) in values

    def select(self, call: service.Call) -> list[state.Document]:
        """The documents of a list. Raises 400 for filters and sort keys that the resource does not have."""
        if call.scope["query_string"]:
            query = call.query
            unknown = [name for name in query if name not in _CONTROL | _TAG_FILTERS and name not in self._known]
            if unknown:
                raise self.refuse(f"{unknown[0]!r} is not an attribute to filter {self.plural} by.")
            keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
            if len(keys) != len(directions):
                raise self.refuse(f"{len(keys)} sort_key and {len(directions)} sort_dir: give as many of each.")
            wrong = [key for key in keys if key not in self._known]
            if wrong:
                raise self.refuse(f"{wrong[0]!r} is not an attribute to sort {self.plural} by.")
            if "marker" in query:
                self.find(call, query["marker"])
        return super().select(call)

    # -- writing -----------------------------------------------------------------------------------------------------

    def restrict(self, call: service.Call, document: state.Document | None, given: state.Document) -> None:
        """Refuse, with 403, fields that this caller may not give. `document`: what is changed; None when creating."""

    def checked(self, call: service.Call, given: Any, *, creating: bool) -> state.Document:
        """The given fields, with the owner sorted out: `project_id` stands in the result when it was given."""
        if creating and isinstance(given, dict) and not call.identity.is_admin:
            # Who gives an administrators' field its default asks for nothing special.
            given = {
                name: value
                for name, value in given.items()
                if not (name in self._guarded and value == self._by_name[name].default)
            }
        if not isinstance(given, dict) or not ("project_id" in given or "tenant_id" in given):
            return super().checked(call, given, creating=creating)
        if not creating:
            raise self.refuse("Cannot update read-only attribute project_id")
        project = given.get("project_id", given.get("tenant_id"))
        if not isinstance(project, str):
            raise self.refuse(f"Invalid input for project_id. Reason: {project!r} is not a string.")
        if project != call.identity.project_id and not call.identity.is_admin:
            raise self.refuse(f"Only administrators may create resources for another project ({project}).")
        rest = {name: value for name, value in given.items() if name not in ("project_id", "tenant_id")}
        return {**super().checked(call, rest, creating=True), "project_id": project}

    def add(self, call: service.Call, given: state.Document) -> state.Document:
        """Validate and store a new resource."""
        if self.admin_writes and not call.identity.is_admin:
            raise refusals.denied(f"create a {self.noun}")
        values = self.checked(call, given, creating=True)
        self.restrict(call, None, values)
        project = values.pop("project_id", call.identity.project_id)
        return self.make(call, project, values)

    def make(self, call: service.Call, project: str, values: state.Document) -> state.Document:
        """Store a new resource from checked values."""
        document: state.Document = {"id": ids.new_id(), "project_id": project, "tenant_id": project}
        for field in self.fields:
            if field.name in values:
                document[field.name] = values[field.name]
            else:
                default = field.default
                document[field.name] = list(default) if isinstance(default, list) else default
        if self.counted_as is not None and project:
            self.quotas.check(project, self.counted_as)
        if self.taggable:
            document.setdefault("tags", [])
        if self.stamped:
            document["created_at"] = document["updated_at"] = self.cloud.clock.iso()
            document["revision_number"] = 0
        self.prepare(call, document)
        if self.rbac_type is not None:
            wanted = document.pop("shared", False)
            stored = self.table.insert(document)
            if wanted:
                self.data.open_to_all(stored, self.rbac_type, "access_as_shared", True)
        else:
            stored = self.table.insert(document)
        return self.created(call, stored)

    def modify(self, call: service.Call, document: state.Document, given: state.Document) -> state.Document:
        """Validate and store changes of a resource. An If-Match header makes it conditional on the revision."""
        changes = self.checked(call, given, creating=False)
        self.restrict(call, document, changes)
        self._check_revision(call, document)
        self.change(call, document, changes)
        shared = changes.pop("shared", None) if self.rbac_type is not None else None
        if shared is not None and self.rbac_type is not None:
            self.data.open_to_all(document, self.rbac_type, "access_as_shared", shared)
        stored = self.touch(document["id"], **changes)
        return self.changed(call, document, stored)

    def touch(self, id: str, **changes: Any) -> state.Document:
        """Change fields of a stored resource and do the bookkeeping."""
        document = self.table.get(id)
        assert document is not None
        if self.stamped:
            changes |= tables.touched(document, self.cloud.clock.iso())
        return self.table.update(id, **changes)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Policies about a shared resource go with it."""
        if self.rbac_type is not None:
            for each in self.data.rbac_policies.select(object_id=document["id"]):
                self.data.rbac_policies.delete(each["id"])

    def remove(self, call: service.Call, document: state.Document) -> None:
        """Delete as the route does, for other parts of the service."""
        self.check_delete(call, document)
        self.table.delete(document["id"])

    def action(self, call: service.Call) -> state.Document:
        """The owned resource that a request on one of its sub-paths is about."""
        document = self.find(call, call.params["id"])
        if not self.owned(call, document):
            raise refusals.denied(f"change {self.noun} {document['id']}")
        return document

    def _check_revision(self, call: service.Call, document: state.Document) -> None:
        wanted = call.headers.get("if-match", "")
        if not wanted.startswith("revision_number="):
            return
        if wanted.removeprefix("revision_number=") != str(document.get("revision_number")):
            raise errors.ApiError(
                412,
                f"{self.noun} {document['id']} is at revision {document.get('revision_number')}, not {wanted}.",
                kind="RevisionNumberConstraintFailed",
            )


def _flag(name: str, word: str) -> bool:
    try:
        return checks.flag(word)
    except ValueError as error:
        raise refusals.invalid(f"Filter {name}: {error}.") from None


def _tags_match(tags: Iterable[str], name: str, values: Sequence[str]) -> bool:
    wanted = {tag for value in values for tag in value.split(",")}
    any_of = name.endswith("-any")
    found = bool(wanted & set(tags)) if any_of else wanted <= set(tags)
    return found != name.startswith("not-")
