"""Every declaration against the published facts of its type; what may differ stands in
tests/facts/differences.yaml with the reason."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hearth.resources import describing, registry, verify

FACTS = Path(__file__).parents[2] / "facts" / "resource_types"
TYPES = registry.TypeRegistry()

STATED = yaml.safe_load((FACTS.parent / "differences.yaml").read_text())
REASONS = verify.Reasons(STATED["everywhere"], STATED["types"])


@pytest.mark.parametrize("name", TYPES.names())
def test_declaration_says_what_is_published(name: str) -> None:
    facts = json.loads((FACTS / f"{name.replace('::', '__')}.json").read_text())
    found = verify.differences(TYPES.get(name), facts)
    assert [one for one in found if not REASONS.cover(name, one)] == []
    gone = set(REASONS.types.get(name, {})) - set(found)
    assert not gone, "these differences are gone; take them out of differences.yaml"


def test_a_type_answers_by_the_name_that_was_asked_for() -> None:
    alias = "OS::Quantum::Net"
    kind = TYPES.get(alias)
    assert describing.schema_to_wire(kind, alias)["resource_type"] == alias
    assert describing.template_of(kind, alias, "hot")["resources"]["Net"]["type"] == alias
    assert describing.template_of(kind, alias, "cfn")["Resources"]["Net"]["Type"] == alias


def test_types_load_no_library_that_only_some_templates_need() -> None:
    rare = {"aiohttp", "cryptography", "keystoneauth1", "prometheus_client", "sqlalchemy", "yaql"}
    code = "import sys; from hearth.resources import registry; registry.TypeRegistry(); "
    code += f"sys.exit(bool({rare} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
