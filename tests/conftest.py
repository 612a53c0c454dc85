"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=40, help="how many seeds each story of tests/seeded runs under")
    parser.addoption("--seed", type=int, default=None, help="the only seed to run, as a failure names it")
