"""Whatever stands in a template: only diagnostics and function errors ever come out of it."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.model.values import UNKNOWN
from hearth.template import environment, parameters, template, versions

STACK = template.PseudoValues("an-id", "a-name", "a-project")
NAMES = sorted(
    {entry["functions"] for entry in versions.listed_functions("heat_template_version.2021-04-16", True) or ()}
)
WORDS = st.sampled_from(
    ["a", "b", "text", "list", "data", "r", "", "$.data", "template", "params", "-1", "é€", "9" * 30]
)

scalars = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(-3, 2**70), st.floats(allow_nan=False), st.text(max_size=4)
)


def calls(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(
        ["template", "params", "for_each", "expression", "data", "keys", "values", "port", "query", "x"]
    )
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.builds(lambda name, args: {name: args}, st.sampled_from([*NAMES, "Ref", "Fn::Select", "Fn::Split"]), inner),
    )


trees = st.recursive(scalars, calls, max_leaves=12)


class Scope:
    def __init__(self, value: Any) -> None:
        self.value = value

    def reference(self, resource: str) -> Any:
        return self.value

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        return self.value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["2013-05-23", "2017-09-01", "2021-04-16"]), trees, trees, trees, scalars)
def test_nothing_but_findings_and_function_errors(version, value, condition, output, attribute) -> None:
    document = {
        "heat_template_version": version,
        "parameters": {
            "text": {"type": "string", "default": "t"},
            "list": {"type": "comma_delimited_list", "default": "a,b"},
            "data": {"type": "json", "default": {"a": {"b": [1]}}},
        },
        "resources": {"r": {"type": "OS::Heat::None"}, "s": {"type": "OS::Heat::None", "properties": {"p": value}}},
        "outputs": {"o": {"value": output}},
    }
    if version != "2013-05-23":
        document["conditions"] = {"c": condition}
    loaded, _ = template.load(document)
    if loaded is None:
        return
    values, _ = parameters.ParameterValues.build(loaded, environment.Environment())
    bound, _ = template.bind(loaded, values, stack=STACK)
    for known in (UNKNOWN, attribute, [attribute], {"a": attribute}):
        for tree in (bound.resources["s"].properties if "s" in bound.resources else None, bound.outputs["o"].value):
            try:
                template.resolve(tree, Scope(known))
            except template.FunctionError as error:
                assert str(error)
