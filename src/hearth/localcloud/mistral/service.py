"""Workflows at /workflow: definitions, executions and cron triggers.

Nothing that a task says is done. An execution runs for a while and succeeds, with the workflow's output filled from its
input; it fails when a task has the action `std.fail`. Triggers begin executions; see triggers.py.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html
"""

import copy
import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from hearth.localcloud.core import errors, ids, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field, read_only
from hearth.localcloud.mistral import known, triggers

_FROM_INPUT = re.compile(r"<%\s*\$\.(\w+)\s*%>")
#: Characters of an execution's output.
_LARGEST = 1_000_000
_PAUSED = ("PAUSED", "RUNNING", "CANCELLED", "ERROR", "SUCCESS")


class Workflows(known.Known):
    """Definitions, which come as text."""

    singular, plural, path = "workflow", "workflows", "/v2/workflows"
    index = ("project_id", "name")
    fields = (
        Field("name"),
        Field("definition"),
        Field("input", default=""),
        Field("tags", list, default=[]),
        read_only("scope", default="private"),
        read_only("namespace", default=""),
    )

    def routes(self) -> list[Route]:
        regular = [one for one in super().routes() if one.method not in ("POST", "PUT")]
        return [*regular, Route("POST", self.path, self.define), Route("PUT", self.path, self.redefine)]

    def define(self, call: service.Call) -> Any:
        """New workflows."""
        given = self._read(call)
        for one in given:
            if any(self.owned(call, other) for other in self.table.select(name=one["name"])):
                raise errors.ApiError(409, f"Duplicate entry for WorkflowDefinition ['name']: {one['name']}")
        made = [self.view(call, self.add(call, one)) for one in given]
        return Reply(201, {"workflows": made})

    def redefine(self, call: service.Call) -> Any:
        """Other definitions of workflows that there are."""
        changed = []
        for one in self._read(call):
            document = self.find(call, one["name"])
            stored = self.table.update(document["id"], **one, updated_at=self.now())
            changed.append(self.view(call, stored))
        return {"workflows": changed}

    def _read(self, call: service.Call) -> list[state.Document]:
        accepted = call.headers.get("accept") or "*/*"
        if "text/" not in accepted and "*/*" not in accepted:
            raise errors.ApiError(406, "Not Acceptable")
        text = call.raw.decode(errors="replace")
        try:
            document = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError) as error:
            raise self.refuse(f"Definition could not be parsed: {error}") from None
        if not isinstance(document, dict) or str(document.get("version")) != "2.0":
            raise self.refuse("Invalid DSL: Workflow definitions need version '2.0'.")
        found = []
        for name, spec in document.items():
            if name == "version":
                continue
            if not isinstance(spec, dict) or not isinstance(spec.get("tasks"), dict) or not spec["tasks"]:
                raise self.refuse(f"Invalid DSL: workflow {name!r} has no tasks.")
            names = [next(iter(one)) if isinstance(one, dict) else str(one) for one in spec.get("input") or ()]
            tags = [str(one) for one in spec.get("tags") or ()]
            found.append({"name": str(name), "definition": text, "input": ", ".join(names), "tags": tags})
        return found


class Executions(known.Known):
    """Runs of workflows."""

    singular, plural, path = "execution", "executions", "/v2/executions"
    status_field = "state"
    creation = ("RUNNING", "SUCCESS")
    create_status = 201
    fields = (
        Field("workflow_id", nullable=True),
        Field("workflow_name", nullable=True),
        Field("description", default="", nullable=True),
        Field("input", (dict, str), default={}, nullable=True),
        Field("params", (dict, str), default={}, nullable=True),
        Field("state", create=False),
        read_only("state_info"),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        workflow = self.mistral.workflows.find(call, document["workflow_id"] or document["workflow_name"] or "")
        document |= self._of(workflow, self.as_map(document, "input"), self.as_map(document, "params"))

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        return self._with_end(document)

    def begin_by(self, trigger: state.Document, workflow: state.Document, at: float) -> None:
        """Begin an execution for a trigger. `at`: when, which may be a while ago."""
        by = {"type": "cron_trigger", "id": trigger["id"], "name": trigger["name"]}
        told = {"description": f"Begun by the cron trigger {trigger['name']}.", "triggered_by": by}
        document = {field.name: copy.copy(field.default) for field in self.fields}
        document |= {"id": ids.new_id(), "project_id": trigger["project_id"], "description": json.dumps(told)}
        document |= {"created_at": self.cloud.clock.iso(at), "updated_at": None, "_begun": True}
        document |= self._of(workflow, *(json.loads(trigger[f"workflow_{name}"]) for name in ("input", "params")))
        self._with_end(self.table.insert(document | self.first_stage(document, at)))

    def drop_begun(self, most: int) -> None:
        """Of what triggers have begun, keep the newest of each project."""
        begun: dict[str, list[str]] = {}
        for one in self.table:
            if one.get("_begun"):
                begun.setdefault(one["project_id"], []).append(one["id"])
        for ids_of_project in begun.values():
            for id in ids_of_project[:-most]:
                self.table.delete(id)

    def _of(self, workflow: state.Document, given: state.Document, params: state.Document) -> state.Document:
        spec = _spec(workflow["definition"], workflow["name"])
        fails = any(isinstance(task, Mapping) and task.get("action") == "std.fail" for task in spec["tasks"].values())
        output, reason = "{}", "A task has failed." if fails else None
        try:
            output = json.dumps(_Output(given).filled(spec.get("output") or {}))
        except (_TooLarge, RecursionError):
            fails, reason = True, f"The output is larger than {_LARGEST} characters."
        named = {"workflow_id": workflow["id"], "workflow_name": workflow["name"]}
        told = {"input": json.dumps(given), "output": output, "params": json.dumps(params), "state_info": reason}
        return {**named, **told, "_fails": fails}

    def _with_end(self, document: state.Document) -> state.Document:
        return self.table.update(document["id"], _next="ERROR") if document["_fails"] else document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if changes.get("state") not in (None, *_PAUSED):
            raise self.refuse(f"Can not change state to {changes['state']}.")
        changes |= {"_next": None, "_due": None} if changes.get("state") != "RUNNING" else {}

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        if document["state"] != "SUCCESS":
            shown["output"] = "{}"
        if document["state"] != "ERROR":
            shown["state_info"] = None
        return shown


class Mistral(staged.StagedService):
    """API v2."""

    name = "mistral"
    service_type = "workflowv2"
    prefix = "/workflow"
    catalog_path = "/workflow/v2"
    version = "/v2"

    def build(self) -> Sequence[staged.Staged]:
        self.workflows = Workflows(self)
        self.executions = Executions(self)
        self.triggers = triggers.Triggers(self)
        return (self.workflows, self.executions, self.triggers)

    def catch_up(self) -> None:
        """What triggers have begun by now may have ended by now, too."""
        self.triggers.run_due()
        super().catch_up()

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        return {"faultcode": "Client", "faultstring": error.message, "debuginfo": None}


@functools.lru_cache(maxsize=64)
def _spec(definition: str, name: str) -> Any:
    """What a definition says of a workflow; it is not to be changed."""
    return next(spec for key, spec in yaml.safe_load(definition).items() if str(key) == name)


class _TooLarge(Exception):
    """An output that would be larger than the service keeps."""


class _Output:
    """An output with input in the place of expressions that name it. A few words may repeat a large input often."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._sizes = {name: len(json.dumps(value)) for name, value in given.items()}
        self._size = 0

    def filled(self, value: Any) -> Any:
        """The value of a part of the output. Raises TooLarge."""
        self._take(1)
        if isinstance(value, Mapping):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        self._take(len(value))
        whole = _FROM_INPUT.fullmatch(value)
        return self._named(whole) if whole else _FROM_INPUT.sub(lambda found: str(self._named(found)), value)

    def _named(self, found: re.Match[str]) -> Any:
        self._take(self._sizes.get(found[1], 0))
        return self._given.get(found[1])

    def _take(self, size: int) -> None:
        self._size += size
        if self._size > _LARGEST:
            raise _TooLarge
