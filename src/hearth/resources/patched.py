"""Types whose service takes JSON patches, and sends and takes bare objects with UUIDs: a base beside `RemoteResource`.

Spec: https://www.rfc-editor.org/rfc/rfc6902
"""

from hearth.resources.contract import Call, Change
from hearth.resources.remote import RemoteResource, remember_request


class Patched(RemoteResource):
    """Fields are replaced one by one; what is taken away is removed."""

    async def update(self, call: Call, change: Change) -> str | None:
        """Send a patch of what changed."""
        patch = [
            {"op": "remove", "path": f"/{name}"} if value is None else {"op": "add", "path": f"/{name}", "value": value}
            for name, value in self.changes(call, change).items()
        ]
        if patch:
            remember_request(call, await self.request(call, "PATCH", self.path(call), patch))
        return None
