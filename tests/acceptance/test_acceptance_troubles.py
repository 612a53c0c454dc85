"""Users live on API, two engines, a shared database and a broker, while trouble strikes: all ends as asked.

Short campaigns; `tests/acceptance/reliability/run.py` runs long ones, and those that need a broker of their own.
"""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator

import pytest
from reliability import campaign, disks, networks, servers

import broker
import database_kinds

#: Seconds: as short as a busy machine lets engines keep it.
LEASE = 5


@pytest.mark.parametrize(
    ("kind", "database", "times"),
    [("kill", "postgresql", 3), ("kill", "mariadb", 2), ("freeze", "postgresql", 2), ("cut", "mariadb", 3)],
)
def test_all_ends_as_asked_whatever_strikes(tmp_path: pathlib.Path, kind: str, database: str, times: int) -> None:
    urls = {"database": database_kinds.empty(database, tmp_path), "broker": broker.need()}
    # How soon others go on is measured by long campaigns; here the machine may be busy with other tests.
    report = campaign.run(tmp_path, kind, urls, times=times, users=2, lease=LEASE, goes_on_within=120)
    assert not report.wrong, "\n".join(report.lines())
    assert report.strikes.total() == times


@pytest.fixture
def place() -> Iterator[pathlib.Path]:
    """A folder for servers, whose accounts may not enter those of pytest."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as folder:
        yield pathlib.Path(folder)


def test_a_database_that_stops_and_comes_back_is_a_pause(tmp_path: pathlib.Path, place: pathlib.Path) -> None:
    try:
        server = servers.PostgreSQL(place / "server")
    except servers.Missing as missing:
        pytest.skip(str(missing))
    try:
        urls = {"database": servers.new_database(server.url, "hearth"), "broker": broker.need()}
        own = {"database": server}
        report = campaign.run(tmp_path / "hearth", "stop-database", urls, times=2, users=2, lease=LEASE, own=own)
    finally:
        server.stop()
    assert not report.wrong, "\n".join(report.lines())
    assert report.strikes.total() == 2


def test_links_that_fail_without_a_word_are_a_pause(tmp_path: pathlib.Path, place: pathlib.Path) -> None:
    with contextlib.ExitStack() as stack:
        try:
            network = networks.Network()
            stack.callback(network.close)
            own = {}
            for name, kind in (("database", servers.PostgreSQL), ("broker", servers.RabbitMQ)):
                own[name] = kind(place / name, network.address(name))
                stack.callback(own[name].stop)
        except (networks.Refused, servers.Missing) as missing:
            pytest.skip(str(missing))
        urls = {name: server.url for name, server in own.items()}
        urls["database"] = servers.new_database(urls["database"], "hearth")
        report = campaign.run(tmp_path / "hearth", "unplug", urls, times=2, users=1, lease=LEASE, network=network)
    assert not report.wrong, "\n".join(report.lines())
    assert report.strikes.total() == 2


def test_a_full_disk_is_a_pause(tmp_path: pathlib.Path) -> None:
    with contextlib.ExitStack() as stack:
        try:
            disk = stack.enter_context(disks.mounted(tmp_path / "disk"))
        except disks.Refused as refused:
            pytest.skip(str(refused))
        urls = {"database": f"sqlite:///{disk}/hearth.sqlite"}
        report = campaign.run(tmp_path / "hearth", "fill-disk", urls, times=3, users=2, lease=LEASE)
    assert not report.wrong, "\n".join(report.lines())
    assert report.strikes.total() == 3
