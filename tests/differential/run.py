"""Ask a Heat and a Hearth the same questions and show where the answers differ.

    export OS_CLOUD=...    # a project that both serve
    tests/differential/run.py --heat http://127.0.0.1:8004 --hearth http://127.0.0.1:8805 [--only TEXT] [--all]

Each case is validated on both services; a case that both accept is then created as a stack, whose end and outputs are
compared, and deleted. When Hearth refuses what Heat validates, the case is created all the same: it counts as a
difference unless Heat then refuses it too, or gives it an output that is only an error, for then Hearth tells earlier
what is wrong. Differences that are meant stand in known.yaml with their reason. Ends with 1 when there is one that
does not. Project and token come from `openstack token issue`.
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import itertools
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from asking import Answer, Asked
from catalogue import Case, cases
from services import credentials

HERE = pathlib.Path(__file__).parent
#: Characters of an answer that are shown.
SHOWN = 300
#: Outputs that are put into one stack.
BUNDLE = 25


def same(first: Answer, second: Answer) -> bool:
    """Whether two answers say the same; the wording of errors is each service's own.

    Which mappings Heat writes into the environment while it resolves types is its own affair, too.
    """

    def essence(answer: Answer) -> Any:
        kept = {key: value for key, value in answer.items() if key != "message"}
        shown = kept.get("body", {}).get("Environment") if isinstance(kept.get("body"), dict) else None
        if shown:
            kept["body"] = kept["body"] | {"Environment": {**shown, "resource_registry": None}}
        return kept

    return json.dumps(essence(first), sort_keys=True) == json.dumps(essence(second), sort_keys=True)


@dataclasses.dataclass(frozen=True)
class Difference:
    """What the two services said to one case."""

    case: str
    question: str
    heat: Any
    hearth: Any
    reason: str | None

    def show(self) -> str:
        """A few lines for people."""
        head = f"{'known' if self.reason else 'DIFFERENT'}: {self.case} ({self.question})"
        heat, hearth = _unlike(self.heat, self.hearth)
        return "\n".join((head, f"   heat   {_short(heat)}", f"   hearth {_short(hearth)}"))


def _unlike(first: Any, second: Any) -> tuple[Any, Any]:
    """Two values without what is the same in both."""
    if isinstance(first, dict) and isinstance(second, dict):
        if first.get("status") != second.get("status"):
            first, second = ({key: one[key] for key in one if key != "body"} for one in (first, second))
        pairs = {
            key: _unlike(first.get(key, "(none)"), second.get(key, "(none)"))
            for key in sorted(first.keys() | second.keys())
            if json.dumps(first.get(key, "(none)")) != json.dumps(second.get(key, "(none)"))
        }
        return {key: one[0] for key, one in pairs.items()}, {key: one[1] for key, one in pairs.items()}
    return first, second


def _short(value: Any) -> str:
    return json.dumps(value, sort_keys=True)[:SHOWN]


class Comparison:
    """One run."""

    def __init__(self, heat: Asked, hearth: Asked, workers: int) -> None:
        self._heat, self._hearth = heat, hearth
        self._workers = workers
        self._known: dict[str, str] = yaml.safe_load((HERE / "known.yaml").read_text()) or {}
        self.asked = 0
        self.earlier = 0

    def run(self, chosen: Sequence[Case]) -> Iterator[Difference]:
        """All differences."""
        accepted, doubtful = [], []
        for case, (heat, hearth) in self._ask("validate", chosen):
            if (heat["status"], hearth["status"]) == (200, 400) and case.create:
                doubtful.append(case)
            elif not same(heat, hearth):
                yield from self._differ(case.name, "validate", heat, hearth)
            elif heat["status"] == 200 and case.create:
                accepted.append(case)
        for case, (heat, hearth) in self._ask("outputs", doubtful):
            never = heat["status"] == "CREATE_COMPLETE" and "error" in heat.get("outputs", {}).values()
            if hearth["status"] == 400 and (heat["status"] == 400 or never):
                self.earlier += 1
            else:
                yield from self._differ(case.name, "create what Heat validates", heat, hearth)
        single = [case for case in accepted if case.bundle is None]
        by_name = {case.name: case for case in accepted}
        for case, (heat, hearth) in self._ask("outputs", [*single, *_bundles(accepted)]):
            if same(heat, hearth):
                continue
            before, after = heat.pop("outputs", {}), hearth.pop("outputs", {})
            if not same(heat, hearth):
                yield from self._differ(case.name, "create", heat, hearth)
            for key in before.keys() | after.keys():
                if json.dumps(before.get(key), sort_keys=True) != json.dumps(after.get(key), sort_keys=True):
                    name = case.members.get(key, f"{case.name}:{key}")
                    text = by_name[name].text if name in by_name else ""
                    yield from self._differ(f"{name} {text}".strip(), "output", before.get(key), after.get(key))

    def _ask(self, question: str, chosen: Sequence[Case]) -> Iterator[tuple[Case, tuple[Answer, ...]]]:
        def both(case: Case) -> tuple[Answer, ...]:
            query = {"show_nested": case.show_nested, "ignore_errors": case.ignore_errors}
            more = query if question == "validate" else {}
            return tuple(getattr(one, question)(case.body(), **more) for one in (self._heat, self._hearth))

        with concurrent.futures.ThreadPoolExecutor(self._workers) as pool:
            for case, answers in zip(chosen, pool.map(both, chosen), strict=True):
                self.asked += 1
                yield case, answers

    def _differ(self, name: str, question: str, heat: Any, hearth: Any) -> Iterator[Difference]:
        reason = next((why for pattern, why in self._known.items() if fnmatch.fnmatchcase(name, pattern)), None)
        yield Difference(name, question, heat, hearth, reason)


def _bundles(accepted: Sequence[Case]) -> Iterator[Case]:
    """Stacks that hold the outputs of many cases, which differ in nothing but their one output."""
    several = sorted((case for case in accepted if case.bundle is not None), key=lambda case: str(case.bundle))
    for frame, group in itertools.groupby(several, key=lambda case: case.bundle):
        members = list(group)
        for start in range(0, len(members), BUNDLE):
            yield Case.joined(str(frame), members[start : start + BUNDLE])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--heat", default="http://127.0.0.1:8004")
    parser.add_argument("--hearth", required=True)
    parser.add_argument("--only", default="", help="cases whose name has this text")
    parser.add_argument("--all", action="store_true", help="show differences that are meant, too")
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args(arguments)
    token, project = credentials()
    comparison = Comparison(Asked(given.heat, project, token), Asked(given.hearth, project, token), given.workers)
    chosen = [case for case in cases() if given.only in case.name]
    unexplained = known = 0
    for difference in comparison.run(chosen):
        known += difference.reason is not None
        unexplained += difference.reason is None
        if given.all or difference.reason is None:
            print(difference.show(), flush=True)
    print(
        f"{len(chosen)} cases, {comparison.asked} questions: {comparison.earlier} told earlier by Hearth, "
        f"{known} meant differences, {unexplained} others"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
