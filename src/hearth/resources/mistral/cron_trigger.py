"""OS::Mistral::CronTrigger: runs a workflow at times.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html
"""

import json
from typing import Any

from hearth.model.states import Action
from hearth.resources import base, rules
from hearth.resources.contract import Call, Gone, Observed
from hearth.resources.mistral import client
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, USED_ONCE, Attribute, Property


def _workflow(call: Call, observed: Observed) -> Any:
    """The workflow under the name or id that was given, with its input."""
    given = call.properties["workflow"]
    known = (observed.get("workflow_name"), observed.get("workflow_id"))
    name = given["name"] if given["name"] in known else known[0]
    shown = observed.get("workflow_input") or {}
    return {"name": name, "input": json.loads(shown) if isinstance(shown, str) else shown}


@base.resource("OS::Mistral::CronTrigger", since="5.0.0")
class CronTrigger(RemoteResource):
    """Starts a workflow at certain times.

    By a pattern, or once at a time.
    """

    remote = client.collection("cron_trigger")

    name = Property(str, "Name of the trigger.", default=PHYSICAL_NAME)
    pattern = Property(str, "The times, as cron writes them.", constraint="cron_expression")
    workflow = Property(
        dict,
        "What runs.",
        required=True,
        wire=None,
        live=_workflow,
        fields={
            "input": Property(dict, "Its input."),
            "name": Property(str, "Name or id of the workflow.", required=True, constraint="mistral.workflow"),
        },
    )
    first_time = Property(str, "The first time, or the only one.", wire="first_execution_time", live=USED_ONCE)
    count = Property(int, "How many times; always if nothing is given.", wire="remaining_executions", live=USED_ONCE)

    attributes = {
        "next_execution_time": Attribute(str, "When it runs next."),
        "remaining_executions": Attribute(int, "How many times are left."),
    }

    checks = (rules.at_least_one("pattern", "first_time"),)

    def body(self, call: Call) -> dict[str, Any]:
        """The workflow by its name or id, with input."""
        workflow = call.properties["workflow"]
        named = {"workflow_id" if client.is_id(workflow["name"]) else "workflow_name": workflow["name"]}
        return {**super().body(call), **named, "workflow_input": workflow.get("input") or {}}

    async def observe(self, call: Call) -> Observed | None:
        """See `Resource.observe`. One that ends by itself is gone with its last execution, as it was meant to be."""
        try:
            return await super().observe(call)
        except Gone:
            ends = call.properties.get("count") is not None or call.properties.get("pattern") is None
            if call.action is Action.DELETE or not ends:
                raise
            return {**self.body(call), "remaining_executions": 0}

    async def locate(self, call: Call) -> str | None:
        """The one of the name, which is there once in a project."""
        name = self.body(call)["name"]
        return next((str(one["id"]) for one in await self.listed(call, {"name": name}) if one["name"] == name), None)
