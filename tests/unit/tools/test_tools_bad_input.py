"""Whatever a template holds, the tools answer with findings or a clear refusal, never with anything else."""

import json
from typing import Any

import hypothesis
from hypothesis import strategies

from hearth.model.errors import Invalid
from hearth.resources import registry
from hearth.template import template as templates
from hearth.tools import conversion, drawing, explaining, formatting, graphing, validation
from hearth.tools.lint import linting, sarif

_words = strategies.sampled_from(
    [
        "a",
        "b",
        "p",
        "$x",
        "0.0.0.0/0",
        "ingress",
        "OS::Nova::Server",
        "AWS::Region",
        "AWS::NoValue",
        "a.b",
        "",
        "admin_pass",
    ]
)
_hot = [
    "get_param",
    "get_attr",
    "get_resource",
    "if",
    "equals",
    "not",
    "and",
    "str_replace",
    "repeat",
    "yaql",
    "map_merge",
]
_cfn = [
    "Ref",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Select",
    "Fn::Join",
    "Fn::FindInMap",
    "Fn::Replace",
    "Fn::Split",
    "Condition",
]
_keys = strategies.sampled_from(
    [
        *_hot,
        *_cfn,
        "a",
        "b",
        "rules",
        "remote_ip_prefix",
        "port_range_min",
        "networks",
        "password",
        "template",
        "params",
    ]
)
_values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(0, 3) | _words,
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


def _sections(cfn: bool) -> strategies.SearchStrategy[dict[str, Any]]:
    def spelt(word: str) -> str:
        return "".join(map(str.capitalize, word.split("_"))) if cfn else word

    types = strategies.sampled_from(
        ["OS::Nova::Server", "OS::Neutron::SecurityGroup", "OS::Heat::Value", "OS::Heat::ResourceGroup", "No::Such"]
    )
    keys = ["properties", "metadata", "depends_on", "deletion_policy", "condition", "update_policy"]
    resource = strategies.fixed_dictionaries({}, optional={spelt("type"): types | _values}) | _values
    resource = strategies.builds(
        lambda body, more: {**body, **more} if isinstance(body, dict) else body,
        resource,
        strategies.dictionaries(strategies.sampled_from([spelt(key) for key in keys]), _values, max_size=3),
    )
    parameter = strategies.dictionaries(
        strategies.sampled_from([spelt(key) for key in ("type", "default", "description", "hidden", "allowed_values")]),
        _values | strategies.sampled_from(["string", "json", "String", "Number"]),
    )
    names = strategies.sampled_from(["a", "b", "p", "password"])
    key = "AWSTemplateFormatVersion" if cfn else "heat_template_version"
    return strategies.fixed_dictionaries(
        {key: strategies.just("2010-09-09" if cfn else "2021-04-16")},
        optional={
            spelt("parameters"): strategies.dictionaries(names, parameter, max_size=2) | _values,
            spelt("resources"): strategies.dictionaries(names, resource, max_size=3) | _values,
            spelt("outputs"): strategies.dictionaries(names, resource, max_size=2) | _values,
            spelt("conditions"): strategies.dictionaries(names, _values, max_size=2) | _values,
            "Mappings" if cfn else "parameter_groups": _values,
        },
    )


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(_sections(False) | _sections(True))
def test_nothing_but_findings_comes_out(types: registry.TypeRegistry, data: dict[str, Any]) -> None:
    text = json.dumps(data)
    checked = validation.check(text, types)
    json.dumps(sarif.log(linting.lint(checked, types), "1"))
    graph = graphing.of(checked, reduce=True)
    for write in (graphing.dot, graphing.mermaid, drawing.svg):
        write(graph)
    list(explaining.template(checked, {}))
    template, _ = templates.load(text)
    if template is not None and template.kind == "cfn":
        conversion.convert(template)


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(strategies.text(max_size=60) | strategies.text(alphabet="ab:- \n#|>{}[]&*!'\"?,", max_size=60))
def test_formatting_any_text_gives_a_layout_or_a_refusal(text: str) -> None:
    try:
        formatted = formatting.format_text(text)
    except Invalid:
        return
    except formatting.CannotFormat as refused:
        assert "please report" not in str(refused)
        return
    assert formatting.format_text(formatted) == formatted


def test_bombs_are_refused(types: registry.TypeRegistry) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 9):
        bomb += f"a{number}: &a{number} [{', '.join([f'*a{number - 1}' if number > 1 else '*a'] * 9)}]\n"
    assert [one.rule for one in linting.lint(validation.check(bomb, types), types)] == ["HL000"]
