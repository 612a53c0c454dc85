"""Errors on the wire: one table from what the engine raises to the codes that clients of the query APIs know.

An answer is XML, `<ErrorResponse><Error><Type/><Code/><Message/></Error></ErrorResponse>`, unless JSON was asked for.
Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
"""

import logging

from hearth.cloud import errors as cloud_errors
from hearth.model import errors
from hearth.telemetry import trail

_log = logging.getLogger(__name__)

#: Seconds after which a client may try again when another service is away.
RETRY_AFTER = "5"

#: {code: HTTP status}
_STATUS = {
    "APINotImplemented": 500,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidNextToken": 400,
    "InvalidParameterCombination": 400,
    "InvalidParameterValue": 400,
    "MissingAuthenticationToken": 403,
    "MissingParameter": 400,
    "ServiceUnavailable": 503,
    "AlreadyExists": 400,
    "AccessDenied": 403,
    "RequestLimitExceeded": 400,
    "Throttling": 429,
    "ValidationError": 400,
}
_SERVER = frozenset({"APINotImplemented", "InternalFailure", "ServiceUnavailable"})

#: {error type of the engine: code}; what is not named goes by its HTTP status.
_CODES = {
    "StackExists": "AlreadyExists",
    "ActionInProgress": "InvalidAction",
    "StackLocked": "InvalidAction",
    "StackPaused": "InvalidAction",
    "StackProtected": "AccessDenied",
    "RequestLimitExceeded": "RequestLimitExceeded",
}
_BY_STATUS = {
    400: "InvalidParameterValue",
    401: "AccessDenied",
    403: "AccessDenied",
    404: "InvalidParameterValue",
    409: "InvalidAction",
    429: "Throttling",
    503: "ServiceUnavailable",
}


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUS[self.code]

    @property
    def fault(self) -> str:
        """Whose fault it is, in the word of the protocol."""
        return "Server" if self.code in _SERVER else "Sender"


def from_error(error: BaseException) -> Problem:
    """Anything raised as a problem. What was not raised on purpose is logged and told without details."""
    match error:
        case Problem():
            return error
        case errors.HearthError():
            code = _CODES.get(error.kind) or _BY_STATUS.get(error.status, "InternalFailure")
            return Problem(code, error.message)
        case cloud_errors.Unauthorized() | cloud_errors.Forbidden():
            return Problem("AccessDenied", str(error))
        case cloud_errors.Unavailable() | cloud_errors.TooMany():
            return Problem("ServiceUnavailable", str(error))
        case cloud_errors.CloudError():
            return Problem("InvalidParameterValue", str(error))
        case _:
            followed = trail.current()
            _log.error("An unexpected error occurred", exc_info=error)
            where = f" under {followed.request_id}" if followed is not None else ""
            return Problem("InternalFailure", f"An unexpected error occurred; the service's log has it{where}.")
