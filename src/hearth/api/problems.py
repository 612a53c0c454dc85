"""Errors on the wire: one place that turns everything raised into the body and status clients of Heat know.

An answer has one `error` with type and message; Hearth adds `error.diagnostics`, every problem found in the input,
each with file, line, column, path and advice.
"""

import http
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from hearth.cloud import errors as cloud_errors
from hearth.engine import plan_keeping
from hearth.model import errors
from hearth.telemetry import trail

_log = logging.getLogger(__name__)

_EXPLANATIONS = {
    400: "The request cannot be carried out as it stands; correct it and send it again.",
    401: "The request needs a valid token in the header X-Auth-Token.",
    403: "Your roles or your project do not allow this.",
    404: "There is no such thing here, or it is not yours.",
    405: "This address does not take this method.",
    429: "Your project asks too fast; the header Retry-After says when to come again.",
    409: "The present state of the stack does not allow this.",
    500: "The service met an unexpected condition.",
    503: "A service that is needed does not answer; try again later.",
}


#: Seconds after which a client may try again when another service is away.
_RETRY_AFTER = "5"


class MethodNotAllowed(errors.HearthError):
    """A known path, another method."""

    kind = "HTTPMethodNotAllowed"
    status = 405


class Unauthenticated(errors.HearthError):
    """No good token."""

    kind = "HTTPUnauthorized"
    status = 401


def response(error: BaseException, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for anything raised. What was not raised on purpose is logged and told without details."""
    if isinstance(error, cloud_errors.CloudError):
        error = _from_cloud(error)
    if not isinstance(error, errors.HearthError):
        followed = trail.current()
        _log.error("An unexpected error occurred", exc_info=error)
        where = f" under {followed.request_id}" if followed is not None else ""
        error = errors.HearthError(f"An unexpected error occurred; the service's log has it{where}.")
    body: dict[str, Any] = {"type": error.kind, "message": error.message, "traceback": None}
    if isinstance(error, errors.Invalid):
        body["diagnostics"] = [one.to_wire() for one in error.diagnostics]
    if isinstance(error, plan_keeping.PlanOutdated):
        body["moved"] = error.moved
    headers = dict(headers or ())
    if error.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", _RETRY_AFTER)
    return as_json(
        {
            "code": error.status,
            "title": title(error.status),
            "explanation": _EXPLANATIONS.get(error.status, title(error.status)),
            "error": body,
        },
        error.status,
        headers,
    )


def as_json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    return Response(msgspec.json.encode(body), status, dict(headers or ()), "application/json")


def as_text(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a plain text body."""
    return Response(text, status, dict(headers or ()), "text/plain")


def title(status: int) -> str:
    """The words of a status."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _from_cloud(error: cloud_errors.CloudError) -> errors.HearthError:
    """A refusal of another service, seen while the request was worked on."""
    match error:
        case cloud_errors.Unauthorized():
            # The client then fetches a new token and repeats the request.
            return Unauthenticated(str(error))
        case cloud_errors.Forbidden():
            return errors.Forbidden(str(error))
        case cloud_errors.Unavailable() | cloud_errors.TooMany():
            return errors.HearthError(str(error), kind="HTTPServiceUnavailable", status=503)
        case cloud_errors.NotFound():
            return errors.HearthError(str(error), kind="HTTPNotFound", status=404)
        case _:
            return errors.BadRequest(str(error))
