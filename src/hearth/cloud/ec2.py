"""Whether a request was signed with a key pair that Keystone knows, and whose it is.

The CloudFormation face asks `SignatureChecker` once per request. Keystone compares the signature, for it alone has the
secret, and answers with a token of the pair's owner; our service user asks it.
Spec: https://docs.openstack.org/api-ref/identity/v3-ext/#os-ec2-api
"""

import dataclasses
import time
from collections.abc import Mapping

from hearth.cloud import credentials, errors, tokens

_PATH = "/v3/ec2tokens"
_GOOD_FOR = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class SignedRequest:
    """What was signed. `path` as its characters are meant, not as a URL spells them; `params` without the signature."""

    access: str
    signature: str
    method: str
    host: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    body_hash: str  # SHA-256, hexadecimal

    def to_wire(self) -> dict[str, object]:
        """As Keystone wants it."""
        return {
            "access": self.access,
            "signature": self.signature,
            "verb": self.method,
            "host": self.host,
            "path": self.path,
            "params": dict(self.params),
            # Keystone looks for them by their usual spelling, and fails inside where there is none.
            "headers": {name.title(): value for name, value in self.headers.items()},
            "body_hash": self.body_hash,
        }


class SignatureChecker:
    """Checks signatures. One per process."""

    def __init__(self, connector: credentials.Connector) -> None:
        self._connector = connector
        self._good_at = -_GOOD_FOR  # when our own token was last known to be good

    async def check(self, request: SignedRequest) -> tokens.Caller | None:
        """Who signed the request, in the pair's project; None when the pair is unknown or the signature wrong.

        Raises Unavailable when Keystone cannot be asked.
        """
        try:
            return await self._ask({"ec2Credentials": request.to_wire()})
        except errors.NoService as error:
            raise errors.Unavailable(0, "identity", error.message) from error
        except (errors.Unauthorized, errors.NotFound):
            return None
        except errors.Unavailable:
            raise
        except errors.CloudError as error:
            raise errors.Unavailable(
                error.status, "identity", f"the service user cannot check signatures: {error.message}", error.request_id
            ) from error

    async def _ask(self, body: dict[str, object]) -> tokens.Caller:
        asker = await self._connector.session(credentials.ServiceUser())
        # A wrong signature and a bad token of ours are both answered by 401. Not every wrong signature may cost a new
        # token, so one that was good a moment ago counts as good.
        renew = time.monotonic() - self._good_at > _GOOD_FOR
        try:
            answer = await asker.post("identity", _PATH, json=body, renew=renew)
        finally:
            if renew:
                self._good_at = time.monotonic()
        return tokens.caller_from_wire(answer.headers.get("X-Subject-Token", ""), answer.body)
