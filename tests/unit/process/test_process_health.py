"""`/healthcheck`: what it says of which state."""

import asyncio
import json
import pathlib
from typing import Any

import pytest
from starlette.requests import Request

from hearth.cloud import config
from hearth.process import health, stopping


async def well() -> str:
    return "as it should be"


async def broken() -> str:
    raise OSError("db.internal does not answer")


async def silent() -> str:
    await asyncio.Event().wait()
    return ""


def asking(accept: str = "", client: str = "203.0.113.5", **more: str) -> Request:
    headers = [(b"accept", accept.encode())]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    return Request({"type": "http", "method": "GET", "headers": headers, "client": (client, 40000)})


CASES: list[tuple[str, dict[str, health.Check], bool, int, str]] = [
    ("all is well", {"database": well, "bus": well}, False, 200, "OK\n"),
    ("a part is not", {"database": broken, "bus": well}, False, 503, "database: not ready\n"),
    ("why, when asked for", {"database": broken}, True, 503, "database: OSError: db.internal does not answer\n"),
    ("a part is silent", {"bus": silent}, True, 503, "bus: no answer within 0 s\n"),
]


@pytest.mark.parametrize(
    ("checks", "detailed", "status", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_readiness(
    checks: dict[str, health.Check], detailed: bool, status: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.0 if silent in checks.values() else 5.0)
    asked = health.Health(checks, stopping.Stop(0), health.HealthSettings(detailed))
    answer = await asked.ready(asking())
    assert (answer.status_code, bytes(answer.body).decode()) == (status, text)
    assert (await asked.live(asking())).status_code == 200


async def test_the_json_tells_of_each_part() -> None:
    async def told(detailed: bool) -> Any:
        one = health.Health({"database": broken, "bus": well}, stopping.Stop(0), health.HealthSettings(detailed))
        answer = await one.ready(asking("application/json"))
        assert answer.status_code == 503
        return json.loads(bytes(answer.body))

    assert await told(False) == {"detailed": False, "reasons": ["OK", "database: not ready", "OK"]}
    detailed = await told(True)
    assert [(one["class"], one["reason"]) for one in detailed["reasons"]] == [
        ("process", "OK"),
        ("database", "not ready"),
        ("bus", "OK"),
    ]


async def test_it_is_not_ready_while_it_stops_or_is_disabled(tmp_path: pathlib.Path) -> None:
    stop, file = stopping.Stop(0), tmp_path / "leave-me-alone"
    one = health.Health({}, stop, health.HealthSettings(True, file))
    assert (await one.ready(asking())).status_code == 200
    file.touch()
    assert b"is disabled by the file" in bytes((await one.ready(asking())).body)
    file.unlink()
    stop.ask()
    answer = await one.ready(asking())
    assert (answer.status_code, bytes(answer.body)) == (503, b"process: is stopping\n")
    assert (await one.live(asking())).status_code == 200


RANGES = {"allowed_source_ranges": ["10.0.0.0/8", "2001:db8::/32"]}
CLIENTS: list[tuple[dict[str, Any], Request, int]] = [
    ({}, asking(), 200),
    (RANGES, asking(), 404),
    (RANGES, asking(client="10.2.3.4"), 200),
    (RANGES, asking(client="::ffff:10.2.3.4"), 200),
    (RANGES, asking(client="2001:db8::5"), 200),
    (RANGES, asking(client=""), 404),
    # What a client writes itself does not let it in.
    (RANGES, asking(x_forwarded_for="10.2.3.4"), 404),
    ({}, asking(x_forwarded_for="10.2.3.4"), 200),
    ({"ignore_proxied_requests": True}, asking(), 200),
    ({"ignore_proxied_requests": True}, asking(x_forwarded_for="10.2.3.4"), 404),
    ({"ignore_proxied_requests": True}, asking(forwarded="for=10.2.3.4"), 404),
]


@pytest.mark.parametrize(("options", "request_", "status"), CLIENTS)
async def test_only_who_may_ask_is_answered(options: dict[str, Any], request_: Request, status: int) -> None:
    chosen = health.from_conf(config.load(overrides={"healthcheck": options}))
    one = health.Health({"database": well}, stopping.Stop(0), chosen)
    assert (await one.ready(request_)).status_code == status
    assert (await one.live(request_)).status_code == status


def test_networks_that_are_none_are_told() -> None:
    conf = config.load(overrides={"healthcheck": {"allowed_source_ranges": ["10.0.0.0/99"]}})
    with pytest.raises(config.ConfigError, match=r"\[healthcheck\] allowed_source_ranges: .*10\.0\.0\.0/99"):
        health.from_conf(conf)
