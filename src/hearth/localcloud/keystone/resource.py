"""What keystone's collections have in common: PATCH, `links`, free extra fields, and administrators only.

A subclass says with `open_to_all` that everybody may read it, and overrides `may_show` for narrower exceptions.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hearth.localcloud.core import collection, errors, ids, service, state
from hearth.localcloud.keystone import directory

if TYPE_CHECKING:
    from hearth.localcloud.keystone.service import Keystone


class Resource(collection.Collection):
    """A collection of keystone. `keystone`: the service, which has the directory and the other collections."""

    update_method: ClassVar[str] = "PATCH"
    #: Everybody may list and show.
    open_to_all: ClassVar[bool] = False
    #: Fields beyond the declared ones are kept, as keystone does for users and projects.
    free_fields: ClassVar[bool] = False

    def __init__(self, keystone: "Keystone") -> None:
        self.keystone = keystone
        super().__init__(keystone)

    @property
    def names(self) -> directory.Directory:
        """The directory of the cloud."""
        found: directory.Directory = self.keystone.directory
        return found

    def may_show(self, call: service.Call, id: str) -> bool:
        """May a caller who is no administrator see this one?"""
        return self.open_to_all

    def permit(self, call: service.Call, action: str, *, allowed: bool = False) -> None:
        """Refuse callers who are neither administrators nor allowed otherwise."""
        if not (allowed or call.identity.is_admin):
            raise not_permitted(action)

    def listing(self, call: service.Call) -> Any:
        self.permit(call, f"list_{self.plural}", allowed=self.open_to_all)
        return super().listing(call)

    def show(self, call: service.Call) -> Any:
        self.permit(call, f"get_{self.singular}", allowed=self.may_show(call, call.params["id"]))
        return super().show(call)

    def create(self, call: service.Call) -> Any:
        self.permit(call, f"create_{self.singular}")
        return super().create(call)

    def update(self, call: service.Call) -> Any:
        self.permit(call, f"update_{self.singular}")
        return super().update(call)

    def delete(self, call: service.Call) -> Any:
        self.permit(call, f"delete_{self.singular}")
        return super().delete(call)

    def visible(self, call: service.Call, document: state.Document) -> bool:
        return True

    def owned(self, call: service.Call, document: state.Document) -> bool:
        return True

    def candidates(self, call: service.Call) -> Sequence[state.Document]:
        for field in self.index:
            if field in call.query:
                return self.table.select(**{field: call.query[field]})
        return self.table.select()

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        field, _, how = name.partition("__")
        if field not in document:
            return True
        if not how:
            return super().matches(call, document, field, values)
        text, value = str(document[field]), values[-1]
        if how.startswith("i"):
            text, value, how = text.lower(), value.lower(), how[1:]
        tests: dict[str, Callable[[], bool]] = {
            "contains": lambda: value in text,
            "startswith": lambda: text.startswith(value),
            "endswith": lambda: text.endswith(value),
        }
        return tests[how]() if how in tests else True

    def checked(self, call: service.Call, given: Any, *, creating: bool) -> state.Document:
        if not isinstance(given, dict):
            raise self.refuse(f"{given!r} is not of type 'object'")
        known = {name: value for name, value in given.items() if name in self._by_name}
        if not creating and given.get("id", call.params.get("id")) == call.params.get("id"):
            known.pop("id", None)
        result = super().checked(call, known, creating=creating)
        if self.free_fields:
            extra = {name: value for name, value in given.items() if name not in self._by_name}
            for name in ("id", "links"):
                extra.pop(name, None)
            result.update(extra)
        return result

    def prepare(self, call: service.Call, document: state.Document) -> None:
        if "id" not in self._by_name or not document.get("id"):
            document["id"] = ids.new_hex()
        if document["id"] in self.table:
            raise self.duplicate(f"ID {document['id']}")

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        return {**document, "links": {"self": self.service.url(f"{self.path}/{document['id']}")}}

    def page_envelope(
        self,
        call: service.Call,
        shown: Sequence[state.Document],
        page: Sequence[state.Document],
        more: tuple[bool, bool],
    ) -> state.Document:
        return envelope(call, self.plural, shown)

    def not_found(self, id: str) -> errors.ApiError:
        return directory.could_not_find(self.singular, id)

    def duplicate(self, what: str) -> errors.ApiError:
        """The 409 for a name that is taken."""
        return errors.ApiError(
            409, f"Conflict occurred attempting to store {self.singular} - Duplicate entry found with {what}."
        )


def envelope(call: service.Call, plural: str, shown: Sequence[Any]) -> state.Document:
    """A list's body with its links."""
    query = call.scope["query_string"].decode("latin-1")
    address = call.service.url(call.path) + (f"?{query}" if query else "")
    return {plural: shown, "links": {"next": None, "self": address, "previous": None}}


def not_permitted(action: str) -> errors.ApiError:
    """The 403 of a caller without the role."""
    return errors.ApiError(403, f"You are not authorized to perform the requested action: identity:{action}.")


def one_of(*allowed: str) -> Callable[[Any], Any]:
    """A check that a value is one of these."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {list(allowed)}")
        return value

    return check


def name(limit: int = 255) -> Callable[[Any], Any]:
    """A check that a name is neither blank nor too long."""

    def check(value: Any) -> Any:
        if not value.strip():
            raise ValueError("the name must not be blank")
        if len(value) > limit:
            raise ValueError(f"the name has {len(value)} characters, more than {limit}")
        return value

    return check
