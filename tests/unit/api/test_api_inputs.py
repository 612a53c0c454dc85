"""What clients send is understood, or refused with field, value and what would be right."""

from typing import Any

import pytest
from starlette.datastructures import QueryParams

from hearth.api import inputs
from hearth.engine import requests
from hearth.model import errors

NAMED = {"stack_name": "s", "template": {"heat_template_version": "2021-04-16"}}

UNDERSTOOD: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "timeout_mins", None),
    ({"timeout_mins": 0}, "timeout_mins", None),
    ({"timeout_mins": None}, "timeout_mins", None),
    ({"timeout_mins": 5}, "timeout_mins", 5),
    ({"timeout_mins": "5"}, "timeout_mins", 5),
    ({}, "disable_rollback", None),
    ({"disable_rollback": False}, "disable_rollback", False),
    ({"disable_rollback": "TRUE"}, "disable_rollback", True),
    ({}, "tags", None),
    ({"tags": ""}, "tags", ()),
    ({"tags": "one,two"}, "tags", ("one", "two")),
    ({"parameters": None}, "parameters", {}),
    ({"parameters": {"a": 1}}, "parameters", {"a": 1}),
    ({"environment": "parameters: {}"}, "environment", "parameters: {}"),
    ({"environment_files": ["a.yaml"]}, "environment_files", ["a.yaml"]),
    ({"files": {"a.yaml": "text"}}, "files", {"a.yaml": "text"}),
    ({"adopt_stack_data": {"action": "CREATE"}}, "adopt_stack_data", '{"action":"CREATE"}'),
    ({"converge": "true"}, "converge", True),
    ({"existing": True}, "existing", True),
    ({"clear_parameters": ["a"]}, "clear_parameters", ["a"]),
    ({"something_else": 1}, "template", None),
]


@pytest.mark.parametrize(("body", "field", "value"), UNDERSTOOD)
def test_body_is_understood(body: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(inputs.stack_request(body), field) == value


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"timeout_mins": -1}, "timeout_mins: -1"),
    ({"timeout_mins": "soon"}, "timeout_mins: 'soon'"),
    ({"timeout_mins": True}, "timeout_mins: True"),
    ({"timeout_mins": 1.5}, "timeout_mins: 1.5"),
    ({"timeout_mins": "9" * 30}, "timeout_mins"),
    ({"timeout_mins": 2**31}, "timeout_mins: 2147483648 is above"),
    ({"disable_rollback": "no"}, "disable_rollback: 'no'"),
    ({"disable_rollback": 1}, "disable_rollback: 1"),
    ({"tags": "ok," + "x" * 81}, "81 characters; 80"),
    ({"tags": ["a"]}, "tags: a list was given"),
    ({"template": 5}, "template: a number was given"),
    ({"environment": []}, "environment: a list"),
    ({"environment_files": "a.yaml"}, "environment_files: text"),
    ({"environment_files": [1]}, r"environment_files\[0\]: a number"),
    ({"files": {"a": 1}}, r"files\['a'\]: a number"),
    ({"files": ["a"]}, "files: a list"),
    ({"parameters": "a=1"}, "parameters: text"),
    ({"stack_name": 5}, "stack_name: a number"),
    ({"template_url": {}}, "template_url: an object"),
    ({"converge": "maybe"}, "converge: 'maybe'"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
def test_body_is_refused(body: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.BadRequest, match=words):
        inputs.stack_request(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"template": {"a": 1}}, "stack_name is missing"),
        ({"stack_name": "s"}, "No template"),
        ({**NAMED, "converge": True}, "converge"),
    ],
)
def test_a_new_stack_needs_name_and_template(body: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.BadRequest, match=words):
        inputs.new_stack_request(body)


def test_a_template_comes_in_three_ways() -> None:
    for given in ({"template": "x"}, {"template_url": "http://h/t"}, {"adopt_stack_data": "{}"}):
        request = inputs.new_stack_request({"stack_name": "s", **given})
        assert isinstance(request, requests.StackRequest)


@pytest.mark.parametrize(
    ("raw", "body"),
    [(b"", None), (b"null", None), (b"[1]", None), (b"text", None), (b"{}", {}), (b'  {"a": 1}\n', {"a": 1})],
)
def test_only_an_object_is_a_body(raw: bytes, body: Any) -> None:
    assert inputs.document(raw) == body


@pytest.mark.parametrize("raw", [b"{", b'{"a": }', b'{"a": 1} x', b'{"a": "\xff"}', b'{"a":' * 5000])
def test_malformed_json_is_refused(raw: bytes) -> None:
    with pytest.raises(errors.BadRequest, match=r"JSON|deep"):
        inputs.document(raw)


def test_stack_query() -> None:
    query = inputs.stack_query(
        QueryParams(
            "limit=2&marker=m&sort_keys=stack_name&sort_keys=colour&sort_dir=desc&show_nested=True&tags=a,b"
            "&not_tags_any=c&stack_name=x&stack_name=y&global_tenant=false&colour=red"
        )
    )
    assert (query.limit, query.marker, query.sort_keys, query.sort_dir) == (2, "m", ("stack_name",), "desc")
    assert (query.show_nested, query.show_deleted, query.global_tenant) == (True, False, False)
    assert (query.tags, query.not_tags_any) == (("a", "b"), ("c",))
    assert query.filters == {"stack_name": ["x", "y"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limit=many", "limit: 'many'"),
        ("limit=-1", "limit: -1 is below 0"),
        ("sort_dir=up", "sort_dir: 'up' is none of asc, desc"),
        ("show_nested=1", "show_nested: '1'"),
    ],
)
def test_wrong_queries_are_refused(text: str, words: str) -> None:
    with pytest.raises(errors.BadRequest, match=words):
        inputs.stack_query(QueryParams(text))


def test_unknown_names_in_the_resource_query_are_named() -> None:
    with pytest.raises(errors.BadRequest, match=r"colour, size\. Known: name, type"):
        inputs.only_known(QueryParams("type=a&size=1&colour=2"), ("type", "name"))


def test_ignored_errors() -> None:
    assert inputs.ignored_errors(None) == ()
    assert inputs.ignored_errors("99001, 99001") == ("99001", "99001")
    with pytest.raises(errors.BadRequest, match="'42'"):
        inputs.ignored_errors("99001,42")


@pytest.mark.parametrize("name", inputs.ACTIONS)
def test_actions(name: str) -> None:
    assert inputs.action({name: None}) == (name, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [(None, "No action"), ({}, "No action"), ({"suspend": "", "check": ""}, "Several"), ({"dance": ""}, "'dance'")],
)
def test_wrong_actions(body: Any, words: str) -> None:
    with pytest.raises(errors.BadRequest, match=words):
        inputs.action(body)


def test_unhealthy() -> None:
    assert inputs.unhealthy({"mark_unhealthy": "true", "resource_status_reason": "cold"}) == (True, "cold")
    assert inputs.unhealthy({"mark_unhealthy": False}) == (False, "")
    for body in (None, {}, {"mark_unhealthy": "perhaps"}, {"mark_unhealthy": True, "colour": 1}):
        with pytest.raises(errors.BadRequest):
            inputs.unhealthy(body)
