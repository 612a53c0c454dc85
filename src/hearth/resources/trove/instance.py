"""OS::Trove::Instance: a database server with its databases and users.

Spec: https://docs.openstack.org/api-ref/database/#database-instances
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from hearth.model.states import Action
from hearth.model.values import is_known
from hearth.resources import base, rules
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Values, Wait
from hearth.resources.remote import remember_request
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, USED_ONCE, Attribute, Property
from hearth.resources.trove import served

#: Key of private data: what is left of an update, as JSON.
_STEPS = "steps"


def _names(field: str) -> Any:
    """Reads what there is under the names that were given; other fields are as they were given."""

    def read(call: Call, observed: Observed) -> Any:
        if field not in observed:
            return ABSENT
        given = {one["name"]: one for one in call.properties.get(field) or ()}
        return [given.get(one["name"], {"name": one["name"]}) for one in observed[field]]

    return read


@base.resource("OS::Trove::Instance", since="2014.1")
class Instance(served.Served):
    """A database server.

    Grows in place.
    """

    remote = served.collection("instance")

    name = Property(str, "Name of the instance.", updatable=True, length=(None, 255), default=PHYSICAL_NAME)
    flavor = Property(
        str,
        "Flavor of the server.",
        required=True,
        updatable=True,
        refers="trove.flavor",
        wire="flavorRef",
        live="flavor.id",
    )
    size = Property(
        int,
        "Size of its volume in GiB.",
        required=True,
        updatable=True,
        minimum=1,
        maximum=150,
        wire=None,
        live="volume.size",
    )
    datastore_type = Property(str, "What database.", length=(None, 255), wire=None, live="datastore.type")
    datastore_version = Property(str, "Which version.", length=(None, 255), wire=None, live="datastore.version")
    databases = Property(
        list,
        "Its databases.",
        default=[],
        updatable=True,
        live=_names("databases"),
        items=Property(
            dict,
            fields={
                "character_set": Property(str, "Its character set.", default="utf8"),
                "collate": Property(str, "How its texts are sorted.", default="utf8_general_ci"),
                "name": Property(
                    str,
                    "Name of the database.",
                    required=True,
                    length=(None, 64),
                    pattern="[a-zA-Z0-9_\\-]+[a-zA-Z0-9_@?#\\s\\-]*[a-zA-Z0-9_\\-]+",
                ),
            },
        ),
    )
    users = Property(
        list,
        "Its users.",
        default=[],
        updatable=True,
        live=_names("users"),
        items=Property(
            dict,
            fields={
                "databases": Property(
                    list, "Databases that the user may use.", required=True, length=(1, None), items=Property(str)
                ),
                "host": Property(str, "Where the user comes from; % is anywhere.", default="%"),
                "name": Property(
                    str,
                    "Name of the user.",
                    required=True,
                    length=(None, 16),
                    pattern="[a-zA-Z0-9_]+[a-zA-Z0-9_@?#\\s]*[a-zA-Z0-9_]+",
                ),
                "password": Property(
                    str,
                    "The password.",
                    required=True,
                    pattern="[a-zA-Z0-9_]+[a-zA-Z0-9_@?#\\s]*[a-zA-Z0-9_]+",
                    secret=True,
                ),
            },
        ),
    )
    networks = Property(
        list,
        "Networks that it is on.",
        default=[],
        wire=None,
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "fixed_ip": Property(str, "An address.", constraint="ip_addr"),
                "network": Property(str, "The network.", constraint="neutron.network"),
                "port": Property(str, "The port.", constraint="neutron.port"),
            },
        ),
    )
    availability_zone = Property(str, "Where it is.", live=USED_ONCE)
    restore_point = Property(str, "Backup to fill it from.", wire=None, live=USED_ONCE)
    replica_of = Property(str, "Instance that it follows.", since="5.0.0", live=USED_ONCE)
    replica_count = Property(int, "How many that follow it are made.", since="5.0.0", live=USED_ONCE)

    attributes = {
        "hostname": Attribute(str, "Its host name."),
        "href": Attribute(str, "URL of its API.", source=served.self_link),
    }

    checks = (rules.together("datastore_version", "datastore_type"),)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Users use databases that there are; a network is a network or a port."""
        yield from super().validate(properties)
        yield from served.wrong_networks(("networks",), properties.get("networks"))
        databases, users = properties.get("databases"), properties.get("users")
        if not is_known(databases) or not isinstance(users, list):
            return
        known = {one.get("name") for one in databases or () if isinstance(one, Mapping)}
        for at, user in enumerate(users):
            for name in (user.get("databases") or ()) if isinstance(user, Mapping) else ():
                if is_known(name) and name not in known:
                    yield Issue(("users", at, "databases"), f"There is no database {name!r}.", "Add it to 'databases'.")

    def body(self, call: Call) -> dict[str, Any]:
        """In the service's words."""
        given = call.properties
        body = super().body(call)
        body["volume"] = {"size": given["size"]}
        store = {key: given[f"datastore_{key}"] for key in ("type", "version") if f"datastore_{key}" in given}
        if store:
            body["datastore"] = store
        body["users"] = [_user(one) for one in given["users"]]
        if given["networks"]:
            body["nics"] = served.nics(given["networks"])
        if "restore_point" in given:
            body["restorePoint"] = {"backupRef": given["restore_point"]}
        return body

    async def update(self, call: Call, change: Change) -> str | None:
        """The name at once, and one thing after the other of the rest: the service takes one change at a time."""
        if "name" in change.properties:
            name = change.properties["name"] or call.physical_name
            await self.request(call, "PATCH", self.path(call), {"instance": {"name": name}})
        keys = [key for key in ("flavor", "size", "databases", "users") if key in change.properties]
        call.data[_STEPS] = json.dumps(keys)
        return None

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """When it is at rest, the next step of an update."""
        wait = await super().settle(call, observed)
        if wait is not None or call.action is not Action.UPDATE:
            return wait
        steps = json.loads(call.data.get(_STEPS, "[]"))
        if not steps:
            call.data.pop(_STEPS, None)
            return None
        key, call.data[_STEPS] = steps[0], json.dumps(steps[1:])
        if key == "flavor":
            await self._act(call, {"flavorRef": call.properties["flavor"]})
        elif key == "size":
            await self._act(call, {"volume": {"size": call.properties["size"]}})
        else:
            await self._set_parts(call, key)
        return Wait(0)

    async def _act(self, call: Call, resize: Mapping[str, Any]) -> None:
        path = f"{self.path(call)}/action"
        remember_request(call, await self.request(call, "POST", path, {"resize": resize}))

    async def _set_parts(self, call: Call, field: str) -> None:
        """Remove and add databases or users. Changed users are made anew: nobody shows their passwords."""
        wanted = {one["name"]: one for one in call.properties.get(field) or ()}
        before = {one["name"]: one for one in (call.previous or {}).get(field) or ()}
        present = set(await self._parts(call, field))
        changed = {name for name in wanted if field == "users" and name in before and before[name] != wanted[name]}
        for name in sorted((present - wanted.keys()) | (present & changed)):
            try:
                await self.request(call, "DELETE", f"{self.path(call)}/{field}/{quote(name, safe='')}")
            except Gone:
                continue
        missing = [wanted[name] for name in wanted if name not in present or name in changed]
        if missing:
            body = {field: [_user(one) for one in missing] if field == "users" else missing}
            await self.request(call, "POST", f"{self.path(call)}/{field}", body)

    async def _parts(self, call: Call, field: str) -> list[str]:
        answer = await self.request(call, "GET", f"{self.path(call)}/{field}")
        return [str(one["name"]) for one in answer.body[field]]

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Databases and users are listed by themselves."""
        seen = dict(observed)
        for field in ("databases", "users"):
            if call.properties.get(field):
                seen[field] = [{"name": name} for name in await self._parts(call, field)]
        return seen


def _user(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "databases": [{"name": name} for name in given["databases"]]}
