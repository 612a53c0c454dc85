"""What went wrong in a call to an OpenStack service, in one form for all services.

Raised by `hearth.cloud.session` and `hearth.cloud.credentials`; the resource plugins decide what is worth a retry.
Does not decide that itself.
"""

import email.utils
import html
import re
import time
from collections.abc import Mapping
from typing import Any

import msgspec

#: Longer messages are cut: they end in a status reason that people read.
_MAX_MESSAGE = 2000


class CloudError(Exception):
    """A service refused a call. `message` is the service's own text; `request_id` finds the call in its logs."""

    def __init__(self, status: int, service: str, message: str, request_id: str | None = None) -> None:
        super().__init__(status, service, message, request_id)
        self.status = status
        self.service = service
        self.message = message
        self.request_id = request_id

    def __str__(self) -> str:
        text = f"{self.service}: {self.message}"
        if self.status:
            text += f" (HTTP {self.status})"
        return f"{text} (Request-ID: {self.request_id})" if self.request_id else text


class BadRequest(CloudError):
    """400: the service does not accept the values."""


class AboveCap(BadRequest):
    """The call was not made: it needs a microversion above the highest one that the operator allows."""


class Unauthorized(CloudError):
    """401: the credential is not, or no longer, valid."""


class Forbidden(CloudError):
    """403: not allowed, or beyond a quota."""


class NotFound(CloudError):
    """404 or 410: no such thing for this caller."""


class NoService(NotFound):
    """The catalog does not hold the service."""


class Conflict(CloudError):
    """409: the present state of the thing does not allow it."""


class TooMany(CloudError):
    """413 or 429: too many calls. `retry_after`: seconds to wait; 0 when the service did not say."""

    def __init__(
        self, status: int, service: str, message: str, request_id: str | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(status, service, message, request_id)
        self.retry_after = retry_after


class Unavailable(CloudError):
    """5xx, or no answer at all (status 0). `maybe_done`: the call may have been carried out all the same.

    `retry_after`: seconds to wait; 0 when the service did not say.
    """

    def __init__(
        self,
        status: int,
        service: str,
        message: str,
        request_id: str | None = None,
        maybe_done: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(status, service, message, request_id)
        self.maybe_done = maybe_done
        self.retry_after = retry_after


class LeftAlone(Unavailable):
    """The call was not made, as the service had better be left alone for now; see `hearth.cloud.gates`.

    `retry_after`: seconds until it may be made. `failing_for`: seconds for which all calls have failed, if they do.
    """

    def __init__(self, service: str, message: str, retry_after: float, failing_for: float = 0.0) -> None:
        super().__init__(0, service, message, retry_after=retry_after)
        self.failing_for = failing_for


_BY_STATUS: dict[int, type[CloudError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
}


def from_answer(
    service: str, method: str, status: int, raw: bytes, headers: Mapping[str, str], request_id: str | None
) -> CloudError:
    """The error for an answer of status 400 or above."""
    message = message_of(raw) or f"answered {status} without a message"
    if status >= 500:
        maybe_done, after = method not in ("GET", "HEAD"), _seconds(headers.get("Retry-After", ""))
        return Unavailable(status, service, message, request_id, maybe_done, after)
    if status == 429 or (status == 413 and "Retry-After" in headers):
        return TooMany(status, service, message, request_id, _seconds(headers.get("Retry-After", "")))
    return _BY_STATUS.get(status, CloudError)(status, service, message, request_id)


def message_of(raw: bytes) -> str:
    """The text meant for people in the error body of any service; empty when there is none."""
    text = raw.decode(errors="replace").strip()
    if text.startswith(("{", "[")):
        try:
            found = _in_json(msgspec.json.decode(text))
        except msgspec.DecodeError:
            found = ""
        text = found or text
    if "<" in text:
        text = _in_markup(text)
    return " ".join(text.split())[:_MAX_MESSAGE]


#: Names under which the services put their text, the more telling one first. `faultstring`: Octavia, Mistral, Aodh;
#: `detail`: Placement; `description`: Barbican, Zaqar; `explanation`: Heat without details.
_TEXT_KEYS = ("message", "faultstring", "detail", "description", "error_message", "explanation", "title")


def _in_json(body: Any) -> str:
    if isinstance(body, str):
        # Ironic's error_message is JSON inside of a string.
        return _in_json(msgspec.json.decode(body)) if body.startswith("{") else body
    if isinstance(body, list):
        return "; ".join(filter(None, map(_in_json, body)))
    if not isinstance(body, dict):
        return ""
    # An object inside says more than the sentence beside it (Heat's "error" and "explanation", Placement's "errors").
    for value in (body.get("error"), body.get("errors"), body.get("NeutronError")):
        if found := _in_json(value):
            return found
    for key in _TEXT_KEYS:
        if found := _in_json(body.get(key)):
            return found
    # Nova, Cinder, Manila: one key named after the error, {"itemNotFound": {"code": 404, "message": "..."}}.
    if len(body) == 1:
        return _in_json(next(iter(body.values())))
    return ""


def _in_markup(text: str) -> str:
    """The words of an HTML page (Glance, Swift, proxies) without its title and heading, if more is left."""
    without_heading = re.sub(r"(?is)<(title|h1|style|script)\b.*?</\1>", " ", text)
    for candidate in (without_heading, text):
        words = " ".join(html.unescape(re.sub(r"(?s)<!?/?[a-zA-Z][^>]*>", " ", candidate)).split())
        if words:
            return words
    return ""


def _seconds(text: str) -> float:
    """The seconds that a Retry-After names, by number or by date; 0: it cannot be understood."""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0
