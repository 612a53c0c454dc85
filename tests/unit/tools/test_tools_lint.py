"""Lint: every rule on its own examples, silencing, choosing, SARIF, and the pages of the documentation."""

import json
import pathlib

import pytest

from hearth.resources import registry
from hearth.tools import validation
from hearth.tools.lint import linting, pages, rules, sarif
from hearth.tools.lint.rule import Rule

PAGES = pathlib.Path(__file__).parents[3] / "docs" / "reference" / "lint"


def lint(text: str, types: registry.TypeRegistry, *select: str) -> list[linting.Report]:
    return linting.lint(validation.check(text, types), types, linting.choose(select))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_a_rule_reports_its_bad_example_and_not_the_good_one(rule: Rule, types: registry.TypeRegistry) -> None:
    bad = lint(rule.bad, types, rule.id)
    assert [one.rule for one in bad] == [rule.id]
    assert bad[0].level is rule.level
    assert bad[0].place.line > 1 or rule.name == "old-version"
    assert lint(rule.good, types, rule.id) == []


def test_ids_and_names_are_unique_and_in_order() -> None:
    ids = [rule.id for rule in rules.RULES]
    assert ids == sorted(set(ids))
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)


TWO = """\
heat_template_version: 2021-04-16
parameters:
  one: {type: boolean}  # hearth: ignore[%s]
  # hearth: ignore[%s]
  two: {type: boolean}
resources: {}
"""


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ("unused-parameter", "HL101", [("HL501", 3), ("HL501", 5)]),
        ("HL5", "HL1, HL5", [("HL101", 3)]),
        ("", "HL", [("HL101", 3), ("HL501", 3)]),
    ],
)
def test_comments_silence_rules_on_their_line_or_the_next(
    first: str, second: str, left: list[tuple[str, int]], types: registry.TypeRegistry
) -> None:
    found = lint(TWO % (first, second), types)
    assert [(one.rule, one.place.line) for one in found] == left


def test_a_comment_without_brackets_silences_all(types: registry.TypeRegistry) -> None:
    assert lint(TWO.replace("[%s]", ""), types) == []


def test_a_comment_silences_the_whole_file(types: registry.TypeRegistry) -> None:
    found = lint("# hearth: ignore-file[unused-parameter]\n" + TWO.replace("# hearth: ignore[%s]", ""), types)
    assert {one.rule for one in found} == {"HL501"}


def test_what_is_invalid_comes_out_and_cannot_be_silenced(types: registry.TypeRegistry) -> None:
    text = "# hearth: ignore-file\nheat_template_version: 2021-04-16\nresources:\n  a: {type: OS::Nova::Sever}\n"
    (found,) = lint(text, types)
    assert (found.rule, found.level.value, found.place.line) == ("HL000", "error", 4)
    assert "OS::Nova::Server" in found.advice


def test_text_that_is_no_template_is_one_report(types: registry.TypeRegistry) -> None:
    assert [one.rule for one in lint("- 1\n", types)] == ["HL000"]
    assert [one.rule for one in lint("a: [", types)] == ["HL000"]


def test_unknown_rules_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="unused-parameter"):
        linting.choose(["unused-paramter"])


def test_ignoring_wins_over_selecting() -> None:
    chosen = linting.choose(["HL1"], ["HL101"])
    assert all(rule.id.startswith("HL1") and rule.id != "HL101" for rule in chosen)
    assert chosen


def test_secrets_do_not_stand_in_reports(types: registry.TypeRegistry) -> None:
    (rule,) = linting.choose(["plain-text-secret"])
    shown = json.dumps([one.to_wire() for one in lint(rule.bad, types)])
    assert "correct-horse" not in shown


def test_nested_templates_are_seen_from_outside_only_by_their_problems(types: registry.TypeRegistry) -> None:
    text = "heat_template_version: 2021-04-16\nresources:\n  a: {type: lost.yaml}\n"
    (found,) = lint(text, types)
    assert "lost.yaml" in found.message


def test_sarif_names_rule_place_and_level(types: registry.TypeRegistry) -> None:
    (rule,) = linting.choose(["unused-parameter"])
    log = sarif.log(lint(rule.bad, types, rule.id), "1.0")
    run = log["runs"][0]
    (result,) = run["results"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "HL101"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 3}


def test_the_pages_in_the_documentation_are_those_of_the_rules() -> None:
    assert {path.name: path.read_text() for path in PAGES.iterdir()} == pages.pages()
