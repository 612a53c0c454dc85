"""Whole processes, used as a user uses them: a running Hearth for the session, and the real commands.

Tests that share the running Hearth are kept on one worker; each leaves the cloud as it found it.
"""

import pathlib
from collections.abc import Callable, Iterator

import pytest
from acceptance_hearth import Hearth


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = pathlib.Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.acceptance)
        if config.pluginmanager.hasplugin("xdist"):
            shared = "hearth" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group("acceptance" if shared else f"acceptance {item.path.name}"))


@pytest.fixture(scope="session")
def hearth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearth]:
    """One running Hearth for all tests that change nothing for others."""
    running = Hearth(tmp_path_factory.mktemp("hearth"), "--build-seconds", "0.3")
    running.up()
    yield running
    running.down()


@pytest.fixture
def clean(hearth: Hearth) -> Iterator[Callable[[], None]]:
    """Checks that the cloud and the list of stacks are as they were: call it, and it is done at the end as well."""
    before, stacks = hearth.contents(), hearth.stacks()

    def check() -> None:
        assert hearth.stacks() == stacks
        assert hearth.contents() == before

    yield check
    check()
