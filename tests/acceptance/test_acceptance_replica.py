"""Lists from a hot standby of PostgreSQL, which follows by streaming replication: nothing just written is missing."""

import os
import pathlib
import re
import tempfile
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from acceptance_services import Deployment, Service
from reliability import servers

from hearth.store import databases

TEMPLATE = {
    "heat_template_version": "2021-04-16",
    "resources": {name: {"type": "OS::Heat::RandomString"} for name in ("one", "two")},
}

SECONDS = 60


@pytest.fixture
def pair() -> Iterator[tuple[servers.PostgreSQL, servers.Standby]]:
    started: list[servers.PostgreSQL] = []
    # Not in pytest's folder, which any other pytest closes to others at its start; the servers run under another user.
    with tempfile.TemporaryDirectory(prefix="hearth-standby-") as folder:
        try:
            started.append(servers.PostgreSQL(pathlib.Path(folder, "primary")))
            standby = servers.Standby(pathlib.Path(folder, "standby"), started[0])
            started.append(standby)
            yield started[0], standby
        except servers.Missing as missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        finally:
            for one in reversed(started):
                one.stop()


def answers(api: Service, by: str) -> int:
    """How many lists the replica or the database has answered."""
    told = requests.get(f"{api.url}/metrics", timeout=30).text
    found = re.search(rf'hearth_store_replica_reads_total{{by="{by}"}} (\S+)', told)
    return int(float(found[1])) if found else 0


def test_lists_of_a_standby_lack_nothing(
    tmp_path: pathlib.Path, pair: tuple[servers.PostgreSQL, servers.Standby]
) -> None:
    primary, standby = pair
    (tmp_path / "hearth").mkdir()
    own = Deployment(tmp_path / "hearth", "[metrics]\nenabled = true\n")
    text = own.configuration.read_text()
    connection = f"connection = {primary.url}\nslave_connection = {standby.url}"
    own.configuration.write_text(re.sub(r"(?m)^connection = .*$", connection, text))
    try:
        api = own.start("api")
        own.start("engine")

        def names() -> set[str]:
            return {one["stack_name"] for one in own.call(api, "GET", "/stacks").json()["stacks"]}

        def make(*several: str) -> None:
            for name in several:
                made = own.call(api, "POST", "/stacks", {"stack_name": name, "template": TEMPLATE})
                assert made.status_code == 201, made.text
                assert name in names(), "what was just made is in the next list"

        make("first", "second", "third")
        own.until(api, "first", "CREATE_COMPLETE")
        resources = own.call(api, "GET", "/stacks/first/resources").json()["resources"]
        assert {one["resource_status"] for one in resources} == {"CREATE_COMPLETE"}
        assert answers(api, "replica") > 0
        _holds_back(standby, lambda: make("while_it_stands_still"))
        assert answers(api, "database") > 0
        standby.stop()
        make("while_it_is_away")
        standby.start()
        end = time.monotonic() + SECONDS
        before = answers(api, "replica")
        while answers(api, "replica") == before:
            assert names() == {"first", "second", "third", "while_it_stands_still", "while_it_is_away"}
            assert time.monotonic() < end, api.log
    finally:
        own.close()


def _holds_back(standby: servers.Standby, act: Callable[[], None]) -> None:
    """Do something while the standby replays nothing of what comes."""
    engine = databases.open_engine(standby.url, writes=False, pool_size=1)
    for statement, then in (("SELECT pg_wal_replay_pause()", act), ("SELECT pg_wal_replay_resume()", None)):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        if then is not None:
            then()
    engine.dispose()
