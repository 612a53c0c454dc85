"""Options of the whole suite, and the databases that it runs on."""

import pathlib

import pytest

import database_kinds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=200, help="how many seeds each story of tests/seeded runs under")
    parser.addoption("--seed", type=int, default=None, help="the only seed to run, as a failure names it")
    parser.addoption(
        "--database",
        choices=database_kinds.KINDS,
        default=None,
        help="where all scenarios keep their stacks; else in SQLite, and those marked every_database in each kind",
    )
    parser.addoption(
        "--auth-url",
        default=None,
        help="Keystone of a real cloud, on which tests/unit/resources/test_resources_every_type.py runs instead of the "
        "embedded one; its users admin and demo have projects of their names and the password secret",
    )


def pytest_unconfigure() -> None:
    database_kinds.remove_all()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" not in metafunc.fixturenames or metafunc.config.getoption("--database") is not None:
        return
    if metafunc.definition.get_closest_marker("every_database") is not None:
        metafunc.parametrize("database_url", database_kinds.KINDS, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """An empty database of the kind that was asked for."""
    kind = getattr(request, "param", None) or request.config.getoption("--database") or "sqlite"
    return database_kinds.empty(kind, tmp_path)


@pytest.fixture(params=database_kinds.KINDS)
def every_database_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """An empty database of every kind, one after the other."""
    return database_kinds.empty(request.param, tmp_path)
