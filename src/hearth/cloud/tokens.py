"""Whether a token that came with a request is good, and who sent it.

The APIs ask a `TokenValidator` once per request. It follows the rules and options of keystonemiddleware's auth_token:
Keystone is asked with our service user's token, answers are remembered for a while, a service token may keep an
expired user token alive. What the caller may do is decided elsewhere (oslo.policy).
Spec: https://docs.openstack.org/keystonemiddleware/latest/middlewarearchitecture.html
"""

import asyncio
import collections
import dataclasses
import functools
import re
import time
from collections.abc import Mapping
from typing import Any

from hearth.cloud import access, credentials, errors


@dataclasses.dataclass(frozen=True, slots=True)
class TokenRules:
    """How tokens are checked. Times are seconds; names as the options of [keystone_authtoken]."""

    #: Shown to clients in the answer 401.
    www_authenticate_uri: str = ""
    #: How long an answer of Keystone is remembered; below 0: not at all.
    token_cache_time: float = 300.0
    service_token_roles: tuple[str, ...] = ("service",)
    service_token_roles_required: bool = False
    http_request_max_retries: int = 3
    #: The orchestration service as access rules of application credentials name it.
    service_type: str = "orchestration"


@dataclasses.dataclass(frozen=True, slots=True)
class AccessRule:
    """A kind of call that an application credential is for. `path`: `*` or `{name}` is a part, `**` any parts.

    Spec: https://docs.openstack.org/keystone/latest/user/application_credentials.html#access-rules
    """

    service: str
    method: str
    path: str


@functools.lru_cache(maxsize=1024)
def _path_pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*|\*|\{[^}]*\})", path)
    return re.compile("".join(re.escape(piece) if at % 2 == 0 else _wild(piece) for at, piece in enumerate(pieces)))


def _wild(piece: str) -> str:
    return ".*" if piece == "**" else "[^/]+"


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. Ids of projects and domains are None where the token has no such scope."""

    user_id: str
    user_name: str
    user_domain_id: str | None
    user_domain_name: str | None
    project_id: str | None
    project_name: str | None
    project_domain_id: str | None
    project_domain_name: str | None
    roles: tuple[str, ...]
    #: The role admin, in an admin project where Keystone knows such.
    is_admin: bool
    is_admin_project: bool
    token: str = dataclasses.field(repr=False)
    #: End of the token, epoch seconds.
    expires_at: float
    trust_id: str | None = None
    system_scope: str | None = None
    domain_id: str | None = None
    #: The service that passed the request on, when it showed a token of its own.
    service_user_id: str | None = None
    service_roles: tuple[str, ...] = ()
    #: What the token may be used for alone; None: for everything.
    access_rules: tuple[AccessRule, ...] | None = None

    def may_call(self, service: str, method: str, path: str) -> bool:
        """Whether the token may be used for a call."""
        if self.access_rules is None:
            return True
        return any(
            rule.service == service and rule.method == method and _path_pattern(rule.path).fullmatch(path)
            for rule in self.access_rules
        )


_MAX_REMEMBERED = 10_000


class TokenValidator:
    """Checks tokens and remembers the answers. One per process."""

    def __init__(self, connector: credentials.Connector, rules: TokenRules) -> None:
        self.rules = rules
        self._connector = connector
        #: token, expired allowed -> caller (None: not good), until (epoch seconds)
        self._known: collections.OrderedDict[tuple[str, bool], tuple[Caller | None, float]] = collections.OrderedDict()
        self._asking: dict[tuple[str, bool], asyncio.Task[Caller | None]] = {}

    async def validate(self, token: str, service_token: str | None = None) -> Caller | None:
        """Who the token belongs to, or None when it (or the service token beside it) is not good.

        Raises Unavailable when Keystone cannot be asked.
        """
        if service_token is None:
            return await self._check(token, False)
        service = await self._check(service_token, False)
        if service is None:
            return None
        trusted = any(role in self.rules.service_token_roles for role in service.roles)
        if self.rules.service_token_roles_required and not trusted:
            return None
        caller = await self._check(token, trusted)
        if caller is None:
            return None
        # What a service passes on, the user called for there.
        rules = None if trusted else caller.access_rules
        return dataclasses.replace(
            caller, service_user_id=service.user_id, service_roles=service.roles, access_rules=rules
        )

    async def _check(self, token: str, allow_expired: bool) -> Caller | None:
        # A token travels in a header, so anything else cannot have come from Keystone.
        if not token or len(token) > 8192 or not token.isascii() or not token.isprintable() or " " in token:
            return None
        key = token, allow_expired
        remembered = self._known.get(key)
        now = time.time()
        if remembered is not None and remembered[1] > now:
            self._known.move_to_end(key)
            return remembered[0]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(token, allow_expired))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, token: str, allow_expired: bool) -> Caller | None:
        body = await self._ask_keystone(token, allow_expired)
        now = time.time()
        caller = None if body is None else caller_from_wire(token, body)
        until = now + self.rules.token_cache_time
        if caller is not None and not allow_expired:
            if caller.expires_at <= now:
                caller = None
            else:
                until = min(until, caller.expires_at)
        if until > now:
            self._known[token, allow_expired] = caller, until
            while len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        return caller

    async def _ask_keystone(self, token: str, allow_expired: bool) -> Any:
        params = {"nocatalog": "1", "allow_expired": "1" if allow_expired else None}
        attempts = self.rules.http_request_max_retries + 1
        while True:
            attempts -= 1
            try:
                asker = await self._connector.session(credentials.ServiceUser())
                # Keystone tells nothing of tokens with access rules to who does not say that these will be heeded.
                headers = {"X-Subject-Token": token, "OpenStack-Identity-Access-Rules": "1.0"}
                answer = await asker.get("identity", "/v3/auth/tokens", params=params, headers=headers)
            except errors.NoService as error:
                raise errors.Unavailable(0, "identity", error.message) from error
            except errors.NotFound:
                return None
            except errors.Unavailable:
                if attempts <= 0:
                    raise
            except errors.CloudError as error:
                # Our own credential is refused: no fault of the caller's.
                raise errors.Unavailable(
                    error.status, "identity", f"the service user cannot check tokens: {error.message}", error.request_id
                ) from error
            else:
                return answer.body


def caller_from_wire(token: str, body: Mapping[str, Any]) -> Caller:
    """Read Keystone's answer about a token."""
    data = body["token"]
    user = data["user"]
    project = data.get("project") or {}
    roles = tuple(role["name"] for role in data.get("roles") or ())
    # Absent means that this Keystone has no admin project, so admin anywhere is admin.
    is_admin_project = data.get("is_admin_project", True)
    return Caller(
        user_id=user["id"],
        user_name=user.get("name", ""),
        user_domain_id=user.get("domain", {}).get("id"),
        user_domain_name=user.get("domain", {}).get("name"),
        project_id=project.get("id"),
        project_name=project.get("name"),
        project_domain_id=project.get("domain", {}).get("id"),
        project_domain_name=project.get("domain", {}).get("name"),
        roles=roles,
        is_admin="admin" in roles and is_admin_project,
        is_admin_project=is_admin_project,
        token=token,
        expires_at=access.epoch(data["expires_at"]),
        trust_id=(data.get("OS-TRUST:trust") or {}).get("id"),
        system_scope="all" if (data.get("system") or {}).get("all") else None,
        domain_id=(data.get("domain") or {}).get("id"),
        access_rules=_access_rules(data.get("application_credential") or {}),
    )


def _access_rules(credential: Mapping[str, Any]) -> tuple[AccessRule, ...] | None:
    rules = credential.get("access_rules")
    if rules is None:
        return None
    return tuple(AccessRule(rule["service"], rule["method"], rule["path"]) for rule in rules)
