"""What all collections of the workflow service share."""

import json
from typing import TYPE_CHECKING, Any, cast

from hearth.localcloud.core import errors, service, staged, state

if TYPE_CHECKING:
    from hearth.localcloud.mistral.service import Mistral


class Known(staged.Staged):
    """Bare objects, known by id or name."""

    bare = True

    @property
    def mistral(self) -> "Mistral":
        """The service, by which collections find one another."""
        return cast("Mistral", self.service)

    def refuse(self, message: str) -> errors.ApiError:
        """400 in the service's words."""
        return errors.ApiError(400, f"Invalid input: {message}")

    def not_found(self, id: str) -> errors.ApiError:
        """404 in the service's words."""
        return errors.ApiError(404, f"{self.singular.replace('_', ' ').capitalize()} not found [{self.singular}={id}]")

    def as_map(self, document: state.Document, name: str) -> state.Document:
        """A map that may come as JSON text."""
        value = document[name] or {}
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.refuse(f"{name} is not a map, and no JSON of one.")
        return found

    def find(self, call: service.Call, id: str) -> state.Document:
        """By name or id."""
        named = [one for one in self.table.select(name=id) if self.visible(call, one)]
        return super().find(call, named[0]["id"] if named else id)

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> state.Document:
        """A list has no links."""
        return {self.plural: shown}
