"""Measure the template languages in this process: parse, validate, plan. No server, no store, no cloud.

    bench/languages.py [CASE...]

Cases: large (5,000 resources with cross references: parsed, validated, planned), text (500 KB of YAML), tree (500
groups of three nested stacks, validated), yaql (1,000 trivial evaluations). Prints a markdown table with the goal
beside each figure; ends with 1 when one is missed.
"""

import dataclasses
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from hearth.engine import context, definitions, launch, preview, run, settings
from hearth.model.states import Action
from hearth.resources import blueprint, registry
from hearth.resources.blueprint import Surroundings
from hearth.store.rows import StackRow, TraversalRow
from hearth.template import environment, source, template
from hearth.template import parameters as template_parameters

WHERE = Surroundings("an-id", "a-stack", "a-project")
LIMITS = source.Limits(bytes=10 * 2**20)


@dataclasses.dataclass(frozen=True)
class Result:
    """One figure; `limit` is its goal, in the same unit, if it has one."""

    what: str
    value: float
    unit: str
    limit: float | None = None


def large(size: int = 5000) -> list[Result]:
    """Resources that each refer to two others."""
    lines = ["heat_template_version: 2021-04-16", "parameters:", "  word: {type: string, default: x}", "resources:"]
    for number in range(size):
        lines += [f"  r{number}:", "    type: OS::Heat::TestResource", "    properties:", "      value:"]
        if number < 2:
            lines.append("        get_param: word")
        else:
            lines += ["        list_join:", "        - '-'", f"        - - get_attr: [r{number - 1}, output]"]
            lines += [f"          - get_resource: r{number // 2}", "          - get_param: word"]
    text = "\n".join(lines)
    types = registry.TypeRegistry()
    builder = blueprint.Builder(types, LIMITS.bytes)
    chosen = settings.EngineSettings(max_resources_per_stack=-1, max_template_size=LIMITS.bytes)
    material = definitions.Material(text, {}, {})
    nothing: Any = None  # neither store nor bus nor cloud is asked
    surroundings = context.Context(nothing, nothing, nothing, types, chosen)

    def work() -> Any:
        tree = preview.Tree(builder, chosen)
        built, findings = tree.check(material, WHERE)
        assert built is not None, list(findings)[:3]
        working = run.Run(_stack(), _traversal(), built, lambda name, _: types.find(name), surroundings)
        return launch.planned(Action.CREATE, working, [])

    seconds = _seconds(work)
    peak = _peak(lambda: template.load(text, limits=LIMITS))
    as_json = json.dumps(source.parse(text, limits=LIMITS)[0])
    json_peak = _peak(lambda: template.load(as_json, limits=LIMITS))
    builder = blueprint.Builder(types, LIMITS.bytes)  # one that has parsed nothing yet
    whole = _peak(work)
    return [
        Result(f"{size} resources with cross references: parse, validate, plan", seconds, "s", 2),
        Result(f"memory at the peak of loading them, for {len(text) // 1000} KB", peak / len(text), "times", 10),
        Result(f"the same as JSON, {len(as_json) // 1000} KB", json_peak / len(as_json), "times", 10),
        Result("memory at the peak of parsing, validating and planning them", whole / len(text), "times"),
    ]


def text(size: int = 500_000) -> list[Result]:
    """A template of many sections and depths."""
    lines = ["heat_template_version: 2021-04-16", "outputs:"]
    length = number = 0
    while length < size:
        block = [f"  out{number}:", f"    description: number {number} of them", "    value:"]
        block += [f"      key{one}: [a, {one}, 'quoted text', {{inner: true, other: null}}]" for one in range(4)]
        lines += block
        length += sum(len(line) + 1 for line in block)
        number += 1
    document = "\n".join(lines)
    found = _seconds(lambda: source.parse(document, limits=LIMITS))
    peak = _peak(lambda: source.parse(document, limits=LIMITS))
    return [
        Result(f"{len(document) // 1000} KB of YAML, with positions", found, "s", 0.3),
        Result("memory at its peak", peak / len(document), "times", 10),
    ]


def tree(groups: int = 500, members: int = 3) -> list[Result]:
    """Groups of nested templates; alike, and each with values of its own."""
    nested = json.dumps(
        {
            "heat_template_version": "2021-04-16",
            "parameters": {"word": {"type": "string"}, "more": {"type": "json", "default": {}}},
            "resources": {
                name: {"type": "OS::Heat::TestResource", "properties": {"value": {"get_param": "word"}}}
                for name in ("a", "b")
            },
            "outputs": {"said": {"value": {"get_attr": ["a", "output"]}}},
        }
    )
    results = []
    for kind, word in (("alike", "w%index%"), ("each different", "w%index%-GROUP")):
        resources = {
            f"g{number}": {
                "type": "OS::Heat::ResourceGroup",
                "properties": {
                    "count": members,
                    "resource_def": {
                        "type": "nested.yaml",
                        "properties": {"word": word.replace("GROUP", str(number))},
                    },
                },
            }
            for number in range(groups)
        }
        document = json.dumps({"heat_template_version": "2021-04-16", "resources": resources})
        material = definitions.Material(document, {}, {"nested.yaml": nested})
        chosen = settings.EngineSettings(max_resources_per_stack=-1, max_template_size=LIMITS.bytes)

        def work(material: definitions.Material = material, chosen: Any = chosen) -> None:
            builder = blueprint.Builder(registry.TypeRegistry(), LIMITS.bytes)
            built, findings = preview.Tree(builder, chosen).check(material, WHERE)
            assert built is not None, list(findings)[:3]

        results.append(Result(f"{groups} groups of {members} nested stacks, {kind}: validate", _seconds(work), "s", 1))
    return results


def yaql(count: int = 1000) -> list[Result]:
    """Outputs with an expression each, half of them the same."""
    outputs = {
        f"o{number}": {"value": {"yaql": {"expression": f"$.data.a + {number // 2}", "data": {"a": number}}}}
        for number in range(count)
    }
    document = json.dumps({"heat_template_version": "2021-04-16", "outputs": outputs})

    def work() -> None:
        loaded, _ = template.load(document)
        assert loaded is not None
        values, _ = template_parameters.ParameterValues.build(loaded, environment.Environment())
        bound, _ = template.bind(loaded, values, stack=WHERE.pseudo)
        assert bound.outputs["o7"].value == 10

    return [Result(f"{count} trivial yaql evaluations", _seconds(work), "s", 2)]


def _seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    """The shortest of some runs: other work on the machine only ever adds."""
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def _peak(work: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    kept = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak


def _stack() -> StackRow:
    given: dict[str, Any] = {field.name: None for field in dataclasses.fields(StackRow)}
    return StackRow(**{**given, "id": "an-id", "name": "a-stack", "project_id": "a-project", "depth": 0, "tags": []})


def _traversal() -> TraversalRow:
    return TraversalRow(0, "an-id", Action.CREATE, "a-definition", None, None, 0.0)


CASES: dict[str, Callable[[], list[Result]]] = {"large": large, "text": text, "tree": tree, "yaql": yaql}


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    print("| what | measured | goal |\n|---|---|---|")
    results = [result for name in (arguments or CASES) for result in CASES[name]()]
    for one in results:
        goal = "" if one.limit is None else f"{one.limit:g} {one.unit}"
        print(f"| {one.what} | {one.value:.2f} {one.unit} | {goal} |")
    return int(any(one.limit is not None and one.value > one.limit for one in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
