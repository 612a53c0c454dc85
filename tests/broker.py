"""Which RabbitMQ the tests use: `HEARTH_TEST_RABBITMQ`, or one on this machine."""

import os
import socket

import pytest
import sqlalchemy as sa

URL = os.environ.get("HEARTH_TEST_RABBITMQ", "rabbit://guest:guest@127.0.0.1:5672/")


def is_away() -> None:
    """It does not answer: the test is left out, and fails where `CI` is set."""
    missing = f"no RabbitMQ at {URL.rpartition('@')[2]}"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def need() -> str:
    """Its URL, if it answers."""
    address = sa.make_url(URL)
    with socket.socket() as probe:
        probe.settimeout(10)
        if probe.connect_ex((address.host, address.port or 5672)) != 0:
            is_away()
    return URL
