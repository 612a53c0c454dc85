"""What goes to a service and what comes back, as callers see it. Knows no HTTP library, so that they need none."""

import dataclasses
from collections.abc import AsyncIterable, Mapping
from typing import Any

Body = bytes | str | AsyncIterable[bytes]


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """An answer. `body`: decoded JSON, None when empty, the bytes of anything else. `raw`: the bytes as they came.
    `headers`: any case.
    """

    status: int
    body: Any
    headers: Mapping[str, str]
    request_id: str | None
    raw: bytes = b""
