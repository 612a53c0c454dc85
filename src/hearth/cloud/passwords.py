"""Whether the name and password that came with a request are good, and who sent it.

The API asks a `PasswordChecker` where the configuration lets requests do without a token. Keystone is asked for a token
of the user in the project of the URL, which is then checked like any other, so a Keystone whose tokens ours does not
know lets nobody in, whatever it says of its users. Passwords are neither kept nor told: what is remembered has a keyed
hash in their place.

Spec: https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization
"""

import asyncio
import collections
import dataclasses
import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any

from hearth.cloud import access, catalog, credentials, errors, tokens

_MAX_REMEMBERED = 10_000
#: Longer ones no Keystone takes.
_LONGEST = 4096
#: A token that ends sooner than this is not used for a further request.
_EARLY = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class PasswordRules:
    """Whether requests may carry passwords, and which Keystones they may name. Names as in [auth_password]."""

    enabled: bool = False
    #: A request names the Keystone that signs it in.
    multi_cloud: bool = False
    allowed_auth_uris: tuple[str, ...] = ()

    def keystone(self, own: str, named: str | None) -> str | None:
        """The URL to sign in at; None when the one that the request names is not allowed.

        Raises ValueError when it has to name one and does not.
        """
        if not self.multi_cloud:
            return own
        if not named:
            raise ValueError("There is no Keystone to sign in at: name one in the header X-Auth-Url.")
        allowed = {url.rstrip("/"): url for url in self.allowed_auth_uris}
        return allowed.get(named.rstrip("/"))


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """As whom a request is sent. `domain`: id of the user's domain. `auth_url`: the Keystone that it names."""

    user: str
    password: str = dataclasses.field(repr=False)
    project_id: str
    domain: str = "default"
    auth_url: str | None = None

    @property
    def is_possible(self) -> bool:
        """Whether some Keystone may know it."""
        return all(0 < len(text) <= _LONGEST for text in (self.user, self.password, self.project_id, self.domain))

    def to_wire(self) -> dict[str, Any]:
        """The request for a token."""
        user = {"name": self.user, "password": self.password, "domain": {"id": self.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": {"id": self.project_id}}}}


class PasswordChecker:
    """Signs users in and remembers their tokens for as long as answers about tokens are. One per process."""

    def __init__(
        self, connector: credentials.Connector, validator: tokens.TokenValidator, rules: PasswordRules
    ) -> None:
        self.rules = rules
        self._connector = connector
        self._validator = validator
        self._secret = secrets.token_bytes(32)
        #: hash of a login and its Keystone -> token, until (epoch seconds)
        self._known: collections.OrderedDict[bytes, tuple[str, float]] = collections.OrderedDict()
        self._asking: dict[bytes, asyncio.Task[str | None]] = {}

    async def check(self, login: Login) -> tokens.Caller | None:
        """Who sends a request, in the project that it names; None when name, password, project or Keystone is wrong.

        Raises Unavailable when Keystone cannot be asked, ValueError when the request must name one.
        """
        url = self.rules.keystone(self._connector.settings.auth_url, login.auth_url)
        if url is None or not login.is_possible:
            return None
        key = self._key((url, login.domain, login.user, login.password, login.project_id))
        known = self._known.get(key)
        if known is not None and known[1] > time.time():
            self._known.move_to_end(key)
            caller = await self._validator.validate(known[0])
            if caller is not None:
                return caller
        # What was remembered has ended, by a new password perhaps.
        self._known.pop(key, None)
        token = await self._sign_in(key, url, login)
        return None if token is None else await self._validator.validate(token)

    def _key(self, parts: Sequence[str]) -> bytes:
        hashed = hashlib.blake2b(key=self._secret, digest_size=32)
        for part in parts:
            text = part.encode("utf-8", "surrogateescape")
            hashed.update(len(text).to_bytes(8) + text)
        return hashed.digest()

    async def _sign_in(self, key: bytes, url: str, login: Login) -> str | None:
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key, url, login))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: the task serves all who wait, and one of them may be cancelled.
        return await asyncio.shield(task)

    async def _ask(self, key: bytes, url: str, login: Login) -> str | None:
        found = await self._ask_keystone(catalog.identity_url(url) + "/auth/tokens?nocatalog", login)
        if found is None:
            return None
        token, expires_at = found
        now = time.time()
        until = min(now + self._validator.rules.token_cache_time, expires_at - _EARLY)
        if until > now:
            self._known[key] = token, until
            while len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        return token

    async def _ask_keystone(self, url: str, login: Login) -> tuple[str, float] | None:
        """A token and its end, epoch seconds. Keystone's own words are told to nobody: they may repeat the request."""
        attempts = self._validator.rules.http_request_max_retries + 1
        while True:
            attempts -= 1
            try:
                answer = await self._connector.wire.exchange("identity", "POST", url, {}, json=login.to_wire())
                return answer.headers["X-Subject-Token"], access.epoch(answer.body["token"]["expires_at"])
            except errors.Unavailable as error:
                if attempts <= 0:
                    told = f"answered {error.status}" if error.status else error.message
                    raise errors.Unavailable(error.status, "identity", f"nobody can sign in: {told}") from None
            except (errors.BadRequest, errors.Unauthorized, errors.Forbidden, errors.NotFound) as error:
                if not error.status:
                    raise errors.Unavailable(0, "identity", f"nobody can sign in: {error.message}") from None
                return None
            except errors.CloudError as error:
                raise errors.Unavailable(
                    error.status, "identity", f"nobody can sign in: answered {error.status}"
                ) from None
            except (KeyError, TypeError, ValueError):
                raise errors.Unavailable(0, "identity", "nobody can sign in: answered without a token") from None
