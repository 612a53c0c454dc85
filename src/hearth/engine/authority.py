"""As whom the engine acts for a stack: trusts made from requests, kept encrypted, turned into sessions."""

from hearth.cloud import credentials, tokens
from hearth.cloud import session as cloud_session
from hearth.engine import context
from hearth.model.errors import HearthError
from hearth.store import stacks
from hearth.store.rows import StackRow


class MissingCredentials(HearthError):
    """The stack has nothing to act with."""

    kind = "MissingCredentialError"
    status = 400


class Authority:
    """Makes and uses the deferred authority of stacks."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._known: dict[str, credentials.Credential] = {}

    async def caller_session(self, caller: tokens.Caller) -> cloud_session.Session:
        """Access with the token of a request, for the time of the request."""
        return await self._context.connector.session(credentials.UserToken(caller.token))

    async def delegate(self, caller: tokens.Caller) -> str:
        """Let the caller delegate to Hearth what the stack will need; the id of the stored credential."""
        user = await self.caller_session(caller)
        trust_id = await self._context.connector.create_trust(user, self._context.settings.trusts_delegated_roles)
        credential_id = self._context.new_id()
        secret = {"kind": "trust", "trust_id": trust_id, "user_id": caller.user_id}
        codec, now = self._context.store.codec, self._context.now()
        await self._context.store.write(
            lambda connection: stacks.insert_credential(connection, codec, credential_id, secret, now)
        )
        return credential_id

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
            codec, wanted = self._context.store.codec, stack.credential_id
            secret = await self._context.store.read(lambda connection: stacks.credential(connection, codec, wanted))
            if secret is None:
                raise MissingCredentials(f"The credential of stack {stack.name} is gone; update the stack once.")
            credential = self._known[wanted] = credentials.Trust(secret["trust_id"])
        return await self._context.connector.session(credential)

    async def revoke(self, stack: StackRow) -> None:
        """Take the delegation back: the stack is gone. A trust that cannot be deleted stays behind, harmless."""
        if stack.credential_id is None:
            return
        codec, wanted = self._context.store.codec, stack.credential_id
        secret = await self._context.store.read(lambda connection: stacks.credential(connection, codec, wanted))
        self._known.pop(wanted, None)
        if secret is not None:
            trust_id = secret["trust_id"]
            await self._context.connector.delete_trust(credentials.Trust(trust_id), trust_id)
