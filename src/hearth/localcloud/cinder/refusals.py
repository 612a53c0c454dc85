"""How nova and cinder word a refusal: {"itemNotFound": {"code": 404, "message": ...}}; those that handlers share."""

from typing import Any

from hearth.localcloud.core import errors, service

_KINDS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def body(error: errors.ApiError) -> Any:
    """The body of a refusal."""
    kind = error.kind if error.kind and " " not in error.kind else None
    # Keystone's title of a missing token is not a word of these services.
    if kind is None or kind == "Unauthorized":
        kind = _KINDS.get(error.status, "computeFault")
    inner = {"code": error.status, "message": error.message}
    if kind == "overLimit" and "Retry-After" in error.headers:
        inner["retryAfter"] = error.headers["Retry-After"]
    return {kind: inner}


def not_found(message: str) -> errors.ApiError:
    """404."""
    return errors.ApiError(404, message)


def bad(message: str) -> errors.ApiError:
    """400."""
    return errors.ApiError(400, message)


def conflict(message: str) -> errors.ApiError:
    """409."""
    return errors.ApiError(409, message)


def admin_only(call: service.Call, policy: str) -> None:
    """Raises ApiError 403 naming the policy unless the caller is an admin."""
    if not call.identity.is_admin:
        raise errors.ApiError(403, f"Policy doesn't allow {policy} to be performed.")


def forbidden(message: str) -> errors.ApiError:
    """403."""
    return errors.ApiError(403, message)
