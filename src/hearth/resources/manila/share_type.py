"""OS::Manila::ShareType: a kind of shares. Admin only.

Spec: https://docs.openstack.org/api-ref/shared-file-system/#share-types
"""

from typing import Any

from hearth.resources import base, only_one
from hearth.resources.contract import Call, Change, Gone, Observed
from hearth.resources.manila import kept
from hearth.resources.schema import Property

_OWN = ("driver_handles_share_servers", "snapshot_support")


def _extra(call: Call, observed: Observed) -> Any:
    """Those that no property of their own states."""
    given = call.properties.get("extra_specs") or {}
    return {key: value for key, value in (observed.get("extra_specs") or {}).items() if key in given or key not in _OWN}


@base.resource("OS::Manila::ShareType", since="5.0.0")
class ShareType(only_one.OnlyOne, kept.Kept):
    """A type of shares.

    Its name is there once.
    """

    remote = kept.collection("share_type", path="types")
    place, noun = "name", "share type"

    name = Property(str, "Name of the type.", required=True)
    driver_handles_share_servers = Property(
        bool,
        "Whether shares have servers of their own.",
        required=True,
        wire=None,
        live="extra_specs.driver_handles_share_servers",
    )
    snapshot_support = Property(
        bool,
        "Whether there are snapshots of its shares.",
        default=True,
        since="6.0.0",
        wire=None,
        live="extra_specs.snapshot_support",
    )
    is_public = Property(bool, "Whether all projects may use it.", default=True, wire="share_type_access:is_public")
    extra_specs = Property(dict, "What the service goes by.", updatable=True, wire=None, live=_extra)

    def body(self, call: Call) -> dict[str, Any]:
        """All that the service goes by is in one map of texts."""
        own = {name: str(call.properties[name]) for name in _OWN}
        return {**super().body(call), "extra_specs": {**own, **_texts(call.properties.get("extra_specs"))}}

    async def update(self, call: Call, change: Change) -> str | None:
        """Extra specs can be changed."""
        wanted = _texts(change.properties.get("extra_specs"))
        before = (call.previous or {}).get("extra_specs") or {}
        for key in before.keys() - wanted.keys():
            try:
                await self.request(call, "DELETE", f"{self.path(call)}/extra_specs/{key}")
            except Gone:
                continue
        if wanted:
            await self.request(call, "POST", f"{self.path(call)}/extra_specs", {"extra_specs": wanted})
        return None


def _texts(specs: Any) -> dict[str, str]:
    return {key: str(value) for key, value in (specs or {}).items()}
