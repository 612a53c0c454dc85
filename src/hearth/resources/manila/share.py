"""OS::Manila::Share: a file system that several machines mount, and who may.

Spec: https://docs.openstack.org/api-ref/shared-file-system/#shares
"""

import json
from collections.abc import Mapping
from typing import Any

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Change, Observed, Permanent, Wait
from hearth.resources.manila import kept
from hearth.resources.remote import METADATA_KEY, own_metadata, remember_request, texts
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_RULES = "access_rules"
_RULE = ("access_type", "access_to", "access_level")


@base.resource("OS::Manila::Share", since="5.0.0")
class Share(kept.Kept):
    """A shared file system.

    Access is given once the share is there.
    """

    remote = kept.collection("share", marker="metadata", readiness=kept.BECOMES_AVAILABLE)

    name = Property(str, "Name of the share.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the share.", updatable=True, cleared="")
    share_protocol = Property(
        str,
        "How it is mounted.",
        required=True,
        allowed=("NFS", "CIFS", "GlusterFS", "HDFS", "CEPHFS"),
        wire="share_proto",
    )
    size = Property(int, "Its size in GiB.", required=True)
    share_type = Property(str, "What kind of share.", constraint="manila.share_type")
    share_network = Property(str, "Network that it is in.", constraint="manila.share_network", wire="share_network_id")
    source = Property(
        str, "Snapshot to make it from.", name="snapshot", constraint="manila.share_snapshot", wire="snapshot_id"
    )
    metadata = Property(dict, "Texts to keep with the share.", updatable=True, live=own_metadata())
    is_public = Property(bool, "Whether all projects see it.", default=False, updatable=True, cleared=False)
    access_rules = Property(
        list,
        "Who may mount it.",
        default=[],
        updatable=True,
        wire=None,
        live="access_rules",
        items=Property(
            dict,
            fields={
                "access_level": Property(str, "Whether to read only.", allowed=("ro", "rw")),
                "access_to": Property(str, "Who: an address, a user, a name in a certificate.", required=True),
                "access_type": Property(str, "What says who.", required=True, allowed=("ip", "user", "cert", "cephx")),
            },
        ),
    )

    attributes = {
        "availability_zone": Attribute(str, "Availability zone."),
        "created_at": Attribute(str, "When it was made."),
        "export_locations": Attribute(list, "Where it is mounted from."),
        "host": Attribute(str, "Host that has it."),
        "project_id": Attribute(str, "Project that owns it."),
        "share_server_id": Attribute(str, "Server that shares it."),
        "status": Attribute(str, "Status of the share."),
    }

    def body(self, call: Call) -> dict[str, Any]:
        """Metadata are texts, and share types are known by their ids."""
        return {**super().body(call), "metadata": texts(call.properties.get("metadata") or {})}

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields, metadata and access are three things."""
        changed = self.changes(call, change)
        changed.pop("metadata", None)
        names = {"name": "display_name", "description": "display_description"}
        fields = {names.get(key, key): value for key, value in changed.items()}
        if fields:
            remember_request(call, await self.request(call, "PUT", self.path(call), {"share": fields}))
        if "metadata" in change.properties:
            wanted = {**texts(call.properties.get("metadata") or {}), METADATA_KEY: call.resource_id}
            await self.request(call, "PUT", f"{self.path(call)}/metadata", {"metadata": wanted})
        if _RULES in change.properties:
            await self._set_access(call)
        return None

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """When the share is there, access is given; that takes its time, and so does taking it away."""
        if observed is not None and observed.get("status") == "error_deleting":
            raise Permanent(self.failure(call, observed), kind="ResourceInError")
        wait = await super().settle(call, observed)
        if wait is not None or call.action is Action.DELETE:
            return wait
        if call.action is Action.CREATE and not call.properties[_RULES]:
            return None
        states = await self._set_access(call)
        # A rule that is leaving may be what keeps the others from being in force.
        if "error" in states and "leaving" not in states:
            raise Permanent(f"an access rule is in error: {json.dumps(call.properties[_RULES])}", "ResourceInError")
        return None if states <= {"active"} else Wait()

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Access rules are listed by themselves."""
        return {**observed, _RULES: await self._access(call)}

    async def _access(self, call: Call) -> list[dict[str, Any]]:
        answer = await self._act(call, {"access_list": None})
        found: list[dict[str, Any]] = answer["access_list"]
        return found

    async def _set_access(self, call: Call) -> set[str]:
        """Bring the access rules to what is wanted; the states that they have by then."""
        wanted = {_key(one): one for one in call.properties[_RULES]}
        present = {_key(one): one for one in await self._access(call)}
        leaving = {key: one for key, one in present.items() if key not in wanted}
        for one in leaving.values():
            if one["state"] not in ("queued_to_deny", "denying"):
                await self._act(call, {"deny_access": {"access_id": one["id"]}})
        # Of one user there is one rule: another level waits until the former rule has gone.
        held = {key[:2] for key in leaving}
        for key in wanted.keys() - present.keys():
            if key[:2] in held:
                continue
            await self._act(call, {"allow_access": dict(zip(_RULE, key, strict=True))})
        states = {str(present[key]["state"]) if key in present else "new" for key in wanted}
        return states | {"leaving" for _ in leaving}

    async def _act(self, call: Call, body: Mapping[str, Any]) -> Any:
        return (await self.request(call, "POST", f"{self.path(call)}/action", body)).body


def _key(rule: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(rule.get(name) or "rw") for name in _RULE)
