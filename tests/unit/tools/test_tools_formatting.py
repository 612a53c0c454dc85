"""Formatting: the usual layout, comments kept, idempotent, the meaning never changed."""

import json
import pathlib

import hypothesis
import pytest
import yaml
from hypothesis import strategies

from hearth.model.errors import Invalid
from hearth.template import source
from hearth.tools import formatting

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLES = sorted([*(ROOT / "examples").glob("*.yaml"), *(ROOT / "tests/unit/template/good").glob("*")])

CASES = {
    "sections and keys in order, comments with what they belong to": (
        """\
# Copyright somebody

resources:
    # the only server
    server:
        properties:
            flavor: m1.tiny   # small
            # end of the properties
        type: OS::Nova::Server
    # end of the resources
outputs: {}
# which language
heat_template_version: 2021-04-16
""",
        """\
# Copyright somebody

# which language
heat_template_version: 2021-04-16

resources:
  # the only server
  server:
    type: OS::Nova::Server
    properties:
      flavor: m1.tiny  # small
      # end of the properties
  # end of the resources

outputs: {}
""",
    ),
    "lists are indented, blank lines kept as one": (
        """\
heat_template_version: 2021-04-16
resources:
  a:
    type: T


  b:
    type: T
    depends_on:
    - a
    -   c   # why
    # before d
    -
      d
    properties:
      rules:
      -   port: 22
          prefix: x
      - # odd
        port: 23
      - - 1
        - 2
""",
        """\
heat_template_version: 2021-04-16

resources:
  a:
    type: T

  b:
    type: T
    depends_on:
      - a
      - c  # why
      # before d
      - d
    properties:
      rules:
        - port: 22
          prefix: x
        - # odd
          port: 23
        - - 1
          - 2
""",
    ),
    "texts of all kinds are copied": (
        """\
heat_template_version: 2021-04-16
description: >
   Folded
   text

     more
parameters:
     a:
          type: string
          default: |   # a script
              #!/bin/sh
                indented

              end
          description: "several
              lines"
     b: {type: string,
         default: "x"}
     c:
       description: 'it''s'
       type:
         string
""",
        """\
heat_template_version: 2021-04-16

description: >
  Folded
  text

    more

parameters:
  a:
    type: string
    description: "several
      lines"
    default: |   # a script
      #!/bin/sh
        indented

      end
  b: {type: string,
      default: "x"}
  c:
    type: string
    description: 'it''s'
""",
    ),
    "indentation of texts that is given stays right": (
        "x:\n    - a: |4+\n               x\n          y\n\n",
        "x:\n  - a: |2+\n           x\n      y\n\n",
    ),
    "blank lines after texts stay": (
        "resources:\n    a:\n        x: |\n            y\n\n\n    # b\n    b: >-\n        z\n\noutputs: {}\n",
        "resources:\n  a:\n    x: |\n      y\n\n  # b\n  b: >-\n    z\n\noutputs: {}\n",
    ),
    "with anchors nothing changes its place": (
        """\
heat_template_version: 2021-04-16
resources:
    a:
        properties: &shared
            x: 1
        type: T
    b:
        type: T
        properties: *shared
    c:
        properties:
            <<: *shared
            y:
""",
        """\
heat_template_version: 2021-04-16

resources:
  a:
    properties: &shared
      x: 1
    type: T
  b:
    type: T
    properties: *shared
  c:
    properties:
      <<: *shared
      y:
""",
    ),
    "JSON stays JSON": (
        '{"Resources": {"a": {"Type": "T"}}, "AWSTemplateFormatVersion": "2010-09-09"}',
        """\
{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Resources": {
    "a": {
      "Type": "T"
    }
  }
}
""",
    ),
}


@pytest.mark.parametrize(("given", "wanted"), CASES.values(), ids=CASES)
def test_layout(given: str, wanted: str) -> None:
    assert formatting.format_text(given) == wanted
    assert formatting.format_text(wanted) == wanted


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_keep_meaning_and_comments(path: pathlib.Path) -> None:
    text = path.read_text()
    formatted = formatting.format_text(text)
    assert source.parse(formatted)[0] == source.parse(text)[0]
    assert formatting.format_text(formatted) == formatted
    assert sorted(_comments(formatted)) == sorted(_comments(text))


def _comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def test_windows_line_ends_and_marks_of_byte_order_go() -> None:
    assert formatting.format_text("\ufeffheat_template_version: 2021-04-16\r\nresources: {}\r\n") == (
        "heat_template_version: 2021-04-16\n\nresources: {}\n"
    )


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "\tx"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        formatting.format_text(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("- a\n", "map of sections"), ("? a\n: 1\n", "explicit key")],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(formatting.CannotFormat, match=reason):
        formatting.format_text(text)


_words = strategies.text(alphabet="ab #:-'\"\n|&*", max_size=12)
_trees = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | _words,
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(_words, inner, max_size=3),
    max_leaves=12,
)


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(
    strategies.dictionaries(strategies.sampled_from(["resources", "outputs", "x"]), _trees, min_size=1),
    strategies.integers(2, 6),
    strategies.sampled_from([None, "|", '"', "'"]),
    strategies.booleans(),
)
def test_whatever_a_yaml_writer_writes_keeps_its_meaning(
    data: dict[str, object], indent: int, style: str | None, flow: bool
) -> None:
    text = yaml.safe_dump(data, indent=indent, default_style=style, default_flow_style=flow or None)
    try:
        meant = source.parse(text)[0]
        formatted = formatting.format_text(text)
    except (Invalid, formatting.CannotFormat) as refused:
        hypothesis.note(f"refused: {refused}")
        assert "please report" not in str(refused)
        return
    assert json.dumps(source.parse(formatted)[0], sort_keys=True) == json.dumps(meant, sort_keys=True)
    assert formatting.format_text(formatted) == formatted
