"""How many seeds the stories run under."""

import gc
from collections.abc import Iterator

import pytest
from simulation.stories import Seeds


@pytest.fixture(scope="session")
def seeds(request: pytest.FixtureRequest) -> Seeds:
    """The seeds asked for on the command line."""
    return Seeds(request.config.getoption("--seeds"), request.config.getoption("--seed"))


@pytest.fixture(scope="package", autouse=True)
def rare_collections() -> Iterator[None]:
    """Look for cycles of garbage rarely: runs are short, and looking would take a tenth of their time."""
    before = gc.get_threshold()
    gc.set_threshold(300_000, 50, 100)
    gc.freeze()  # what is there by now stays
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
