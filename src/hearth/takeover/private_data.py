"""What Heat keeps with a resource besides its properties, as Hearth's types keep it. Pure.

Most keys are the same in both (`user_id`, `password`, `access_key`, `value`, `backup_id`, ...) and stay. Where a type
of Hearth's keeps something in another form, a function here makes it. Keys that no type knows do no harm and stay too.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from hearth.resources import contract
from hearth.resources.heat import signed_url, stack_user

#: Heat's keys.
_SIGNED_URL, _SWIFT_URL = "ec2_signed_url", "swift_signal_url"
HEAT_URL: Final = "heat_signal_url"
_PORTS: Final = "internal_ports"
_AGENT: Final = "os-collect-config"
_DEPLOYMENTS: Final = "deployments"


@dataclasses.dataclass(slots=True)
class Kept:
    """What a resource keeps: `data` in clear, its metadata, and what else these are made of.

    `user_project_id`, `auth_url`: where the stack's users are. `derived_config`: what a deployment made for its server.
    `signals`: the CloudFormation API that signed addresses lead to; `arn`: of the resource.
    """

    data: dict[str, str]
    metadata: Any
    properties: Mapping[str, Any]
    user_project_id: str | None
    auth_url: str | None
    signals: str | None
    arn: str
    derived_config: str | None = None


def translate(kind: contract.Resource, kept: Kept) -> None:
    """Bring what a resource keeps into the form of its type."""
    change = _CHANGES.get(kind.type_name)
    if change is not None:
        change(kept)


def _address(kept: Kept, what: signed_url.Kind) -> str | None:
    """The signed address that clients have. Heat makes some of them anew each time from the pair of keys."""
    data = kept.data
    found = data.pop(_SIGNED_URL, None) or data.get(_SWIFT_URL)
    if found is None and kept.signals is not None and stack_user.ACCESS in data and stack_user.SECRET in data:
        pair = contract.AccessKey(data[stack_user.ACCESS], data[stack_user.SECRET])
        return signed_url.signed(kept.signals, what, kept.arn, pair)
    return found


def _handle(kept: Kept) -> None:
    """Handles that are their address."""
    _note_address(kept, signed_url.Kind.WAIT_CONDITION)


def _policy(kept: Kept) -> None:
    _note_address(kept, signed_url.Kind.SIGNAL)


def _note_address(kept: Kept, what: signed_url.Kind) -> None:
    found = _address(kept, what)
    if found is not None:
        kept.data["url"] = found


def _wait_handle(kept: Kept) -> None:
    data, transport = kept.data, kept.properties.get("signal_transport")
    address = _address(kept, signed_url.Kind.WAIT_CONDITION)
    if transport == "NO_SIGNAL":
        data["signal"] = "{}"
    elif address is not None:
        data["signal"] = json.dumps({"alarm_url": address})
    elif "token" in data:
        data["signal"] = "null"
    elif "password" in data:
        told = {
            "alarm_url": data.get(HEAT_URL),
            "auth_url": kept.auth_url,
            "user_id": data.get("user_id"),
            "password": data["password"],
            "project_id": kept.user_project_id,
            "queue_id": data.get("zaqar_signal_queue_id"),
        }
        data["signal"] = json.dumps({key: value for key, value in told.items() if value is not None})


def _deployment(kept: Kept) -> None:
    data = kept.data
    address = _address(kept, signed_url.Kind.SIGNAL)
    if address is not None:
        data["signal_url"] = address
    if kept.derived_config is not None:
        data["derived_config"] = kept.derived_config
    if "user_id" in data:
        data["user_project"] = kept.user_project_id or ""
        if address is None and kept.auth_url is not None:
            data["auth_url"] = kept.auth_url


def _server(kept: Kept) -> None:
    data = kept.data
    ports = json.loads(data.get(_PORTS) or "[]")
    places = [at for at, one in enumerate(kept.properties.get("networks") or ()) if _needs_port(one)]
    # Heat made them in the order of the entries that need one.
    made = {str(at): one["id"] for at, one in zip(places, ports, strict=False)}
    made |= {str(one["id"]): one["id"] for one in ports[len(places) :]}
    if made:
        data["ports"] = json.dumps(made)
    _agent(kept)


def _needs_port(entry: Any) -> bool:
    if not isinstance(entry, Mapping):
        return False
    return not entry.get("port") and bool(entry.get("subnet") or entry.get("port_extra_properties"))


def _agent(kept: Kept) -> None:
    """Heat writes into the metadata what an agent reads; here that is made when it is asked for."""
    if not isinstance(kept.metadata, Mapping):
        return
    settings = kept.metadata.get(_AGENT)
    if isinstance(settings, Mapping):
        kept.data["agent_settings"] = json.dumps(settings)
    address = kept.data.get("metadata_put_url")
    if address is not None:
        container, name = urlsplit(address).path.split("/")[-2:]
        kept.data["agent_objects"] = json.dumps([{"container": unquote(container), "object": unquote(name)}])
    queue = kept.data.get("metadata_queue_id")
    if queue is not None:
        kept.data["agent_queue"] = queue
    kept.metadata = {key: one for key, one in kept.metadata.items() if key not in (_AGENT, _DEPLOYMENTS)} or None


_CHANGES: Final[dict[str, Callable[[Kept], None]]] = {
    "OS::Nova::Server": _server,
    "OS::Heat::DeployedServer": _agent,
    "OS::Heat::WaitConditionHandle": _wait_handle,
    "AWS::CloudFormation::WaitConditionHandle": _handle,
    "OS::Heat::ScalingPolicy": _policy,
    "AWS::AutoScaling::ScalingPolicy": _policy,
    "OS::Heat::SwiftSignalHandle": _handle,
    "OS::Heat::SoftwareDeployment": _deployment,
    "OS::Heat::StructuredDeployment": _deployment,
}
