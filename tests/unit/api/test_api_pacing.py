"""A project that asks too fast is told so, in the form that clients know; others do not notice."""

from typing import Any

import pytest


@pytest.fixture
def options() -> dict[str, dict[str, Any]]:
    return {"rate_limit": {"reads_per_minute": 3, "writes_per_minute": 1}}


async def test_a_noisy_project_is_slowed_down_alone(demo: Any, admin: Any) -> None:
    answers = [await demo.call("GET", "stacks") for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert [headers["RateLimit-Remaining"] for _, _, headers in answers] == ["2", "1", "0", "0"]
    _, body, headers = answers[-1]
    assert body["code"] == 429
    assert body["title"] == "Too Many Requests"
    assert body["error"]["type"] == "HTTPTooManyRequests"
    assert "3 reads a minute" in body["error"]["message"]
    assert 1 <= int(headers["Retry-After"]) <= 20
    template = {"heat_template_version": "2018-08-31"}
    made = [await demo.call("POST", "stacks", {"stack_name": f"s{n}", "template": template}) for n in range(2)]
    assert [status for status, _, _ in made] == [201, 429]
    assert [(await admin.call("GET", "stacks"))[0] for _ in range(5)] == [200] * 5
