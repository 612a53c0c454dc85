"""As whom the engine acts for a stack: what users delegate with requests, kept encrypted, turned into sessions.

A trust, or an application credential, as the operator decides (`deferred_auth_method`); stacks keep what they have when
that changes. All stacks of a tree have one.

Some services, for what they are to do later, have that delegated to them in turn, which Keystone allows nobody who acts
by a trust or a restricted application credential. For them (`cloud.session`) the token of the request that began what
is going on is kept as well, encrypted, until that is done or the token ends; see `reauthentication_auth_method`.

What is about to be delegated is stored first, with the mark or the name by which it is found again: a process may die
before it knows the id, or before the stack is stored that it is for.
"""

import asyncio
import collections
import functools
import logging

import sqlalchemy as sa

from hearth.cloud import application_credentials, credentials, tokens
from hearth.cloud import errors as cloud_errors
from hearth.cloud import session as cloud_session
from hearth.engine import complaints, context
from hearth.model import interruption
from hearth.model.errors import Forbidden, HearthError
from hearth.model.states import Status
from hearth.store import lent_tokens, stacks
from hearth.store.rows import StackRow

log = logging.getLogger(__name__)

#: The value of `deferred_auth_method`, and the kind of a stored credential.
APPLICATION_CREDENTIALS = "application_credentials"
#: The kinds of a stored credential: a trust of the stack's own, and one that its user came with, which stays.
_TRUST, _LENT_TRUST = "trust", "lent_trust"
#: The kind of a stored credential that may have been made.
_INTENDED = "intended"
#: Whether it is one role: how roles are spoken of.
_ROLES = {True: "the role", False: "the roles"}
#: Seconds between two looks for what nobody uses.
_LOOK_EVERY = 60.0
#: The value of `reauthentication_auth_method` with which no token is kept.
_KEEP_NONE = "trusts"
#: Credentials that are kept in memory: those used last.
_KEPT = 1000


class MissingCredentials(HearthError):
    """The stack has nothing to act with."""

    kind = "MissingCredentialError"
    status = 400


class Authority:
    """Makes and uses the deferred authority of stacks."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._known: collections.OrderedDict[str, credentials.Credential] = collections.OrderedDict()  # used last: last

    async def caller_session(self, caller: tokens.Caller) -> cloud_session.Session:
        """Access with the token of a request, for the time of the request."""
        return await self._context.connector.session(credentials.UserToken(caller.token))

    async def delegate(self, caller: tokens.Caller) -> str:
        """Let the caller delegate to Hearth what the stack will need; the id of the stored credential.

        Raises:
            errors.Forbidden: Keystone does not let this token delegate anything, or not the roles that are needed.
        """
        credential_id = self._context.new_id()
        user = await self.caller_session(caller)
        # A trust of a trust ends with that, so it cannot be marked; one that is lost stays behind.
        end = credentials.mark(credential_id) if caller.trust_id is None else None
        method = self._context.settings.deferred_auth_method
        intent = {"kind": _INTENDED, "method": method, "end": end, "user_id": caller.user_id}
        codec, now = self._context.store.codec, self._context.now()
        await self._context.store.write(
            lambda connection: stacks.insert_credential(connection, codec, credential_id, intent, now)
        )
        try:
            secret = await self._delegated(user, credential_id, end)
        except cloud_errors.Forbidden as error:
            lent = await self._lent(caller)
            if lent is None:
                raise Forbidden(
                    f"Your token may not delegate to the orchestration service: {error.message}. Sign in with a "
                    "password, or with an application credential that is unrestricted."
                ) from error
            secret = lent
        except (cloud_errors.NotFound, cloud_errors.BadRequest) as error:
            roles = self._context.settings.trusts_delegated_roles or user.roles
            raise Forbidden(
                f"Keystone does not let you delegate {_ROLES[len(roles) == 1]} {', '.join(sorted(roles))} in this "
                f"project: {error.message.removesuffix('.')}. Roles that come by a group of an identity provider can "
                "be delegated only while Keystone remembers the group: have them assigned to you (openstack role add), "
                "or have the provider's groups remembered (openstack identity provider set --authorization-ttl "
                "MINUTES) and sign in again."
            ) from error
        secret["user_id"] = caller.user_id

        def store(connection: sa.Connection) -> None:
            stacks.change_credential(connection, codec, credential_id, secret)
            self._lend(connection, caller, credential_id)

        await self._context.store.write(store)
        return credential_id

    def _lends(self, caller: tokens.Caller) -> bool:
        """Whether a token can do more than what is delegated with it, and may be kept."""
        settings = self._context.settings
        can = caller.trust_id is None and caller.access_rules is None
        return can and settings.reauthentication_auth_method != _KEEP_NONE

    def _lend(self, connection: sa.Connection, caller: tokens.Caller, credential_id: str) -> None:
        """Keep the caller's own token beside what the caller delegates, in the place of an earlier request's.

        One that may do less is not kept, and then the action must not use the earlier one, which may do more.
        """
        if self._lends(caller):
            codec, now = self._context.store.codec, self._context.now()
            lent_tokens.put(connection, codec, credential_id, caller.token, now, caller.expires_at)
        else:
            lent_tokens.forget(connection, credential_id)

    async def _lent_token(self, credential_id: str) -> str | None:
        codec, until = self._context.store.codec, self._context.now() + cloud_session.EARLY
        found: str | None = await self._context.store.read(
            lambda connection: lent_tokens.of(connection, codec, credential_id, until)
        )
        return found

    async def _delegated(self, user: cloud_session.Session, credential_id: str, end: str | None) -> dict[str, str]:
        settings, connector = self._context.settings, self._context.connector
        if settings.deferred_auth_method == APPLICATION_CREDENTIALS:
            made = await application_credentials.create(
                user,
                _name(credential_id),
                settings.trusts_delegated_roles,
                unrestricted=connector.settings.allow_trusts_redelegation,
            )
            return {"kind": APPLICATION_CREDENTIALS, "id": made.id, "secret": made.secret}
        return {"kind": _TRUST, "trust_id": await connector.create_trust(user, settings.trusts_delegated_roles, end)}

    async def _lent(self, caller: tokens.Caller) -> dict[str, str] | None:
        """The trust by which the caller came, if it was given to us: a stack elsewhere calls with the one it has."""
        if caller.trust_id is None:
            return None
        try:
            await self._context.connector.session(credentials.Trust(caller.trust_id))
        except cloud_errors.CloudError:
            return None
        return {"kind": _LENT_TRUST, "trust_id": caller.trust_id}

    async def take_over(self, caller: tokens.Caller, stack: StackRow) -> None:
        """Let the caller's delegation take the place of another user's, who may leave: the caller changes the stack.

        What is under way goes on with what it began with, as long as that works. Administrators of all projects take
        nothing over: their token is for a project of their own.
        """
        former = stack.credential_id
        if former is None or caller.project_id != stack.project_id:
            return
        secret = await self._secret(former)
        if secret is not None:
            is_own = secret.get("user_id") == caller.user_id
            hints_at_trouble = not is_own or stack.status is Status.FAILED
            stays = not hints_at_trouble or (
                (is_own or stack.status is Status.IN_PROGRESS) and await self._works(stack)
            )
            if stays:
                if is_own:
                    await self._context.store.write(lambda connection: self._lend(connection, caller, former))
                return
        taken = await self.delegate(caller)
        await self._context.store.write(lambda connection: stacks.hand_over(connection, former, taken))
        stack.credential_id = taken
        try:
            await self._take_back(former)
        except cloud_errors.CloudError as error:
            log.info("What was delegated for stack %s before is taken back later: %s", stack.id, error)

    async def _works(self, stack: StackRow) -> bool:
        try:
            await (await self.session_of(stack)).get("identity", "/v3/auth/projects")
        except cloud_errors.Unavailable:
            return True  # nobody knows
        except (cloud_errors.CloudError, MissingCredentials):
            return False
        return True

    async def session_of(self, stack: StackRow) -> cloud_session.Session:
        """Access as the stack's owner, whenever it is needed.

        Raises:
            MissingCredentials: the stack was stored without a credential.
        """
        if stack.credential_id is None:
            raise MissingCredentials(
                f"Stack {stack.name} has no stored credential; update it once, so that its owner delegates anew."
            )
        credential = self._known.get(stack.credential_id)
        if credential is None:
            secret = await self._secret(stack.credential_id)
            if secret is None:
                raise MissingCredentials(f"The credential of stack {stack.name} is gone; update the stack once.")
            credential = self._known[stack.credential_id] = _credential(secret)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(stack.credential_id)
        session = await self._context.connector.session(credential)
        session.own_token = functools.partial(self._lent_token, stack.credential_id)
        return session

    async def _secret(self, credential_id: str) -> dict[str, str] | None:
        codec = self._context.store.codec
        found: dict[str, str] | None = await self._context.store.read(
            lambda connection: stacks.credential(connection, codec, credential_id)
        )
        return found

    async def revoke(self, stack: StackRow) -> None:
        """Take the delegation back: the stack is gone. What cannot be taken back now is so later."""
        if stack.credential_id is not None:
            await self._take_back(stack.credential_id)

    async def keep_tidy(self) -> None:
        """Take back what nobody uses, for ever."""
        while True:
            try:
                await self.take_back_unused()
            except (Exception, asyncio.CancelledError) as error:  # the border of a task that must go on
                interruption.heed(error)
                complaints.tell(log, "What nobody uses cannot be taken back; it is tried again", error)
            await asyncio.sleep(min(_LOOK_EVERY, self._context.settings.unused_delegation))

    async def take_back_unused(self) -> None:
        """Take back what was delegated for stacks that were never stored, or that are gone; forget idle tokens."""
        now = self._context.now()
        # A token is kept a little before its stack is stored.
        await self._context.store.write(functools.partial(lent_tokens.forget_idle, now=now, before=now - _LOOK_EVERY))
        before = now - self._context.settings.unused_delegation
        for credential_id in await self._context.store.read(lambda connection: stacks.unused(connection, before)):
            try:
                await self._take_back(credential_id)
            except cloud_errors.CloudError as error:
                log.info("What no stack uses any more is taken back later: %s", error)
            except HearthError:
                raise  # the store's
            except (Exception, asyncio.CancelledError) as error:
                # The border of one: others are taken back all the same.
                interruption.heed(error)
                complaints.tell(log, f"The unused credential {credential_id} cannot be taken back", error)

    async def _take_back(self, credential_id: str) -> None:
        connector, secret = self._context.connector, await self._secret(credential_id)
        self._known.pop(credential_id, None)
        for credential in await self._made(credential_id, secret) if secret is not None else ():
            if isinstance(credential, credentials.Trust):
                try:
                    await connector.delete_trust(credential, credential.trust_id)
                except cloud_errors.Unauthorized:
                    continue  # it is gone, or who gave it is: it is good for nothing any more
            else:
                await application_credentials.delete(connector, credential, secret["user_id"] if secret else "")
        await self._context.store.write(lambda connection: stacks.delete_credential(connection, credential_id))

    async def _made(
        self, credential_id: str, secret: dict[str, str]
    ) -> list[credentials.Trust | credentials.ApplicationCredential]:
        """What was made for a stored credential, or of the intent to make one."""
        if secret["kind"] == _LENT_TRUST:
            return []
        if secret["kind"] != _INTENDED:
            return [_credential(secret)]
        connector, user_id = self._context.connector, secret["user_id"]
        if secret["method"] == APPLICATION_CREDENTIALS:
            return list(await application_credentials.find(connector, user_id, _name(credential_id)))
        ids = await connector.find_trusts(user_id, secret["end"]) if secret["end"] is not None else []
        return [credentials.Trust(one) for one in ids]


def _name(credential_id: str) -> str:
    return f"orchestration-{credential_id}"


def _credential(secret: dict[str, str]) -> credentials.Trust | credentials.ApplicationCredential:
    if secret["kind"] == APPLICATION_CREDENTIALS:
        return credentials.ApplicationCredential(secret["id"], secret["secret"])
    return credentials.Trust(secret["trust_id"])
