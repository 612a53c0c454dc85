"""How many seeds the stories run under."""

import pytest
from simulation.stories import Seeds


@pytest.fixture(scope="session")
def seeds(request: pytest.FixtureRequest) -> Seeds:
    """The seeds asked for on the command line."""
    return Seeds(request.config.getoption("--seeds"), request.config.getoption("--seed"))
