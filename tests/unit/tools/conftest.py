"""The real resource types, as the faces hand them to the tools."""

import pytest

from hearth.resources import checking, nested, registry
from hearth.tools import catalogue


@pytest.fixture(scope="session")
def types() -> catalogue.Catalogue:
    known = registry.TypeRegistry()
    return catalogue.Catalogue(
        known.find, known.names, checking.check, lambda key, template: nested.template_type(key, template)()
    )
