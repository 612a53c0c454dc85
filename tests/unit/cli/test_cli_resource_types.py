"""`hearth resource-types` as a user calls it."""

import json
import pathlib
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from hearth.process import main
from hearth.resources import registry

FACTS = pathlib.Path(__file__).parents[2] / "facts" / "resource_types"


def verify(*words: str) -> Result:
    return CliRunner().invoke(main.root, ["resource-types", "verify", *words])


def test_types_are_counted_and_none_differs_without_a_reason() -> None:
    result = verify(str(FACTS))
    assert result.exit_code == 0, result.output
    assert " of 204 published types are there; they differ in 0 points without a reason and in " in result.output


def test_what_differs_and_what_is_missing_is_told(tmp_path: pathlib.Path) -> None:
    facts = json.loads((FACTS / "OS__Heat__Value.json").read_text())
    facts["properties"]["value"]["required"] = False
    (tmp_path / "one.json").write_text(json.dumps(facts))
    (tmp_path / "two.json").write_text(json.dumps({"resource_type": "OS::Nobody::Knows"}))
    result = verify("--missing", str(tmp_path))
    assert result.exit_code == 1
    assert "OS::Heat::Value: properties.value required: declared True, published False" in result.output
    assert "OS::Nobody::Knows: not there" in result.output
    assert "1 of 2 published types are there; they differ in 1 points without a reason" in result.output


def test_a_folder_without_facts_is_refused(tmp_path: pathlib.Path) -> None:
    result = verify(str(tmp_path))
    assert result.exit_code == 2
    assert "has no facts" in result.output


def new(*words: str) -> Result:
    return CliRunner().invoke(main.root, ["resource-types", "new", *words])


def test_a_new_type_passes_its_own_test(tmp_path: pathlib.Path) -> None:
    result = new("My::Network::AddressGroup", "--folder", str(tmp_path))
    assert result.exit_code == 0, result.output
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    again = new("My::Network::AddressGroup", "--folder", str(tmp_path))
    assert again.exit_code == 2
    assert "is there already. Choose another --folder." in again.output


def test_an_installed_package_brings_its_types(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert new("Our::Things::TallHat", "--folder", str(tmp_path)).exit_code == 0
    # What an installer makes of the entry point in pyproject.toml.
    info = tmp_path / "our_things_types-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-things-types\nVersion: 0.1.0\n")
    assert 'tall_hat = "our_things_types.tall_hat"' in (tmp_path / "pyproject.toml").read_text()
    (info / "entry_points.txt").write_text("[hearth.resources]\ntall_hat = our_things_types.tall_hat\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = registry.TypeRegistry(entry_points=True).get("Our::Things::TallHat")
    assert set(found.properties) == {"name", "addresses"}
    assert registry.TypeRegistry([tmp_path / "our_things_types"]).find("Our::Things::TallHat") is not None


@pytest.mark.parametrize(
    ("name", "told"),
    [("Thing", "write words joined by '::'"), ("OS::Nova::Thing", "begin it with a word of your own")],
)
def test_names_that_no_type_should_have_are_refused(name: str, told: str) -> None:
    result = new(name)
    assert result.exit_code == 2
    assert told in result.output
