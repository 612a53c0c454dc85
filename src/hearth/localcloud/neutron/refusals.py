"""The errors of the network service: status and type as its clients know them, in our own words."""

from hearth.localcloud.core import errors


def bad_body(message: str) -> errors.ApiError:
    """400: the body's form is wrong."""
    return errors.ApiError(400, message, kind="HTTPBadRequest")


def invalid(message: str) -> errors.ApiError:
    """400: a value does not fit the others or the state."""
    return errors.ApiError(400, message, kind="InvalidInput")


def bad_request(message: str) -> errors.ApiError:
    """400: what is asked for makes no sense for this resource."""
    return errors.ApiError(400, message, kind="BadRequest")


def conflict(kind: str, message: str) -> errors.ApiError:
    """409: something else stands against it."""
    return errors.ApiError(409, message, kind=kind)


def missing(kind: str, noun: str, id: str) -> errors.ApiError:
    """404: there is no such resource, or the caller does not see it."""
    return errors.ApiError(404, f"{noun} {id} could not be found.", kind=kind)


def denied(action: str) -> errors.ApiError:
    """403: the caller's roles do not allow it."""
    return errors.ApiError(403, f"Policy does not allow the caller to {action}.", kind="PolicyNotAuthorized")
