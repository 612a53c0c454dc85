"""What the command line sends for templates and environments on disk."""

import pathlib

import pytest
import yaml

from hearth.cli import bundle, findings, problems


def write(folder: pathlib.Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_references_become_absolute_and_their_files_are_collected(tmp_path: pathlib.Path) -> None:
    write(
        tmp_path,
        root__yaml="""\
resources:
  a: {type: inner.yaml, properties: {text: {get_file: note.txt}, n: 1}}
  b: {type: "OS::Heat::Value"}
""",
        inner__yaml="resources: {c: {type: T, properties: {t: {get_file: note.txt}}}}\n",
        note__txt="hällo\n",
    )
    found = bundle.collect(str(tmp_path / "root.yaml"))
    inner, note = (tmp_path / "inner.yaml").as_uri(), (tmp_path / "note.txt").as_uri()
    assert found.template is not None
    assert yaml.safe_load(found.template)["resources"] == {
        "a": {"type": inner, "properties": {"text": {"get_file": note}, "n": 1}},
        "b": {"type": "OS::Heat::Value"},
    }
    assert set(found.files) == {inner, note}
    assert found.files[note] == "hällo\n"
    assert yaml.safe_load(found.files[inner])["resources"]["c"]["properties"]["t"] == {"get_file": note}


def test_templates_of_cloudformation_bring_their_nested_ones(tmp_path: pathlib.Path) -> None:
    write(
        tmp_path,
        root__template="""\
HeatTemplateFormatVersion: '2012-12-12'
Parameters: {Type: {Type: String, Default: inner.yaml}}
Resources:
  a: {Type: inner.yaml, Properties: {Type: inner.yaml}}
""",
        inner__yaml="resources: {}\n",
    )
    found = bundle.collect(str(tmp_path / "root.template"))
    inner = (tmp_path / "inner.yaml").as_uri()
    assert found.template is not None
    assert yaml.safe_load(found.template)["Resources"] == {"a": {"Type": inner, "Properties": {"Type": "inner.yaml"}}}
    assert yaml.safe_load(found.template)["Parameters"]["Type"]["Default"] == "inner.yaml"
    assert set(found.files) == {inner}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("get_file: x.txt", {"get_file": "URL"}),
        ("get_file: 'x.txt'", {"get_file": "URL"}),
        ('{"get_file": "x.txt"}', {"get_file": "URL"}),
        ("get_file: |-\n  x.txt\nmore: 1", {"get_file": "URL", "more": 1}),
        ("a: &file x.txt\nb: {get_file: *file}", {"a": "x.txt", "b": {"get_file": "URL"}}),
        ("a: {get_file: &file x.txt}\nb: {get_file: *file}", {"a": {"get_file": "URL"}, "b": {"get_file": "URL"}}),
        ("ü: ö\nget_file: x.txt", {"ü": "ö", "get_file": "URL"}),
        ("get_file: {get_param: x}", {"get_file": {"get_param": "x"}}),
        ("[1, [2, {get_file: x.txt}], {k: [v]}]", [1, [2, {"get_file": "URL"}], {"k": ["v"]}]),
    ],
)
def test_every_way_to_write_a_reference(tmp_path: pathlib.Path, written: str, expected: object) -> None:
    write(tmp_path, root__yaml=written, x__txt="text")
    found = bundle.collect(str(tmp_path / "root.yaml"))
    assert found.template is not None
    url = (tmp_path / "x.txt").as_uri()
    assert yaml.safe_load(found.template.replace(url, "URL")) == expected


def test_lines_stay_and_columns_can_be_told_back(tmp_path: pathlib.Path) -> None:
    text = "resources:\n  a: {type: inner.yaml, propertiez: {}}\n"
    write(tmp_path, root__yaml=text, inner__yaml="{}")
    found = bundle.collect(str(tmp_path / "root.yaml"))
    assert found.template is not None
    sent = found.template.splitlines()[1].index("propertiez") + 1
    source = found.sources[bundle.TEMPLATE]
    assert source.original_column(2, sent) == text.splitlines()[1].index("propertiez") + 1
    assert source.original_column(2, 3) == 3


def test_a_template_may_name_itself(tmp_path: pathlib.Path) -> None:
    write(tmp_path, root__yaml="resources: {a: {type: root.yaml}}")
    found = bundle.collect(str(tmp_path / "root.yaml"))
    assert list(found.files) == [(tmp_path / "root.yaml").as_uri()]


def test_binary_files_travel_as_base64(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe")
    write(tmp_path, root__yaml="get_file: x.bin")
    found = bundle.collect(str(tmp_path / "root.yaml"))
    assert list(found.files.values()) == ["//4="]


def test_registry_templates_count_from_base_url_or_the_environment(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lib").mkdir()
    write(tmp_path / "lib", server__yaml="{}")
    write(
        tmp_path,
        local__yaml="{}",
        env__yaml=f"""\
parameters: {{p: not_a_type.yaml}}
resource_registry:
  "My::Local": OS::Heat::Value
  "OS::Nova::*": "OS::Other::*"
  resources:
    one:
      base_url: {(tmp_path / "lib").as_uri()}
      "My::Server": server.yaml
      hooks: [pre-create]
    two: {{"My::Server": local.yaml}}
""",
    )
    found = bundle.collect(None, [str(tmp_path / "env.yaml")])
    [environment] = found.environment_files
    sent = yaml.safe_load(found.files[environment])
    assert sent["resource_registry"]["resources"]["one"]["My::Server"] == (tmp_path / "lib/server.yaml").as_uri()
    assert sent["resource_registry"]["resources"]["two"]["My::Server"] == (tmp_path / "local.yaml").as_uri()
    assert sent["parameters"] == {"p": "not_a_type.yaml"}
    assert len(found.files) == 3


def test_parameters_win_over_environment_files(tmp_path: pathlib.Path) -> None:
    write(tmp_path, env__yaml="parameters: {p: 1}")
    found = bundle.collect(None, [str(tmp_path / "env.yaml")], {"p": "2"})
    assert yaml.safe_load(found.files[found.environment_files[-1]]) == {"parameters": {"p": "2"}}


@pytest.mark.parametrize("text", ["a: [b", "a: " + "[" * 5000, "&a [*a, *a]\n---\nb", "\tx: 1"])
def test_what_is_not_a_template_goes_out_unchanged(tmp_path: pathlib.Path, text: str) -> None:
    write(tmp_path, root__yaml=text)
    assert bundle.collect(str(tmp_path / "root.yaml")).template == text


def test_a_missing_file_is_told_with_the_place_that_names_it(tmp_path: pathlib.Path) -> None:
    write(tmp_path, root__yaml="a: 1\nb: {get_file: nope.txt}")
    with pytest.raises(problems.CliError, match=r"nope\.txt.*root\.yaml:2.*No such file"):
        bundle.collect(str(tmp_path / "root.yaml"))


def test_diagnostics_are_drawn_with_line_caret_and_advice() -> None:
    source = findings.Source("web.yaml", "resources:\n\ta: {flavour: x}\n")
    lines = list(
        findings.draw(
            [
                {
                    "source": "template",
                    "line": 2,
                    "column": 6,
                    "path": "resources.a.flavour",
                    "message": "Unknown property flavour",
                    "advice": "Did you mean 'flavor'?",
                    "severity": "error",
                },
                {"source": "file:///x.yaml", "line": None, "path": "", "message": "no place", "severity": "warning"},
            ],
            {"template": source},
        )
    )
    assert lines == [
        "Error: 1 problem found; nothing was changed.",
        "",
        "web.yaml:2:6  resources.a.flavour",
        "  2 | \ta: {flavour: x}",
        "    | \t    ^",
        "  Unknown property flavour",
        "  -> Did you mean 'flavor'?",
        "",
        "file:///x.yaml",
        "  warning: no place",
    ]
