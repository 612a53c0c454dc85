"""The one exception a handler raises to refuse a request; the service renders it in its own error format."""

from collections.abc import Mapping
from typing import Any

#: What keystone calls `title` and HTTP calls reason phrase, where a handler gives no better name.
TITLES = {
    300: "Multiple Choices",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class ApiError(Exception):
    """A refusal: HTTP status, message for the user, and the service's own name for the kind of error.

    `kind` is what the service's clients look at: neutron's "NetworkInUse", nova's "itemNotFound", keystone's title.
    `extra` are further fields of the service's error body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.headers: Mapping[str, str] = headers or {}
        self.extra = extra

    @property
    def title(self) -> str:
        """The kind, or the reason phrase of the status."""
        return self.kind or TITLES.get(self.status, "Error")
