"""The cases of the differential run: those of cases/*.yaml, and calls of functions put into small templates.

A file of cases is a map `{name: {template, environment?, environment_files?, files?, parameters?, show_nested?,
ignore_errors?, create?}}`.
"""

import dataclasses
import itertools
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "unit" / "template"))

import function_cases  # noqa: E402 - one table serves the unit tests and this run

VERSIONS = (
    *("2013-05-23", "2014-10-16", "2015-04-30", "2015-10-15", "2016-04-08", "2016-10-14", "2017-02-24", "2017-09-01"),
    *("2018-03-02", "2018-08-31", "2021-04-16", "newton", "ocata", "pike", "queens", "rocky", "wallaby"),
)

#: A right call of every function and condition function, tried in every version.
CALLS = {
    "get_param": "{get_param: text}",
    "get_file": "{get_file: the_file}",
    "str_replace": "{str_replace: {template: a b, params: {a: 1}}}",
    "str_replace list": "{str_replace: {template: a b, params: {a: [1]}}}",
    "str_replace_strict": "{str_replace_strict: {template: a b, params: {a: 1}}}",
    "str_replace_vstrict": "{str_replace_vstrict: {template: a b, params: {a: 1}}}",
    "list_join": "{list_join: ['-', [a, b]]}",
    "list_join several": "{list_join: ['-', [a, b], [c]]}",
    "list_join map": "{list_join: ['-', [{a: b}]]}",
    "repeat": "{repeat: {template: x-%v%, for_each: {'%v%': [a, b]}}}",
    "repeat map": "{repeat: {template: v, for_each: {v: {a: 1}}}}",
    "repeat pairs": "{repeat: {template: v-w, for_each: {v: [a, b], w: [c, d]}, permutations: false}}",
    "digest": "{digest: [sha256, abc]}",
    "str_split": "{str_split: [',', 'a,b']}",
    "map_merge": "{map_merge: [{a: 1}, {b: 2}]}",
    "map_replace": "{map_replace: [{a: 1}, {keys: {a: b}}]}",
    "yaql": "{yaql: {expression: $.data.len(), data: [1, 2]}}",
    "if": "{if: [true, 1, 2]}",
    "if short": "{if: [false, 1]}",
    "filter": "{filter: [[a], [a, b]]}",
    "make_url": "{make_url: {scheme: http, host: example.com, path: /a}}",
    "list_concat": "{list_concat: [[a], [b]]}",
    "list_concat_unique": "{list_concat_unique: [[a], [a, b]]}",
    "contains": "{contains: [a, [a, b]]}",
    "equals": "{equals: [1, 1]}",
    "Ref": "{Ref: text}",
    "Fn::Select": "{'Fn::Select': [0, [a]]}",
    "Fn::Split": "{'Fn::Split': [',', 'a,b']}",
    "Fn::Join": "{'Fn::Join': [',', [a, b]]}",
    "Fn::Replace": "{'Fn::Replace': [{a: b}, a]}",
    "Fn::Base64": "{'Fn::Base64': a}",
    "Fn::GetAZs": "{'Fn::GetAZs': ''}",
    "Fn::If": "{'Fn::If': [true, 1, 2]}",
    "Fn::FindInMap": "{'Fn::FindInMap': [a, b, c]}",
    "resource_facade": "{resource_facade: metadata}",
}

#: Functions that only some versions take in conditions.
CONDITIONS = {
    "equals": "{equals: [{get_param: text}, hello]}",
    "not": "{not: {equals: [a, b]}}",
    "and": "{and: [true, {equals: [a, a]}]}",
    "or": "{or: [false, true]}",
    "contains": "{contains: [a, [a]]}",
    "yaql": "{yaql: {expression: '$.data > 1', data: 2}}",
    "boolean": "true",
    "text": "hello",
    "get_param": "{get_param: yes_}",
    "list_join": "{list_join: [',', [a]]}",
    "str_replace": "{str_replace: {template: a, params: {a: b}}}",
    "null": "null",
    "null by a call": "{get_param: [data, n]}",
    "null in not": "{not: {get_param: [data, n]}}",
    "null in or": "{or: [{get_param: [data, n]}, false]}",
    "text after true in or": "{or: [true, {get_param: text}]}",
    "text before true in or": "{or: [{get_param: text}, true]}",
    "text after false in and": "{and: [false, {get_param: text}]}",
    "text after true in and": "{and: [true, {get_param: text}]}",
    "text in not": "{not: {get_param: text}}",
    "number by a call": "{get_param: count}",
    "list by a call": "{get_param: letters}",
    "text by yaql": "{yaql: {expression: $.data, data: a}}",
    "map": "{a: b}",
    "number": "1",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """What is sent. `bundle`: cases of the same bundle differ in the value of their one output only."""

    name: str
    template: Any
    environment: Any = None
    environment_files: Sequence[str] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    show_nested: bool = False
    ignore_errors: str = ""
    create: bool = True
    bundle: str | None = None
    text: str = ""
    members: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The request's body."""
        body: dict[str, Any] = {"template": self.template, "files": dict(self.files)}
        for name in ("environment", "environment_files", "parameters"):
            if getattr(self, name):
                body[name] = getattr(self, name)
        return body

    @classmethod
    def joined(cls, frame: str, cases: "Sequence[Case]") -> "Case":
        """One template with the outputs of all."""
        outputs = "".join(f"  out{number}:\n    value: {case.text}\n" for number, case in enumerate(cases))
        return cls(
            f"bundle of {cases[0].name}",
            frame + "outputs:\n" + outputs,
            files=cases[0].files,
            members={f"out{number}": case.name for number, case in enumerate(cases)},
        )


def cases() -> list[Case]:
    """All cases; their names are different."""
    found = [*_function_cases(), *_every_version(), *_conditions(), *_written()]
    names = [case.name for case in found]
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    return found


def _frame(version: str, conditions: str = "") -> str:
    return f"heat_template_version: {version}\nparameters:{function_cases.PARAMETERS}{conditions}"


def _with_output(name: str, frame: str, call: str) -> Case:
    text = frame + f"outputs:\n  out0:\n    value: {call}\n"
    return Case(name, text, files={"the_file": "content of {get_param: text}"}, bundle=frame, text=call)


def _function_cases() -> Iterator[Case]:
    numbers = itertools.count()
    for version, call, _ in function_cases.CASES:
        conditions = f"conditions:{function_cases.CONDITIONS}" if version >= "2016-10-14" else ""
        yield _with_output(f"function {next(numbers):03} {version} {call}", _frame(version, conditions), call)


def _every_version() -> Iterator[Case]:
    for version in VERSIONS:
        for name, call in CALLS.items():
            yield _with_output(f"version {version} {name}", _frame(version), call)


def _conditions() -> Iterator[Case]:
    for version in ("2016-10-14", "2017-02-24", "2017-09-01", "2021-04-16"):
        for name, text in CONDITIONS.items():
            frame = _frame(version, f"conditions:\n  c: {text}\n")
            yield Case(f"condition {version} {name}", frame + "outputs:\n  out:\n    value: {if: [c, 1, 2]}\n")


def _written() -> Iterator[Case]:
    for path in sorted((HERE / "cases").glob("*.yaml")):
        for name, case in yaml.safe_load(path.read_text()).items():
            yield Case(f"{path.stem} {name}", **case)
