"""As whom to call the cloud: credentials, the sessions made from them, and trusts.

The engine asks a `Connector` for the session of a credential; sessions are kept while their credential is in use, and
at most one token is fetched for a credential at a time. Tokens come from keystoneauth's plugins (in a thread: they
block), so every form of authentication an operator may configure works. Makes no decision about who may do what.
"""

import asyncio
import collections
import dataclasses
import datetime
import functools
import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import keystoneauth1.exceptions
import keystoneauth1.loading
import keystoneauth1.session

from hearth.cloud import access, catalog, elsewhere, errors, settings, transport
from hearth.cloud import session as sessions
from hearth.cloud.elsewhere import Elsewhere
from hearth.telemetry import trail


@dataclasses.dataclass(frozen=True, slots=True)
class UserToken:
    """A token that a user sent with a request. It ends when it ends."""

    token: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Trust:
    """What a user delegated to our trustee; acts as that user in that project."""

    trust_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceUser:
    """Our own user, in the service project."""


@dataclasses.dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """A user's application credential."""

    id: str
    secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class StackDomainAdmin:
    """The administrator of the domain of stack users, in that domain."""


@dataclasses.dataclass(frozen=True, slots=True)
class StackUser:
    """A user that a stack made, in the stack's own project."""

    id: str
    password: str = dataclasses.field(repr=False)
    project_id: str


Credential = UserToken | Trust | ServiceUser | ApplicationCredential | StackDomainAdmin | StackUser | Elsewhere

#: Sessions kept at most; the one unused longest goes first.
_MAX_SESSIONS = 2048

#: Options of a scope: a trust or an application credential brings its own.
_SCOPE_OPTIONS = (
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "tenant_id",
    "tenant_name",
    "domain_id",
    "domain_name",
    "system_scope",
    "default_domain_id",
    "default_domain_name",
    "trust_id",
)


#: Added to Keystone's words when it does not accept (any longer) what was delegated.
_ENDED = (
    "It does not accept what the stack's owner delegated: the owner may have been removed, have lost a role, or have "
    "signed in by an identity provider too long ago. Sign in to the stack's project anew and update or delete the stack"
)
#: A trust's end as Keystone tells it, without fractions of a second: not every Keystone keeps those.
_SECONDS = len("3000-01-01T00:00:00")
_FIRST_END = datetime.datetime(3000, 1, 1, tzinfo=datetime.UTC)
_SPAN = 200_000_000_000  # seconds, up to the year 9337


def mark(name: str) -> str:
    """A moment by which a trust is known again. A trust has neither name nor tags; nobody lives to see its end."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % _SPAN
    return (_FIRST_END + datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


class Connector:
    """Gives out sessions. One per process, used inside one event loop; `close` it at the end."""

    def __init__(self, options: settings.CloudSettings) -> None:
        self.settings = options
        self.wire = transport.Transport(options)
        self._guarded = transport.Transport(options, options.outward)
        #: Hosts that serve our own cloud.
        self._own_hosts = {urlsplit(options.auth_url).netloc}
        self._sessions: collections.OrderedDict[Credential, sessions.Session] = collections.OrderedDict()
        self._opening: dict[Credential, asyncio.Task[sessions.Session]] = {}
        self._trustee_id: str | None = None

    async def session(self, credential: Credential) -> sessions.Session:
        """The session of a credential. Raises Unauthorized (also when a trust is gone), Unavailable."""
        known = self._sessions.get(credential)
        if known is not None and known.is_usable:
            self._sessions.move_to_end(credential)
            return known
        task = self._opening.get(credential)
        if task is None:
            task = self._opening[credential] = asyncio.create_task(self._open(credential))
            task.add_done_callback(lambda _: self._opening.pop(credential, None))
        # Shielded: the task serves all who wait, and one of them may be cancelled.
        return await asyncio.shield(task)

    async def _open(self, credential: Credential) -> sessions.Session:
        if isinstance(credential, UserToken):
            granted = await self._read_token(credential.token)
            opened = sessions.Session(self.wire, self.settings, granted, None, self.session)
            self._own_hosts |= granted.hosts
        elif isinstance(credential, Elsewhere):
            outward = elsewhere.Outward(self.wire, self._guarded, self._own_hosts.__contains__)
            sign_in = functools.partial(elsewhere.sign_in, credential, outward, self.settings)
            there = credential.seen_from(self.settings)
            opened = sessions.Session(outward, there, await sign_in(), sign_in, self.session)
        else:
            source = self._plugin_source(credential)
            lent = isinstance(credential, (Trust, ApplicationCredential))
            fetch = functools.partial(self._fetch_lent if lent else self._fetch, source)
            granted = await fetch()
            opened = sessions.Session(self.wire, self.settings, granted, fetch, self.session)
            self._own_hosts |= granted.hosts
        self._sessions[credential] = opened
        while len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return opened

    def _plugin_source(self, credential: Credential) -> settings.AuthSection:
        service = self.settings.service
        trustee = self.settings.trustee or service
        if isinstance(credential, Trust):
            return settings.AuthSection(
                trustee.auth_type, {**_without_scope(trustee.options), "trust_id": credential.trust_id}
            )
        if isinstance(credential, StackDomainAdmin):
            domain = self.settings.stack_domain
            if domain is None:
                raise errors.CloudError(0, "identity", "no domain of stack users is configured")
            where = {"domain_id": domain.id} if domain.id else {"domain_name": domain.name}
            return settings.AuthSection(
                "v3password",
                {
                    "auth_url": catalog.identity_url(self.settings.auth_url),
                    "username": domain.admin,
                    "password": domain.password,
                    **{f"user_{key}": value for key, value in where.items()},
                    **where,
                },
            )
        if isinstance(credential, StackUser):
            return settings.AuthSection(
                "v3password",
                {
                    "auth_url": catalog.identity_url(self.settings.auth_url),
                    "user_id": credential.id,
                    "password": credential.password,
                    "project_id": credential.project_id,
                },
            )
        if isinstance(credential, ApplicationCredential):
            return settings.AuthSection(
                "v3applicationcredential",
                {
                    "auth_url": self.settings.auth_url,
                    "application_credential_id": credential.id,
                    "application_credential_secret": credential.secret,
                },
            )
        return service

    async def _read_token(self, token: str) -> access.Access:
        """What Keystone says about a token. Asked with the token itself, as long as that may be: not one by a trust."""
        url = catalog.identity_url(self.settings.auth_url) + "/auth/tokens"
        tls = self.settings.tls_by_service.get("identity")
        try:
            try:
                headers = {"X-Auth-Token": token, "X-Subject-Token": token}
                answer = await self.wire.exchange("identity", "GET", url, headers, tls=tls)
            except errors.Forbidden:
                asker = await self._fetch(self.settings.service)
                headers = {"X-Auth-Token": asker.token, "X-Subject-Token": token}
                answer = await self.wire.exchange("identity", "GET", url, headers, tls=tls)
        except errors.NotFound as error:
            raise errors.Unauthorized(401, "identity", "the token is not valid", error.request_id) from error
        return access.from_wire(token, answer.body, self.settings)

    async def _fetch(self, source: settings.AuthSection) -> access.Access:
        return await asyncio.to_thread(self._fetch_blocking, source)

    async def _fetch_lent(self, source: settings.AuthSection) -> access.Access:
        """The same by what a user delegated, which may end."""
        try:
            return await self._fetch(source)
        except (errors.Unauthorized, errors.Forbidden) as error:
            message = f"{error.message.removesuffix('.')}. {_ENDED}"
            raise type(error)(error.status, error.service, message, error.request_id) from error

    def _fetch_blocking(self, source: settings.AuthSection) -> access.Access:
        tls = self.settings.tls_by_service.get("identity", self.settings.tls)
        followed = trail.current()
        try:
            http = keystoneauth1.session.Session(
                verify=False if tls.insecure else tls.ca_file or True,
                cert=(tls.cert_file, tls.key_file) if tls.cert_file and tls.key_file else tls.cert_file,
                timeout=self.settings.request_timeout,
                user_agent="hearth",
                additional_headers={} if followed is None else {trail.HEADER: followed.global_id},
            )
            loader: Any = keystoneauth1.loading.get_plugin_loader(source.auth_type)
            ref = loader.load_from_options(**source.options).get_access(http)
        except keystoneauth1.exceptions.HttpError as error:
            raise _refused(error) from error
        except keystoneauth1.exceptions.ConnectFailure as error:
            raise errors.Unavailable(0, "identity", f"cannot connect to {source.auth_url}") from error
        except keystoneauth1.exceptions.ClientException as error:
            raise errors.CloudError(0, "identity", f"cannot authenticate at {source.auth_url}: {error}") from error
        return access.from_wire(ref.auth_token, ref._data, self.settings)

    async def create_trust(self, user: sessions.Session, roles: Sequence[str] = (), end: str | None = None) -> str:
        """Let the trustee act as this user in the user's project; gives the trust's id.

        `roles` to delegate; none: the configured ones, else all of the user's. `end`: when it ends by itself, see
        `mark`; None: never.
        """
        names = tuple(roles) or self.settings.trusts_delegated_roles or user.roles
        body: dict[str, Any] = {
            "trustor_user_id": user.user_id,
            "trustee_user_id": await self._trustee_user_id(),
            "project_id": user.project_id,
            "impersonation": True,
            "roles": [{"name": name} for name in names],
            "allow_redelegation": self.settings.allow_trusts_redelegation,
            "expires_at": end,
        }
        answer = await user.post("identity", "/v3/OS-TRUST/trusts", json={"trust": body})
        return str(answer.body["trust"]["id"])

    async def find_trusts(self, trustor_id: str, end: str) -> list[str]:
        """The ids of the trusts that a user gave to our trustee and that end at a moment; asked as the trustee."""
        trustee = await self._fetch(self.settings.trustee or self.settings.service)
        query = urlencode({"trustee_user_id": trustee.user_id, "trustor_user_id": trustor_id})
        url = f"{catalog.identity_url(self.settings.auth_url)}/OS-TRUST/trusts?{query}"
        tls = self.settings.tls_by_service.get("identity")
        answer = await self.wire.exchange("identity", "GET", url, {"X-Auth-Token": trustee.token}, tls=tls)
        return [
            str(one["id"]) for one in answer.body["trusts"] if (one["expires_at"] or "")[:_SECONDS] == end[:_SECONDS]
        ]

    async def delete_trust(self, credential: Credential, trust_id: str) -> None:
        """Take a trust back; the credential is its giver's, or the trust itself. One that is gone is no error."""
        self._sessions.pop(Trust(trust_id), None)
        try:
            acting = await self.session(credential)
            await acting.delete("identity", f"/v3/OS-TRUST/trusts/{trust_id}")
        except errors.NotFound:
            return
        finally:
            self._sessions.pop(Trust(trust_id), None)

    async def _trustee_user_id(self) -> str:
        if self._trustee_id is None:
            self._trustee_id = (await self._fetch(self.settings.trustee or self.settings.service)).user_id
        return self._trustee_id

    def forget(self, credential: Credential) -> None:
        """Keep no session of a credential any longer."""
        self._sessions.pop(credential, None)

    async def close(self) -> None:
        """Forget all sessions and close the connections."""
        for task in list(self._opening.values()):
            task.cancel()
        self._sessions.clear()
        await self.wire.close()
        await self._guarded.close()


def _without_scope(options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _SCOPE_OPTIONS}


def _refused(error: keystoneauth1.exceptions.HttpError) -> errors.CloudError:
    answer = error.response
    raw, headers = (b"", {}) if answer is None else (answer.content, answer.headers)
    # A token that is fetched twice does no harm, so it counts as a GET.
    return errors.from_answer("identity", "GET", error.http_status, raw, headers, error.request_id)
