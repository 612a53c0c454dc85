"""The real resource types, as the faces hand them to the tools."""

import pytest

from hearth.resources import registry


@pytest.fixture(scope="session")
def types() -> registry.TypeRegistry:
    return registry.TypeRegistry()
