"""OS::Nova::KeyPair: a key that servers let in.

A pair has no room for a mark, and a service that made one tells its private half once. So SSH pairs are made here, and
stored before the service is asked to register the public half: by it a pair is known again after a lost answer, and
nobody else's is taken for it. X.509 pairs are left to the service; of those a lost one cannot be told from others.

Spec: https://docs.openstack.org/api-ref/compute/#keypairs-keypairs
"""

import asyncio
import dataclasses
import json
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base, blockers
from hearth.resources.contract import GIVEN_UP, Call, Conflict, Gone, Observed, Permanent, Values, Wait
from hearth.resources.nova import key_making
from hearth.resources.remote import Remote, RemoteResource, remember_request
from hearth.resources.schema import Attribute, Property

_PRIVATE_KEY = "private_key"
#: Where a call keeps the public half of the pair that was made for it.
_MADE = "made_public_key"
#: The first version in which a pair has a type.
_WITH_TYPES = "2.2"


def _stripped(expected: str, actual: str | None) -> str | None:
    """The actual key; spaces around it mean nothing."""
    return expected if actual is not None and actual.strip() == expected.strip() else actual


def _same(public_key: str, observed: Observed) -> bool:
    return _stripped(public_key, observed.get("public_key")) == public_key


def _in_the_way(call: Call, observed: Observed) -> str:
    """What has the wanted name, and what to do about it."""
    user = f"--user {call.properties['user']} " if "user" in call.properties else ""
    lost = "public_key" not in call.properties and _MADE not in call.data
    return (
        f"the pair of that name, with the fingerprint {observed.get('fingerprint')}, is not known to be this stack's"
        + (", and if a lost call for it made the pair, nobody has the private key" if lost else "")
        + f": choose another name, or delete the pair (openstack keypair delete {user}{call.properties['name']}) "
        "and update the stack"
    )


@base.resource("OS::Nova::KeyPair", since="2014.1")
class KeyPair(RemoteResource):
    """An SSH key pair that servers let in.

    Its name is its id. Without a public key a pair is made, whose private half can be kept.
    """

    secret_data = (_PRIVATE_KEY,)

    # From 2.92 on the service makes no pairs.
    remote = Remote(service="compute", path="/os-keypairs", envelope="keypair", microversion="2.10")
    named_before_create = False
    used_by = (blockers.servers(key_name="{id}"),)
    takes_turns = True

    name = Property(str, "Name of the key pair.", required=True, length=(1, 255))
    public_key = Property(
        str,
        "The public key; a pair is made if it is not given.",
        live=lambda call, observed: _stripped(call.properties["public_key"], observed.get("public_key")),
    )
    save_private_key = Property(
        bool, "Whether the private key that is made is kept.", default=False, wire=None, live=None
    )
    type = Property(str, "Kind of key.", allowed=("ssh", "x509"), since="8.0.0")
    user = Property(str, "User whose key it is; admin only.", refers="keystone.user", wire="user_id", since="9.0.0")

    attributes = {
        "public_key": Attribute(str, "The public key."),
        _PRIVATE_KEY: Attribute(str, "The private key, if it was made and kept; else empty.", cached=False),
    }

    def microversion(self, call: Call) -> str | None:
        """Keys of another user need a newer version than others."""
        newest = self.remote.microversion
        assert newest is not None
        if "user" in call.properties or call.cloud.may_ask_for(self.remote.service, newest):
            return newest
        return _WITH_TYPES

    async def intend(self, call: Call) -> None:
        """Make the pair that is asked for, unless it is the service's part."""
        given = call.properties
        if call.physical_id is not None or _MADE in call.data or "public_key" in given or given.get("type") == "x509":
            return
        # It takes about 0.1 s of a processor: everything else goes on meanwhile.
        private_key, public_key = await asyncio.to_thread(key_making.pair, "Generated-by-Hearth")
        call.data[_MADE] = public_key
        if given.get("save_private_key"):
            call.data[_PRIVATE_KEY] = private_key

    def body(self, call: Call) -> dict[str, Any]:
        """With the public half of the pair that was made."""
        made = {"public_key": call.data[_MADE]} if _MADE in call.data else {}
        return made | super().body(call)

    async def locate(self, call: Call) -> str | None:
        """The pair of that name, if its public half is the one that was to be registered."""
        wanted, observed = self.body(call).get("public_key"), await self._present(call)
        if wanted is None or observed is None or not _same(wanted, observed):
            return None
        call.physical_id = call.properties["name"]
        return call.physical_id

    async def create(self, call: Call) -> str | None:
        """Register the key, or have a pair made. A name that is taken is refused, unless by the very pair made here."""
        try:
            answer = await self.request(call, "POST", self.remote.path, {"keypair": self.body(call)}, creating=True)
        except Conflict as conflict:
            observed = await self._present(call)
            if observed is None:
                raise
            if _MADE not in call.data or not _same(call.data[_MADE], observed):
                raise Permanent(f"{conflict}; {_in_the_way(call, observed)}", kind="Conflict") from conflict
            call.physical_id = call.properties["name"]
            return call.physical_id
        call.physical_id = call.properties["name"]
        remember_request(call, answer)
        if call.properties.get("save_private_key"):
            call.data.setdefault(_PRIVATE_KEY, answer.body["keypair"].get("private_key") or "")
        return call.physical_id

    async def _present(self, call: Call) -> Observed | None:
        """The pair that has the name, whoever made it."""
        try:
            return await self.observe(dataclasses.replace(call, physical_id=call.properties["name"]))
        except Gone:
            return None

    def collides(self, properties: Values, wanted: Values) -> str:
        """A user has one key of a name."""
        for key in ("name", "user"):
            one, other = properties.get(key), wanted.get(key)
            if one != other and UNKNOWN not in (one, other):
                return ""
        return f"the name {properties['name']}, so for a moment there is no such key"

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Take the key away, unless another one has the name already."""
        observed = await self.observe(call) or {}
        public_key = observed.get("public_key")
        if GIVEN_UP not in call.data:
            call.data[GIVEN_UP] = json.dumps({"public_key": public_key, "type": observed.get("type", "ssh")})
            return Wait(0)
        if json.loads(call.data[GIVEN_UP])["public_key"] == public_key:
            await self.delete(call)
        return None

    async def take_back(self, call: Call) -> Wait | None:
        """Register the public key again under its name; whoever has the private key can go on with it."""
        noted = json.loads(call.data[GIVEN_UP])
        try:
            present = await self.observe(call) or {}
        except Gone:
            body = self.body(call) | noted
            await self.request(call, "POST", self.remote.path, {"keypair": body})
            return None
        if present.get("public_key") != noted["public_key"]:
            raise Permanent(f"another key has the name {call.physical_id}", kind="Conflict")
        return None

    def path(self, call: Call) -> str:
        """A key of another user is named together with the user."""
        user = call.properties.get("user")
        return f"{super().path(call)}?user_id={user}" if user else super().path(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The private key is kept here only."""
        if name == _PRIVATE_KEY:
            return call.data.get(_PRIVATE_KEY, "")
        return await super().attribute(call, name, observed)
