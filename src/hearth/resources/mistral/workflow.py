"""OS::Mistral::Workflow: a workflow, and an address by which signals run it.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html
"""

import contextlib
import json
from collections.abc import Iterable
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Permanent, Values
from hearth.resources.heat import signed_url, stack_user
from hearth.resources.mistral import client, definition
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

#: Keys of private data.
_URL, _EXECUTIONS = "url", "executions"


@base.resource("OS::Mistral::Workflow", since="2015.1")
class Workflow(RemoteResource, stack_user.WithUser):
    """A workflow.

    Its physical id is its name, by which other workflows and triggers refer to it.
    """

    remote = client.collection("workflow", identity="name")
    takes_signals = signals_cloud = True
    survives_failure = True

    name = Property(str, "Name of the workflow.", default=PHYSICAL_NAME)
    type = Property(
        str,
        "Whether tasks follow one another, or say what they need.",
        required=True,
        updatable=True,
        allowed=("direct", "reverse"),
        live=definition.read("type"),
    )
    description = Property(str, "Description of the workflow.", updatable=True, live=definition.read("description"))
    tags = Property(list, "Words to find it by.", updatable=True, since="10.0.0", live=definition.read("tags"))
    input = Property(
        dict,
        "Its input, with what is taken where an execution gives none.",
        updatable=True,
        live=definition.read("input"),
    )
    output = Property(dict, "Its output.", updatable=True, live=definition.read("output"))
    params = Property(dict, "Further parameters of executions.", updatable=True, live=None)
    use_request_body_as_input = Property(
        bool, "Whether all that a signal brings is input.", updatable=True, since="6.0.0", live=None
    )
    task_defaults = Property(
        dict,
        "What holds for all tasks.",
        updatable=True,
        since="5.0.0",
        live=definition.read("task_defaults"),
        fields={
            "concurrency": Property(int, "How many are done at a time.", since="8.0.0"),
            "on_complete": Property(list, "Tasks that follow in any case."),
            "on_error": Property(list, "Tasks that follow when it failed."),
            "on_success": Property(list, "Tasks that follow when it succeeded."),
            "pause_before": Property(bool, "Whether to stop before it."),
            "requires": Property(list, "Tasks that come before it."),
            "retry": Property(dict, "How it is tried again."),
            "timeout": Property(int, "Seconds that it may take."),
            "wait_after": Property(int, "Seconds to wait after it."),
            "wait_before": Property(int, "Seconds to wait before it."),
        },
    )
    tasks = Property(
        list,
        "The tasks.",
        required=True,
        updatable=True,
        length=(1, None),
        live=definition.read("tasks"),
        items=Property(
            dict,
            fields={
                "action": Property(str, "What it does."),
                "concurrency": Property(int, "How many are done at a time.", since="8.0.0"),
                "description": Property(str, "Description of the task."),
                "input": Property(dict, "Its input."),
                "join": Property(str, "For how many tasks before it waits.", since="6.0.0"),
                "keep_result": Property(bool, "Whether its result is kept.", since="5.0.0"),
                "name": Property(str, "Name of the task.", required=True),
                "on_complete": Property(list, "Tasks that follow in any case."),
                "on_error": Property(list, "Tasks that follow when it failed."),
                "on_success": Property(list, "Tasks that follow when it succeeded."),
                "pause_before": Property(bool, "Whether to stop before it.", since="5.0.0"),
                "policies": Property(
                    dict,
                    "Older form of the policies beside it.",
                    support=(("HIDDEN", "8.0.0"), ("DEPRECATED", "5.0.0"), ("SUPPORTED", "2015.1")),
                ),
                "publish": Property(dict, "What it tells the other tasks."),
                "requires": Property(list, "Tasks that come before it."),
                "retry": Property(dict, "How it is tried again.", since="5.0.0"),
                "target": Property(str, "Which executor does it.", since="5.0.0"),
                "timeout": Property(int, "Seconds that it may take.", since="5.0.0"),
                "wait_after": Property(int, "Seconds to wait after it.", since="5.0.0"),
                "wait_before": Property(int, "Seconds to wait before it.", since="5.0.0"),
                "with_items": Property(str, "What it is done for, one by one.", since="5.0.0"),
                "workflow": Property(str, "Workflow that it runs.", constraint="mistral.workflow"),
            },
        ),
    )

    attributes = {
        "alarm_url": Attribute(str, "An address that runs it when it is posted to.", cached=False),
        "data": Attribute(dict, "Executions that signals began, as JSON texts."),
        "executions": Attribute(list, "Executions that signals began."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """See `definition.problems`."""
        yield from super().validate(properties)
        yield from definition.problems(properties)

    async def locate(self, call: Call) -> str | None:
        """The name says it."""
        return await self.existing(call, definition.name_of(call))

    async def create(self, call: Call) -> str | None:
        """Send the definition, and make an address for signals if there is a service that takes them."""
        await self._send(call, "POST")
        call.physical_id = definition.name_of(call)
        await self.finish(call)
        return call.physical_id

    async def finish(self, call: Call) -> None:
        """The address for signals."""
        if _URL not in call.data and call.users is not None and call.cloud.has_service(signed_url.SERVICE):
            await self.make_user(call)
            call.data[_URL] = await signed_url.create(call, signed_url.Kind.SIGNAL)

    async def update(self, call: Call, change: Change) -> str | None:
        """Send another definition."""
        await self._send(call, "PUT")
        return None

    async def _send(self, call: Call, method: str) -> None:
        text = definition.written(call)
        # The service answers to texts only in kind.
        headers = {"Content-Type": "text/plain", "Accept": "text/plain"}
        await self.request(
            call, method, self.remote.path, data=text.encode(), headers=headers, creating=method == "POST"
        )

    async def delete(self, call: Call) -> None:
        """Delete it, what signals began, and the user of its address."""
        for its_id in _kept(call):
            with contextlib.suppress(Gone):
                await self.request(call, "DELETE", f"{client.EXECUTIONS}/{its_id}")
        if stack_user.USER in call.data:
            await stack_user.WithUser.delete(self, call)
        await super().delete(call)

    async def suspend(self, call: Call) -> None:
        """Stop what runs."""
        await self._turn(call, "RUNNING", "PAUSED")

    async def resume(self, call: Call) -> None:
        """Let it go on."""
        await self._turn(call, "PAUSED", "RUNNING")

    async def _turn(self, call: Call, before: str, after: str) -> None:
        for one in await self._executions(call):
            if one.get("state") == before:
                await self.request(call, "PUT", f"{client.EXECUTIONS}/{one['id']}", {"state": after})

    async def signal(self, call: Call, details: Any) -> str:
        """Run it."""
        given = details if isinstance(details, dict) else {}
        taken = given if call.properties.get("use_request_body_as_input") else given.get("input") or {}
        known = call.properties.get("input") or {}
        unknown = sorted(taken.keys() - known.keys()) if isinstance(taken, dict) else [repr(taken)]
        if unknown:
            raise Permanent(f"the workflow takes {', '.join(sorted(known)) or 'no input'}, not {', '.join(unknown)}")
        params = {**(call.properties.get("params") or {}), **(given.get("params") or {})}
        body = {"workflow_name": call.physical_id, "input": {**known, **taken}, "params": params}
        answer = await self.request(call, "POST", client.EXECUTIONS, body, creating=True)
        call.data[_EXECUTIONS] = ",".join([*_kept(call), str(answer.body["id"])])
        return f"execution {answer.body['id']} began"

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The address, and what came of signals."""
        if name == "alarm_url":
            return call.data.get(_URL)
        if name in ("executions", "data"):
            found = await self._executions(call)
            return found if name == "executions" else {one["id"]: json.dumps(one) for one in found}
        return await super().attribute(call, name, observed)

    async def _executions(self, call: Call) -> list[dict[str, Any]]:
        found = []
        for its_id in _kept(call):
            try:
                found.append((await self.request(call, "GET", f"{client.EXECUTIONS}/{its_id}")).body)
            except Gone:
                continue
        return found


def _kept(call: Call) -> list[str]:
    return [one for one in call.data.get(_EXECUTIONS, "").split(",") if one]
