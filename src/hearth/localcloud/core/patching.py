"""JSON patches, as some services take them for updates of one level of fields.

Spec: https://www.rfc-editor.org/rfc/rfc6902
"""

from typing import Any

from hearth.localcloud.core import errors, service, staged, state


class Patched(staged.Staged):
    """A collection of bare objects with UUIDs, updated by patches."""

    bare = True
    identity = "uuid"
    update_method = "PATCH"

    def given(self, call: service.Call) -> state.Document:
        """The fields that a patch sets, removed ones as their defaults. Raises 400."""
        if call.method != "PATCH":
            return super().given(call)
        if not isinstance(call.body, list):
            raise self.refuse("The request body must be a JSON patch.")
        changes: state.Document = {}
        for one in call.body:
            name = str(one.get("path", "")).lstrip("/") if isinstance(one, dict) else ""
            first, _, rest = name.partition("/")
            field = self._by_name.get(first)
            if field is None or one.get("op") not in ("add", "replace", "remove"):
                raise self.refuse(f"Couldn't apply patch: {one!r}")
            if rest:
                before = changes.get(first, self.find(call, call.params["id"]).get(first)) or {}
                kept = {key: value for key, value in before.items() if key != rest}
                changes[first] = kept if one["op"] == "remove" else {**kept, rest: one.get("value")}
            else:
                changes[first] = field.default if one["op"] == "remove" else one.get("value")
        return changes

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> state.Document:
        """The list alone."""
        return {self.plural: shown}

    def find(self, call: service.Call, id: str) -> state.Document:
        """By id, or by a name that is there once."""
        if id not in self.table:
            named = [one for one in self.table if one.get("name") == id and self.visible(call, one)]
            if len(named) > 1:
                raise errors.ApiError(409, f"Multiple {self.plural} exist with same name. Please use the uuid instead.")
            if named:
                return named[0]
        return super().find(call, id)
