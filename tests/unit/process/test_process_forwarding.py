"""What an application behind a proxy sees of a request."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from hearth.api import links
from hearth.process import forwarding

Seen = dict[str, Any]
#: (headers of the request, what the application sees otherwise than without them)
CASES: list[tuple[dict[str, str], Seen]] = [
    ({"x-forwarded-proto": "https, http", "x-forwarded-host": "out:1, in"}, {"base": "https://out:1/orchestration"}),
    ({"x-forwarded-prefix": "/api/"}, {"base": "http://h/api/orchestration", "path": "/api/orchestration/v1"}),
    (
        {"forwarded": 'for=1.2.3.4;proto=https;host="out:1", for=x'},
        {"base": "https://out:1/orchestration", "from": "1.2.3.4"},
    ),
    ({"forwarded": "host=out", "x-forwarded-host": "other"}, {"base": "http://out/orchestration"}),
    ({"x-forwarded-for": "1.2.3.4, 10.0.0.1"}, {"from": "1.2.3.4"}),
    # What is no scheme, host or path does not get into links.
    ({"x-forwarded-proto": "javascript"}, {}),
    ({"x-forwarded-host": "out/<script>"}, {}),
    ({"x-forwarded-prefix": "//evil.example"}, {}),
    ({"x-forwarded-prefix": "api"}, {}),
]


@pytest.mark.parametrize(("headers", "changes"), CASES)
async def test_the_request_is_seen_as_the_client_sent_it(headers: dict[str, str], changes: Seen) -> None:
    seen: Seen = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["raw_path"].decode() == scope["path"]
        seen.update({"base": links.base_url(scope), "path": scope["path"], "from": scope["client"][0]})

    async def nothing(*_: Any) -> Any:
        return None

    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("server", 80),
        "client": ("10.0.0.1", 5),
        "root_path": "/orchestration",
        "path": "/orchestration/v1",
        "raw_path": b"/orchestration/v1",
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "h", **headers}.items()],
    }
    await forwarding.Forwarded(app)(scope, nothing, nothing)
    assert seen == {"base": "http://h/orchestration", "path": "/orchestration/v1", "from": "10.0.0.1", **changes}
