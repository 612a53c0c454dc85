"""`hearth takeover documents`: many abandoned stacks at once, broken documents among them."""

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from acceptance_hearth import Hearth

TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {"kept": {"type": "OS::Heat::RandomString", "properties": {"length": 12}}},
    "outputs": {"word": {"value": {"get_attr": ["kept", "value"]}}},
}
NAMES = [f"abandoned-{number}" for number in range(4)]


def document(name: str, **changed: Any) -> dict[str, Any]:
    """As `openstack stack abandon` gives it."""
    kept = {
        "name": "kept",
        "type": "OS::Heat::RandomString",
        "resource_id": f"{name}-kept",
        "resource_data": {"value": f"word of {name}"},
        "action": "CREATE",
        "status": "COMPLETE",
        "metadata": {},
    }
    whole = {
        "name": name,
        "id": f"id-of-{name}",
        "action": "CREATE",
        "status": "COMPLETE",
        "template": TEMPLATE,
        "environment": {"parameters": {}},
        "files": {},
        "resources": {"kept": kept},
    }
    return {key: value for key, value in (whole | changed).items() if value is not None}


def texts() -> dict[str, str]:
    """Files by name: good ones and each kind of broken one."""
    found = {f"{name}.json": json.dumps(document(name)) for name in NAMES}
    return found | {
        "cut-off.json": json.dumps(document("cut-off"))[:200],
        "list.json": "[1, 2]",
        "no-name.json": json.dumps({"stack": "x"}),
        "no-template.json": json.dumps(document("no-template", template=None)),
        "unknown-type.json": json.dumps(
            document("unknown-type", template={**TEMPLATE, "resources": {"kept": {"type": "Our::Own::Thing"}}})
        ),
        "environment.json": json.dumps(document("odd-environment", environment=[1])),
        "binary.json": "\udcff\udcfe",
    }


@pytest.fixture
def files(tmp_path: pathlib.Path) -> list[str]:
    found = []
    for name, text in texts().items():
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        found.append(str(path))
    return found


def take(hearth: Hearth, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = hearth.run("hearth", "takeover", "documents", "-f", "json", *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, {pathlib.Path(one["file"]).name: one for one in json.loads(done.stdout)}


def test_good_documents_are_adopted_and_broken_ones_named(
    hearth: Hearth, clean: Callable[[], None], files: list[str]
) -> None:
    good = {f"{name}.json" for name in NAMES}
    status, told = take(hearth, "--dry-run", *files)
    assert (status, {name for name, one in told.items() if one["outcome"] == "would be taken"}) == (1, good)
    assert not set(NAMES) & set(hearth.stacks())

    status, told = take(hearth, *files)
    assert (status, {name for name, one in told.items() if one["outcome"] == "taken"}) == (1, good)
    left = {name: one["told"] for name, one in told.items() if one["outcome"] == "left out"}
    assert left.keys() == set(texts()) - good
    for name, part in {
        "cut-off.json": "cannot be read",
        "binary.json": "cannot be read",
        "list.json": "no document of an abandoned stack",
        "no-name.json": "no 'name'",
        "no-template.json": "template",
        "unknown-type.json": "Our::Own::Thing",
        "environment.json": "environment",
    }.items():
        assert part in left[name], left[name]
    for name in NAMES:
        hearth.until(name, "ADOPT_COMPLETE")
        shown = json.loads(hearth.run("hearth", "stack", "outputs", name, "-f", "json").stdout)
        assert f"word of {name}" in json.dumps(shown)
    assert set(hearth.stacks()) & {"no-template", "unknown-type", "odd-environment", "cut-off"} == set()

    status, told = take(hearth, *files[: len(NAMES)])
    assert (status, {one["outcome"] for one in told.values()}) == (0, {"there already"})
    for name in NAMES:
        assert hearth.run("hearth", "stack", "delete", "--yes", name).returncode == 0
