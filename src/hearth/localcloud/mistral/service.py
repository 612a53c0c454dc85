"""Workflows at /workflow: definitions, executions and cron triggers.

Nothing that a task says is done. An execution runs for a while and succeeds, with the workflow's output filled from its
input; it fails when a task has the action `std.fail`. Triggers tell when they would run next, and never do.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html
"""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

from hearth.localcloud.core import errors, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field, read_only

_FROM_INPUT = re.compile(r"<%\s*\$\.(\w+)\s*%>")
_PAUSED = ("PAUSED", "RUNNING", "CANCELLED", "ERROR", "SUCCESS")


class Known(staged.Staged):
    """What all collections share: bare objects, known by id or name."""

    bare = True

    @property
    def mistral(self) -> "Mistral":
        return cast("Mistral", self.service)

    def refuse(self, message: str) -> errors.ApiError:
        return errors.ApiError(400, f"Invalid input: {message}")

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"{self.singular.replace('_', ' ').capitalize()} not found [{self.singular}={id}]")

    def find(self, call: service.Call, id: str) -> state.Document:
        named = [one for one in self.table.select(name=id) if self.visible(call, one)]
        return super().find(call, named[0]["id"] if named else id)

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> state.Document:
        return {self.plural: shown}


class Workflows(Known):
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
        except yaml.YAMLError as error:
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


class Executions(Known):
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
        given = document["input"] or {}
        given = json.loads(given or "{}") if isinstance(given, str) else given
        spec = yaml.safe_load(workflow["definition"])[workflow["name"]]
        document |= {"workflow_id": workflow["id"], "workflow_name": workflow["name"]}
        document |= {"input": json.dumps(given), "output": json.dumps(_filled(spec.get("output") or {}, given))}
        params = document["params"] or {}
        document["params"] = params if isinstance(params, str) else json.dumps(params)
        document["_fails"] = any(
            isinstance(task, Mapping) and task.get("action") == "std.fail" for task in spec["tasks"].values()
        )

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        return self.table.update(document["id"], _next="ERROR") if document["_fails"] else document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if changes.get("state") not in (None, *_PAUSED):
            raise self.refuse(f"Can not change state to {changes['state']}.")
        changes |= {"_next": None, "_due": None} if changes.get("state") != "RUNNING" else {}

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        if document["state"] != "SUCCESS":
            shown["output"] = "{}"
        return shown


class Triggers(Known):
    """When workflows would run by themselves."""

    singular, plural, path = "cron_trigger", "cron_triggers", "/v2/cron_triggers"
    create_status = 201
    index = ("project_id", "name")
    fields = (
        Field("name", required=True),
        Field("workflow_name", nullable=True),
        Field("workflow_id", nullable=True),
        Field("workflow_input", (dict, str), default={}, nullable=True),
        Field("workflow_params", (dict, str), default={}, nullable=True),
        Field("pattern", nullable=True),
        Field("first_execution_time", nullable=True),
        Field("remaining_executions", int, nullable=True),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if any(self.owned(call, other) for other in self.table.select(name=document["name"])):
            raise errors.ApiError(409, f"Duplicate entry for CronTrigger ['name']: {document['name']}")
        workflow = self.mistral.workflows.find(call, document["workflow_id"] or document["workflow_name"] or "")
        document |= {"workflow_id": workflow["id"], "workflow_name": workflow["name"]}
        if not document["pattern"] and not document["first_execution_time"]:
            raise self.refuse("Pattern or first_execution_time must be specified.")
        for name in ("workflow_input", "workflow_params"):
            value = document[name] or {}
            document[name] = value if isinstance(value, str) else json.dumps(value)
        later = datetime.datetime.fromtimestamp(self.cloud.clock.now(), datetime.UTC) + datetime.timedelta(minutes=1)
        first = document["first_execution_time"]
        document["next_execution_time"] = first or later.strftime("%Y-%m-%d %H:%M:00")


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
        self.triggers = Triggers(self)
        return (self.workflows, self.executions, self.triggers)

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        return {"faultcode": "Client", "faultstring": error.message, "debuginfo": None}


def _filled(value: Any, given: Mapping[str, Any]) -> Any:
    """An output with input in the place of expressions that name it."""
    if isinstance(value, Mapping):
        return {key: _filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, given) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _FROM_INPUT.fullmatch(value)
    return given.get(whole[1]) if whole else _FROM_INPUT.sub(lambda found: str(given.get(found[1])), value)
