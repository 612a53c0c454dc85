"""A workflow's definition: the text that the service takes, made of properties, and read again. Pure.

Spec: https://docs.openstack.org/mistral/latest/user/wf_lang_v2.html
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import yaml

from hearth.model.values import is_known
from hearth.resources.contract import Call, Issue, Observed, Values

#: Older names of policies are keys of the map `policies`.
_POLICIES: Final = ("retry", "wait_before", "wait_after", "pause_before", "timeout", "concurrency")
_FOLLOWING: Final = ("on_success", "on_error", "on_complete")


def name_of(call: Call) -> str:
    """The workflow's name."""
    return str(call.properties.get("name") or call.physical_name)


def written(call: Call) -> str:
    """The text."""
    return yaml.safe_dump({"version": "2.0", name_of(call): _spec(call.properties)}, sort_keys=False)


def _spec(given: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": given["type"]}
    if given.get("description"):
        spec["description"] = given["description"]
    if given.get("input"):
        spec["input"] = list(given["input"])
    for name in ("output", "tags"):
        if given.get(name):
            spec[name] = given[name]
    if given.get("task_defaults"):
        spec["task-defaults"] = _hyphened(given["task_defaults"])
    spec["tasks"] = {task["name"]: _task(task) for task in given["tasks"]}
    return spec


def _task(given: Mapping[str, Any]) -> dict[str, Any]:
    older = {name: value for name, value in (given.get("policies") or {}).items() if given.get(name) is None}
    return _hyphened({**given, **older})


def _hyphened(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.replace("_", "-"): value
        for name, value in given.items()
        if value is not None and name not in ("name", "policies")
    }


def read(name: str) -> Callable[[Call, Observed], Any]:
    """Reads a property: as it was given, if that part of the definition says the same."""
    key = name.replace("_", "-")

    def read_part(call: Call, observed: Observed) -> Any:
        document = yaml.safe_load(observed.get("definition") or "") or {}
        shown = (document.get(call.physical_id) or {}).get(key)
        return call.properties.get(name) if _spec(call.properties).get(key) == shown else shown

    return read_part


def problems(properties: Values) -> Iterable[Issue]:
    """What a schema cannot say: tasks do one thing, and refer to one another as the workflow's type wants it."""
    tasks, kind = properties.get("tasks"), properties.get("type")
    names: set[Any] = set()
    for at, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if not isinstance(task, Mapping):
            continue
        name = task.get("name")
        if is_known(name) and name in names:
            yield Issue(("tasks", at, "name"), f"There are two tasks {name!r}.", "Give each its own name.")
        names.add(name if is_known(name) else None)
        if task.get("action") is not None and task.get("workflow") is not None:
            yield Issue(("tasks", at, "workflow"), f"Task {name!r} has an action and a workflow.", "Keep one of them.")
        wrong = _FOLLOWING if kind == "reverse" else ("requires",) if kind == "direct" else ()
        for one in wrong:
            if task.get(one) is not None:
                yield Issue(("tasks", at, one), f"{one!r} cannot be used in a {kind} workflow.", "Leave it out.")
