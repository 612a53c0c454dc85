"""OS::Mistral::ExternalResource: whatever workflows make, change and remove.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html
"""

import json
from typing import Any

from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.contract import Call, Change, Decision, Gone, InError, Observed, Verdict, Wait
from hearth.resources.mistral import client
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import Attribute, Property

#: Keys of private data: the execution that is waited for, the last one there was, its output, and what it called it.
_EXECUTION, _LAST, _OUTPUT, _NAMED = "execution", "last_execution", "output", "resource_id"


def _workflow(verb: str) -> Property:
    """What is run for an action."""
    return Property(
        dict,
        f"What is run to {verb} it.",
        fields={
            "params": Property(dict, "Further parameters of the execution.", default={}),
            "workflow": Property(str, "Name or id of the workflow.", required=True, constraint="mistral.workflow"),
        },
    )


@base.resource("OS::Mistral::ExternalResource", since="9.0.0")
class ExternalResource(RemoteResource):
    """Something outside of the cloud that workflows make, change and delete.

    It is referred to by what the output of the first workflow calls resource_id, else by the id of its execution.
    """

    remote = client.collection("execution")
    waits_on = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME})
    supports_check = False

    actions = Property(
        dict,
        "What is run for each action.",
        required=True,
        live=None,
        fields={
            "CREATE": _workflow("create"),
            "DELETE": _workflow("delete"),
            "RESUME": _workflow("resume"),
            "SUSPEND": _workflow("suspend"),
            "UPDATE": _workflow("update"),
        },
    )
    input = Property(dict, "Input of all workflows.", default={}, updatable=True, live=None)
    description = Property(str, "Description of the executions.", default="Heat managed", live=None)
    always_update = Property(bool, "Whether the workflow of an update runs at every update.", default=False, live=None)
    replace_on_change_inputs = Property(list, "Inputs whose change makes another one.", default=[], live=None)

    attributes = {
        "output": Attribute(dict, "Output of the last execution."),
    }

    def decide(self, change: Change, call: Call) -> Decision:
        """Some inputs make another one."""
        decision = super().decide(change, call)
        named = call.properties.get("replace_on_change_inputs") or ()
        new, old = change.properties.get("input"), (call.previous or {}).get("input") or {}
        if decision.verdict is not Verdict.UPDATE or not named or "input" not in change.properties:
            return decision
        if new is UNKNOWN or any((new or {}).get(name) != old.get(name) for name in named):
            return Decision(Verdict.REPLACE, f"inputs that make another one change: {', '.join(named)}", ("input",))
        return decision

    def reference(self, call: Call) -> Any:
        """What the workflow called it."""
        return call.data.get(_NAMED) or call.physical_id

    async def locate(self, call: Call) -> str | None:
        """The execution that makes it."""
        found = await self._begun(call, self._description(call, Action.CREATE))
        if found is not None:
            call.data[_EXECUTION] = call.data[_LAST] = found
        return found

    async def create(self, call: Call) -> str | None:
        """Run what makes it."""
        call.physical_id = await self._run(call, Action.CREATE) or call.physical_name
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Run what changes it."""
        await self._run(call, Action.UPDATE)
        return None

    async def delete(self, call: Call) -> None:
        """Run what removes it."""
        await self._run(call, Action.DELETE)

    async def suspend(self, call: Call) -> None:
        """Run what suspends it."""
        await self._run(call, Action.SUSPEND)

    async def resume(self, call: Call) -> None:
        """Run what resumes it."""
        await self._run(call, Action.RESUME)

    async def _run(self, call: Call, action: Action) -> str | None:
        """Begin an execution, unless a lost call began it; None when nothing is to be done."""
        call.data.pop(_EXECUTION, None)
        given = (call.properties.get("actions") or {}).get(action.value)
        if not given:
            return None
        description = self._description(call, action)
        # What makes it was looked for already: see `find`.
        execution = await self._begun(call, description) if action is not Action.CREATE else None
        if execution is None:
            named = {"workflow_id" if client.is_id(given["workflow"]) else "workflow_name": given["workflow"]}
            body = {**named, "input": call.properties["input"], "params": given.get("params") or {}}
            body["description"] = description
            answer = await self.request(call, "POST", client.EXECUTIONS, body, creating=True)
            execution = str(answer.body["id"])
        call.data[_EXECUTION] = call.data[_LAST] = execution
        return execution

    async def _begun(self, call: Call, description: str) -> str | None:
        listed = await self.listed(call, {"description": description})
        return next((str(one["id"]) for one in listed if one.get("description") == description), None)

    def _description(self, call: Call, action: Action) -> str:
        """Says for what the execution is: after each one, an action is another one that has the next."""
        told = call.marker
        if action is not Action.CREATE:
            told = f"{told} {action.value} after {call.data.get(_LAST, 'nothing')}"
        return f"{call.properties['description']} ({told})"

    async def observe(self, call: Call) -> Observed | None:
        """The execution that is waited for; without one there is nothing to look at."""
        execution = call.data.get(_EXECUTION)
        if execution is None:
            if call.action is Action.DELETE:
                raise Gone("nothing is run to delete it")
            return {}
        answer = await self.request(call, "GET", f"{client.EXECUTIONS}/{execution}")
        observed: Observed = answer.body
        return observed

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Whether the execution has ended."""
        if not observed:
            return None
        if observed["state"] in ("ERROR", "CANCELLED"):
            why = observed.get("state_info") or observed["state"]
            raise InError(f"execution {observed['id']} of workflow {observed.get('workflow_name')} failed: {why}")
        if observed["state"] != "SUCCESS":
            return Wait()
        call.data[_OUTPUT] = str(observed.get("output") or "{}")
        if call.action is Action.CREATE:
            call.data[_NAMED] = str(json.loads(call.data[_OUTPUT]).get("resource_id") or "")
        return None

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What the last execution gave."""
        return (
            json.loads(call.data.get(_OUTPUT, "{}"))
            if name == "output"
            else await super().attribute(call, name, observed)
        )
