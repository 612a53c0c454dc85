"""The reference's pages of resource types: what a reader finds there is true.

That the examples deploy is tested in tests/scenarios/test_scenarios_examples.py.
"""

import importlib.util
import pathlib
from types import ModuleType

import pytest

from hearth.resources import schema
from hearth.resources.successors import SUCCESSORS
from hearth.tools import validation
from hearth.tools.lint import linting
from specimens import EXAMPLES
from specimens.derived import TYPES
from specimens.examples import example

#: Advice for whole systems, which examples that show one type do not take.
_NOT_FOR_EXAMPLES = linting.choose(ignore=["missing-deletion-policy", "duplicate-resource", "deprecated-type"])


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    path = pathlib.Path(__file__).parents[3] / "docs" / "resource_pages.py"
    spec = importlib.util.spec_from_file_location("resource_pages", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_type_that_does_something_has_an_example() -> None:
    doing = {name for name in TYPES.names() if not getattr(TYPES.get(name), "indifferent", False)}
    assert doing - EXAMPLES.keys() == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_has_the_example_that_is_deployed(pages: ModuleType, name: str) -> None:
    text = "\n".join(pages.page(name))
    assert text.split("```yaml\n")[1].split("```")[0] == example(name).text
    assert all(f"--parameter {secret}=" in text for secret in (*example(name).secrets, *example(name).given))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_validate_without_findings(name: str) -> None:
    checked = validation.check(example(name).text, TYPES)
    assert [one.message for one in linting.lint(checked, TYPES, _NOT_FOR_EXAMPLES)] == []
    assert name in {kind.type_name for kind in checked.types.values()}


@pytest.mark.parametrize("name", TYPES.names())
def test_pages_tell_what_is_to_be_known_of_a_type(pages: ModuleType, name: str) -> None:
    kind, text = TYPES.get(name), "\n".join(pages.page(name))
    status = schema.status_of(kind.support)
    assert (f'!!! warning "{status.capitalize()}"' in text) == (status != schema.SUPPORTED)
    assert (f"Use [{SUCCESSORS.get(name)}]" in text) == (name in SUCCESSORS)
    assert all(f"| `{one}` |" in text for one in schema.visible(kind.properties))
    assert all(f"| `{one}` |" in text for one, it in kind.attributes.items() if it.status != schema.HIDDEN)


def test_what_took_the_place_of_a_type_is_there_and_not_on_its_way_out() -> None:
    assert {schema.status_of(TYPES.get(one).support) for one in SUCCESSORS.values()} == {schema.SUPPORTED}
    assert {schema.status_of(TYPES.get(one).support) for one in SUCCESSORS} <= {schema.HIDDEN, schema.DEPRECATED}


def test_every_page_is_linked_from_the_index(pages: ModuleType) -> None:
    index = "\n".join(pages.index())
    assert all(f"[{name}]({pages.place(name)}.md)" in index for name in TYPES.names())
    assert len({pages.place(name) for name in TYPES.names()}) == len(TYPES.names())
