"""The questions that comparisons of templates put to a service, and its answers as plain values."""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import requests
from services import Service

POLL_SECONDS = 0.3
GIVE_UP_SECONDS = 120
Answer = dict[str, Any]


class Asked(Service):
    """One of the two services."""

    def validate(self, body: Mapping[str, Any], **query: Any) -> Answer:
        """The answer of the validate call, or the error's status and type."""
        asked = {key: value for key, value in query.items() if value}
        return _answer(self.call("POST", "/validate", json=body, params=asked), lambda answer: answer)

    def preview(self, body: Mapping[str, Any]) -> Answer:
        """The answer of the preview call, or the error."""
        named = {"stack_name": f"differential-{uuid.uuid4().hex[:10]}", **body}
        return _answer(self.call("POST", "/stacks/preview", json=named), lambda answer: answer)

    def outputs(self, body: Mapping[str, Any]) -> Answer:
        """How the creation of a stack ended, with the outputs then; the stack is deleted."""
        name = f"differential-{uuid.uuid4().hex[:10]}"
        made = self.call("POST", "/stacks", json={"stack_name": name, "disable_rollback": True, **body})
        if made.status_code != 201:
            return _answer(made, lambda answer: answer)
        stack = f"/stacks/{name}/{made.json()['stack']['id']}"
        try:
            return self._ended(stack)
        finally:
            self.call("DELETE", stack)

    def type_state(self, name: str) -> str:
        """What the service says about a type: "there", or why not."""
        asked = self.call("GET", f"/resource_types/{name}")
        if asked.status_code == 200:
            return "there"
        if asked.status_code == 404:
            return "does not know it"
        return {"ResourceTypeUnavailable": "lacks the service", "NotSupported": "hides it"}.get(
            _answer(asked, dict).get("type") or "", "fails"
        )

    def _ended(self, stack: str) -> Answer:
        for _ in range(int(GIVE_UP_SECONDS / POLL_SECONDS)):
            answer = self.call("GET", stack)
            if answer.status_code != 200:
                return {"status": f"cannot be shown: {answer.status_code}"}
            shown = answer.json()["stack"]
            if not shown["stack_status"].endswith("IN_PROGRESS"):
                outputs = {
                    one["output_key"]: "error" if one.get("output_error") else one["output_value"]
                    for one in shown.get("outputs", ())
                }
                return {"status": shown["stack_status"], "outputs": outputs}
            time.sleep(POLL_SECONDS)
        return {"status": "no end"}


def _answer(response: requests.Response, read: Callable[[Any], Any]) -> Answer:
    try:
        body = response.json()
    except ValueError:
        return {"status": response.status_code, "type": "no JSON"}
    if response.status_code < 300:
        return {"status": response.status_code, "body": read(body)}
    error = body.get("error") or {}
    return {"status": response.status_code, "type": error.get("type"), "message": error.get("message")}
