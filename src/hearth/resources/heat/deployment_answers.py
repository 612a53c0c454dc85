"""What the answer of a server means for a deployment. Pure: outputs and a signal in, status and reason out.

Spec: https://docs.openstack.org/heat/latest/template_guide/software_deployment.html
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.model.states import Status

STDOUT: Final = "deploy_stdout"
STDERR: Final = "deploy_stderr"
STATUS_CODE: Final = "deploy_status_code"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a signal means for a deployment."""

    status: Status
    reason: str
    outputs: Mapping[str, Any]


def outcome(declared: Iterable[Mapping[str, Any]], told: Mapping[str, Any]) -> Outcome:
    """Whether it went well: the exit status must be 0, and no output that means a failure may have a value."""
    outputs: dict[str, Any] = {}
    wrong: list[str] = []
    for one in declared:
        name = one["name"]
        if name not in told:
            continue
        outputs[name] = told[name]
        if one.get("error_output") and told[name]:
            wrong.append(f"{name} : {told[name]}")
    outputs |= {name: told.get(name) for name in (STDOUT, STDERR, STATUS_CODE)}
    code = outputs[STATUS_CODE]
    if code is not None and str(code) != "0":
        wrong.insert(0, f"{STATUS_CODE} : the tool ended with the exit status {code}")
    if wrong:
        return Outcome(Status.FAILED, ", ".join(wrong), outputs)
    return Outcome(Status.COMPLETE, "Outputs received", outputs)


def of_signal(declared: Iterable[Mapping[str, Any]], body: Any) -> Outcome:
    """The same for a signal as it was put somewhere; one that is no map tells nothing good."""
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError:
            body = None
    if not isinstance(body, Mapping):
        return Outcome(Status.FAILED, "What the server answered is no JSON map", {})
    return outcome(declared, body)
