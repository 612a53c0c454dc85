"""Bad input gets a clear refusal that names every problem; nothing is stored, nothing is made."""

import pathlib
from collections.abc import Callable

import pytest
from acceptance_hearth import TEMPLATES, Hearth

Check = Callable[[], None]

HEAD = "heat_template_version: 2018-08-31\n"

#: What is wrong, the template, what the user must be told.
BAD_TEMPLATES = [
    ("malformed YAML", HEAD + "resources:\n  a: [b\n", ["bad.yaml:"]),
    (
        "a YAML bomb",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        ["alias"],
    ),
    ("deep nesting", HEAD + "resources: " + "[" * 4000 + "]" * 4000 + "\n", ["deep"]),
    ("5 MB", HEAD + "description: " + "x" * 5_000_000 + "\n", ["1048576"]),
    ("no version", "resources: {}\n", ["heat_template_version"]),
    (
        "a cycle",
        HEAD
        + "resources:\n"
        + "  a: {type: OS::Heat::Value, properties: {value: {get_attr: [b, value]}}}\n"
        + "  b: {type: OS::Heat::Value, properties: {value: {get_attr: [a, value]}}}\n",
        ["a", "b", "ircular"],
    ),
    (
        "a key twice",
        HEAD + "resources:\n  a: {type: OS::Heat::None}\n  a: {type: OS::Heat::None}\n",
        ["twice", "line 3"],
    ),
    ("a tag that makes an object", HEAD + "resources: !!python/object/apply:os.system [ls]\n", ["not allowed"]),
    ("a number as key", HEAD + "resources: {1: {type: OS::Heat::None}}\n", ["must be text"]),
    ("conditions in a circle", HEAD + "conditions: {a: {not: b}, b: {not: a}}\n", ["circle", "a -> b -> a"]),
    (
        "a gigantic repeat",
        HEAD
        + "resources:\n  a:\n    type: OS::Heat::Value\n    properties:\n"
        + "      value: {repeat: {template: abc, for_each: {a: &l ["
        + "x, " * 999
        + "x], b: *l, c: *l}}}\n",
        ["1000000000 copies", "10000"],
    ),
    (
        "a pattern that backtracks",
        HEAD
        + f"parameters: {{p: {{type: string, default: {'a' * 3000}, constraints: [{{allowed_pattern: '(a+)+b'}}]}}}}\n",
        ["does not match"],
    ),
    (
        "yaql without end",
        HEAD
        + "resources:\n  a:\n    type: OS::Heat::Value\n"
        + "    properties: {value: {yaql: {expression: 'generate(1, true, $ + 1).sum()', data: {}}}}\n",
        ["more than 200 items"],
    ),
    (
        "an unknown type",
        HEAD + "resources:\n  a: {type: OS::Nova::Serverr}\n",
        ["OS::Nova::Serverr", "OS::Nova::Server"],
    ),
    (
        "two unknown properties",
        HEAD
        + "resources:\n"
        + "  a:\n    type: OS::Heat::TestResource\n    properties:\n      valu: x\n      failing: y\n",
        ["bad.yaml:6:", "valu", "'value'", "bad.yaml:7:", "failing"],
    ),
    (
        "a missing image",
        HEAD + "resources:\n  a: {type: OS::Nova::Server, properties: {image: nope, flavor: m1.tiny}}\n",
        ["nope"],
    ),
    (
        "a wrong default",
        HEAD + "parameters:\n  n: {type: number, default: many}\n",
        ["many"],
    ),
]


@pytest.mark.parametrize(
    ("text", "says"), [case[1:] for case in BAD_TEMPLATES], ids=[case[0] for case in BAD_TEMPLATES]
)
def test_bad_templates(hearth: Hearth, clean: Check, tmp_path: pathlib.Path, text: str, says: list[str]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    refused = hearth.run("hearth", "stack", "create", "-t", str(path), "bad")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    for word in says:
        assert word in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("with/slash", [], "with/slash"),
        ("1st", [], "1st"),
        ("bad", ["count=lots"], "lots"),
        ("bad", ["count=99"], "99"),
        ("bad", ["coun=1"], "coun"),
        ("bad", ["image=nope"], "nope"),
        ("bad", ["cidr=300.1.1.0/24"], "300.1.1.0/24"),
    ],
)
def test_bad_names_and_parameters(hearth: Hearth, clean: Check, name: str, parameters: list[str], says: str) -> None:
    given = [part for one in parameters for part in ("-P", one)]
    refused = hearth.run("hearth", "stack", "create", "-t", "examples/demo.yaml", *given, name)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_unicode_is_welcome(hearth: Hearth, clean: Check, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "ünïcode.yaml"
    path.write_text(
        HEAD + "resources:\n  wért: {type: OS::Heat::Value, properties: {value: żółw 🐢}}\n"
        "outputs:\n  größe: {value: {get_attr: [wért, value]}}\n"
    )
    made = hearth.hearth("stack", "create", "-t", str(path), "uni")
    assert made["outputs"] == {"größe": "żółw 🐢"}
    assert hearth.run("hearth", "stack", "delete", "--yes", "uni").returncode == 0


def test_a_name_is_taken_once(hearth: Hearth, clean: Check) -> None:
    template = str(TEMPLATES / "nothing.yaml")
    hearth.hearth("stack", "create", "-t", template, "twice")
    refused = hearth.run("hearth", "stack", "create", "-t", template, "twice")
    assert refused.returncode == 1
    assert "already exists" in refused.stderr
    assert hearth.run("hearth", "stack", "delete", "--yes", "twice").returncode == 0


def test_the_openstack_command_shows_the_problem(hearth: Hearth, clean: Check, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(HEAD + "resources:\n  a: {type: OS::Heat::TestResource, properties: {valu: x}}\n")
    refused = hearth.run("openstack", "stack", "create", "-t", str(path), "bad")
    assert refused.returncode != 0
    assert "resources.a.properties" in refused.stderr
    assert "valu" in refused.stderr
