"""Drives python-openstackclient with python-heatclient: every command of orchestration, as stories.yaml tells it.

Called by `../run.py`. What a command printed is made comparable here - ids, times and addresses become marks - and
kept; `compared` says where two services differ. It does not judge what a real Heat prints: that is the measure.
"""

import contextlib
import dataclasses
import json
import pathlib
import re
import shlex
import string
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import yaml
from sites import Site, as_json

HERE = pathlib.Path(__file__).parent
TEMPLATES = HERE.parent / "templates"
GIVE_UP_SECONDS = 90
POLL_SECONDS = 1.0
#: Characters of an answer that are shown.
SHOWN = 700

Seen = dict[str, Any]
#: Made with each stack in Heat, and here when something needs it.
_LAZY = frozenset(("stack_user_project_id",))

_MARKS = (
    (re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"), "<time>"),
    (re.compile(r"https?://[^/\s\"']+(?:/orchestration(?=/v1))?"), "<host>"),
    (re.compile(r"(?<=-)(?=[a-z]*\d?)[a-z0-9]{12}\b"), "<short>"),
    (re.compile(r"clients-[0-9a-f]{8}"), "<project>"),
    (re.compile(r"\br_[0-9a-f]{20}\b"), "<node>"),
)


@dataclasses.dataclass(frozen=True)
class Step:
    """One command of a story."""

    name: str
    line: str
    more: Mapping[str, Any]

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.line)


def stories(only: str) -> dict[str, list[Step]]:
    """The stories whose name has the text."""
    told = yaml.safe_load((HERE / "stories.yaml").read_text())
    found = {}
    for name, steps in told.items():
        if only in name:
            maps = [step if isinstance(step, dict) else {"run": step} for step in steps]
            found[name] = [Step(f"{name} {number}", one["run"], one) for number, one in enumerate(maps, 1)]
    return found


class Shell:
    """The client in its environment."""

    def __init__(self, python: pathlib.Path) -> None:
        self._process = subprocess.Popen(
            [python, HERE / "shell.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: pathlib.Path, interrupt: int | None
    ) -> dict[str, Any]:
        """One command; `{status, out, errors}`."""
        asked = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
            "interrupt": interrupt,
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def run(site: Site, python: pathlib.Path, only: str = "") -> dict[str, Seen]:
    """`{step: what was seen}` of all stories on one service."""
    seen: dict[str, Seen] = {}
    with contextlib.closing(Shell(python)) as shell:
        for story in stories(only).values():
            names = {
                "t": str(TEMPLATES),
                "work": str(site.folder),
                "project": site.project_id,
                "name": site.user["project_name"],
            }
            for step in story:
                seen[step.name] = _take(shell, site, step, names)
                print(f"{site.name:16} {seen[step.name]['status']} {step.name}: {step.line[:90]}", flush=True)
    return seen


def _take(shell: Shell, site: Site, step: Step, names: dict[str, str]) -> Seen:
    try:
        arguments = [string.Template(argument).substitute(names) for argument in step.arguments]
    except KeyError as missing:
        return {"status": None, "problem": f"an earlier step gave no {missing}"}
    environment = site.admin_environment if step.more.get("admin") else site.environment
    until = time.monotonic() + GIVE_UP_SECONDS
    while True:
        answer = shell.run(arguments, environment, site.folder, step.more.get("interrupt"))
        wanted = step.more.get("until")
        if not wanted or wanted in answer["out"] or time.monotonic() > until:
            break
        time.sleep(POLL_SECONDS)
    data = as_json(answer["out"])
    for name, key in step.more.get("keep", {}).items():
        field, _, row = key.partition("@")
        with contextlib.suppress(KeyError, IndexError, TypeError):
            names[name] = str((data[int(row)] if row else data)[field])
    seen: Seen = {"status": answer["status"], "out": _comparable(answer["out"], data, step.more)}
    if answer["errors"].strip():
        seen["errors"] = _marked(answer["errors"].strip()[-600:])
    if (answer["status"] != 0) != bool(step.more.get("fails")) and "meant" not in step.more:
        seen["problem"] = "succeeds" if step.more.get("fails") else "fails"
    elif wanted and wanted not in answer["out"]:
        seen["problem"] = f"never shows {wanted}"
    return seen


def _comparable(out: str, data: Any, more: Mapping[str, Any]) -> Any:
    if data is None:
        lines = [_marked(line).rstrip() for line in out.splitlines()]
        # An event that is told twice is one.
        return list(dict.fromkeys(lines)) if more.get("sort") else lines
    value = _reduced(data, set())
    if more.get("shape"):
        first = value[0] if isinstance(value, list) and value else value
        return sorted(first) if isinstance(first, dict) else type(first).__name__
    lines = [_marked(line) for line in out.splitlines() if re.match(r"\d{4}-\d\d-\d\d", line)]
    return {"data": value, "lines": sorted(set(lines))} if lines else value


def _reduced(value: Any, ignored: Set[str]) -> Any:
    if isinstance(value, dict):
        return {_marked(key): _reduced(one, ignored) for key, one in value.items() if key not in ignored}
    if isinstance(value, list):
        return [_reduced(one, ignored) for one in value]
    return _marked(value) if isinstance(value, str) else value


def _marked(text: str) -> str:
    for pattern, mark in _MARKS:
        text = pattern.sub(mark, text)
    return text


@dataclasses.dataclass(frozen=True)
class Difference:
    """One step that two services answer in different ways."""

    step: Step
    heat: Seen
    hearth: Seen

    @property
    def meant(self) -> str | None:
        found: str | None = self.step.more.get("meant")
        return found

    def show(self) -> str:
        """A few lines for people."""
        lines = [f"{'as meant' if self.meant else 'DIFFERENT'}: {self.step.name}: {self.step.line}"]
        for name, one in (("heat", self.heat), ("hearth", self.hearth)):
            other = self.hearth if one is self.heat else self.heat
            lines.append(
                f"   {name:6} {one.get('status')} {json.dumps(_unlike(one.get('out'), other.get('out')))[:SHOWN]}"
            )
            if one.get("status") or "Traceback" in one.get("errors", ""):
                lines.append(f"          {one.get('errors', '')[-SHOWN:]}")
        return "\n".join(lines)


def _unlike(value: Any, other: Any) -> Any:
    """A value without what the other one has as well."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {
            key: _unlike(one, other.get(key)) for key, one in value.items() if key not in other or other[key] != one
        }
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return [_unlike(one, two) for one, two in zip(value, other, strict=True) if one != two]
    return value


def compared(heat: Mapping[str, Seen], hearth: Mapping[str, Seen], only: str = "") -> Iterator[Difference]:
    """The steps that differ; the wording of errors is each service's own."""
    for story in stories(only).values():
        for step in story:
            first, second = heat.get(step.name, {}), hearth.get(step.name, {})
            first, second = (one | {"out": _essence(one.get("out"), step)} for one in (first, second))
            same = first.get("status") == second.get("status") and first["out"] == second["out"]
            if not same or "Traceback" in second.get("errors", ""):
                yield Difference(step, first, second)


def _essence(out: Any, step: Step) -> Any:
    """What is compared of an output."""
    if step.more.get("compare", True) is False:
        return None
    value = _reduced(out, {*step.more.get("ignore", ()), *_LAZY})
    return _sorted(value) if step.more.get("sort") and isinstance(value, list) else value


def _sorted(several: list[Any]) -> list[Any]:
    return sorted(several, key=lambda one: json.dumps(one, sort_keys=True))


def command_of(step: Step, commands: Sequence[str]) -> str | None:
    """Which command of orchestration the step is."""
    fitting = [command for command in commands if step.line.startswith(command)]
    return max(fitting, key=len, default=None)


def unused(commands: Mapping[str, Sequence[str]]) -> list[str]:
    """Commands and options that no story uses."""
    short = {
        "--environment": "-e",
        "--files-container": "-s",
        "--template": "-t",
        "--yes": "-y",
        "--nested-depth": "-n",
    }
    used: dict[str, set[str]] = {}
    for story in stories("").values():
        for step in story:
            used.setdefault(command_of(step, list(commands)) or "", set()).update(step.arguments)
    found = [command for command in commands if command not in used]
    for command, options in commands.items():
        given = used.get(command, set())
        found += [f"{command} {one}" for one in options if not {one, short.get(one, one)} & given]
    return found


def rows(told: Mapping[str, Mapping[str, Seen]], measure: str, commands: Sequence[str]) -> dict[str, dict[str, str]]:
    """`{command: {service: cell}}`: how many steps go well on the service that is the measure, and agree on others."""
    found: dict[str, dict[str, str]] = {}
    for site, seen in told.items():
        different = {one.step.name: one for one in compared(told.get(measure, {}), seen)}
        for command in commands:
            steps = [step for story in stories("").values() for step in story if command_of(step, commands) == command]
            taken = [step for step in steps if step.name in seen]
            if not taken:
                continue
            bad = [step for step in taken if "problem" in seen[step.name]]
            unlike = [step for step in taken if step.name in different and not different[step.name].meant]
            meant = [step for step in taken if step.name in different and different[step.name].meant]
            if site == measure:
                cell = f"{len(taken) - len(bad)} of {len(taken)}"
            else:
                cell = f"{len(taken) - len(unlike)} of {len(taken)} alike"
                cell += f", {len(meant)} of them as meant" if meant else ""
            found.setdefault(command, {})[site] = cell
    return found


def described(python: pathlib.Path) -> dict[str, list[str]]:
    """The commands of orchestration that the installed client has, and their options."""
    told = subprocess.run([python, HERE / "shell.py", "--describe"], capture_output=True, check=True)
    found: dict[str, list[str]] = json.loads(told.stdout)
    return found
