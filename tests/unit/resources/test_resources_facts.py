"""Every declaration against the published facts of its type; what may differ stands here with the reason."""

import json
from pathlib import Path

import pytest

from hearth.resources import registry, verify

FACTS = Path(__file__).parents[2] / "facts" / "resource_types"
TYPES = registry.TypeRegistry()

ALLOWED: dict[str, dict[str, str]] = {}


@pytest.mark.parametrize("name", TYPES.names())
def test_declaration_says_what_is_published(name: str) -> None:
    facts = json.loads((FACTS / f"{name.replace('::', '__')}.json").read_text())
    found = set(verify.differences(TYPES.get(name), facts))
    allowed = set(ALLOWED.get(name, {}))
    assert sorted(found - allowed) == []
    assert sorted(allowed - found) == [], "these differences are gone; take them off the list"
