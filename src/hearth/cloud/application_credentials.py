"""Application credentials that a user makes for us, and taking them back.

The other way to act for somebody later than by a trust: it needs no service user to delegate to, works for users of an
identity provider, and ends with its user or with a role of it. Asked by `hearth.engine.authority`.
Spec: https://docs.openstack.org/api-ref/identity/v3/#application-credentials
"""

import logging
import secrets
from collections.abc import Sequence

from hearth.cloud import credentials, errors, session

_log = logging.getLogger(__name__)


async def create(
    user: session.Session, name: str, roles: Sequence[str], *, unrestricted: bool
) -> credentials.ApplicationCredential:
    """Let us act as this user in the user's project.

    Args:
        roles: names of those to pass on; none: all of the user's.
        unrestricted: it may itself be used to pass rights on.
    """
    secret = secrets.token_urlsafe(48)
    body = {
        "name": name,
        "description": "Lets the orchestration service act for its owner's stack",
        "secret": secret,
        "roles": [{"name": role} for role in roles or user.roles],
        "unrestricted": unrestricted,
    }
    path = f"/v3/users/{user.user_id}/application_credentials"
    answer = await user.post("identity", path, json={"application_credential": body})
    return credentials.ApplicationCredential(str(answer.body["application_credential"]["id"]), secret)


async def find(connector: credentials.Connector, user_id: str, name: str) -> list[credentials.ApplicationCredential]:
    """Those of a user that have a name; their secrets are not known. Asked as our service user, an administrator."""
    acting = await connector.session(credentials.ServiceUser())
    path = f"/v3/users/{user_id}/application_credentials"
    answer = await acting.get("identity", path, params={"name": name})
    several = answer.body["application_credentials"]
    return [credentials.ApplicationCredential(str(one["id"]), "") for one in several if one["name"] == name]


async def delete(connector: credentials.Connector, credential: credentials.ApplicationCredential, user_id: str) -> None:
    """Take a user's application credential away; one that is gone is no error.

    A restricted one may not do that to itself, so our service user does it, who may where it is an administrator.
    """
    path = f"/v3/users/{user_id}/application_credentials/{credential.id}"
    for acting in (credentials.ServiceUser(), credential):
        try:
            await (await connector.session(acting)).delete("identity", path)
        except errors.NotFound:
            pass
        except (errors.Forbidden, errors.Unauthorized) as error:
            refused = error
            continue
        connector.forget(credential)
        return
    raise refused
