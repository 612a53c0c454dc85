"""Who asks for what of which project? A token, or the signature of a queue's URL: four headers in the place of one.

Spec: https://docs.openstack.org/zaqar/latest/user/send_request_api.html and
https://docs.openstack.org/api-ref/message/#pre-signed-queue
"""

import datetime
import hmac
import uuid
from collections.abc import Sequence

from hearth.localcloud.core import errors
from hearth.localcloud.core.service import Call

#: What may be signed.
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
PATHS = ("messages", "subscriptions", "claims")
_FORM = "%Y-%m-%dT%H:%M:%S"


def project(call: Call) -> str:
    """The project whose queues are meant.

    Raises:
        ApiError: 401 without token or signature, 404 with a signature that is not good for this, 400 without client.
    """
    client(call)
    if "url-signature" in call.headers:
        return _signed(call)
    return call.identity.project_id


def client(call: Call) -> str:
    """The id by which the client calls itself. Raises ApiError 400."""
    given = call.headers.get("client-id")
    if not given:
        raise errors.ApiError(400, 'The "Client-Id" header is required.', kind="Missing header value")
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise errors.ApiError(400, "Malformed hexadecimal UUID.", kind="Wrong Client-Id") from None


def signature(key: str, project_id: str, methods: Sequence[str], paths: Sequence[str], expires: str) -> str:
    """The signature that allows some methods on some paths of a project until a moment."""
    text = "\n".join((project_id, ",".join(methods), ",".join(paths), expires))
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()


def moment(seconds: float) -> str:
    """A moment as signatures write it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(_FORM)


def _signed(call: Call) -> str:
    refused = errors.ApiError(404, "The resource could not be found.", kind="Not found")
    headers = call.headers
    methods = headers.get("url-methods", "").split(",")
    paths = headers.get("url-paths", "").split(",")
    project_id, expires = headers.get("x-project-id", ""), headers.get("url-expires", "")
    try:
        end = datetime.datetime.strptime(expires, _FORM).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        raise refused from None
    key = call.cloud.service("zaqar").signing_key  # type: ignore[attr-defined]  # the service is Zaqar
    wanted = signature(key, project_id, methods, paths, expires)
    good = hmac.compare_digest(wanted, headers["url-signature"]) and end > call.cloud.clock.now()
    if not good or call.method not in methods or not any(_below(call.path, path) for path in paths):
        raise refused
    return project_id


def _below(path: str, allowed: str) -> bool:
    return path == allowed or path.startswith(f"{allowed}/")
