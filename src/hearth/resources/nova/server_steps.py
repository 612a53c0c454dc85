"""Updates of a server that take several steps: each is begun once, then watched until it is done.

    update:  name, metadata, tags, password at once; then notes [resize, rebuild, detach ..., attach ...] in the data
    settle:  first step not begun? begin it ──► Wait ──► done? drop it, go on with the next ──► none left: done

The list is kept with the row, so a step goes on after a crash where it was. Beginning a step looks first whether it is
under way or done already: a crash may have come between the request and the record.

Used by `server`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hearth.cloud import errors
from hearth.resources.contract import Call, Change, Gone, Observed, Permanent, Wait
from hearth.resources.nova import server_matching, server_ports, server_request
from hearth.resources.remote import RemoteResource, changed_fields, remember_request

_STEPS = "steps"
#: How often a server is looked at until it shows the addresses that it has.
_LOOKS = 30
Step = dict[str, Any]


async def begin(server: RemoteResource, call: Call, change: Change) -> None:
    """Change what can be changed at once, and note the steps that take longer."""
    changed = change.properties
    path = server.path(call)
    if "name" in changed:
        body = changed_fields(server.properties, {"name": changed["name"]}, call)
        await server.request(call, "PUT", path, {"server": body})
    if "metadata" in changed:
        await server.request(call, "PUT", f"{path}/metadata", {"metadata": server_request.metadata_of(call)})
    if "tags" in changed:
        tags = {"tags": changed["tags"] or []}
        await server.request(call, "PUT", f"{path}/tags", tags, microversion="2.26", purpose="a server with tags")
    if changed.get("admin_pass"):
        body = {"changePassword": {"adminPass": changed["admin_pass"]}}
        await server.request(call, "POST", f"{path}/action", body)
    _keep(call, list(_planned(call, changed)))


def _planned(call: Call, changed: Mapping[str, Any]) -> list[Step]:
    steps: list[Step] = []
    if changed.get("flavor"):
        steps.append({"do": "resize", "to": changed["flavor"]})
    new_data = "user_data" in changed and call.properties.get("user_data_update_policy") == "REBUILD"
    if changed.get("image") or new_data:
        steps.append({"do": "rebuild", "user_data": new_data})
    if "networks" in changed:
        # By the time of this step the row holds the new properties only.
        steps.append({"do": "connect", "before": (call.previous or {}).get("networks")})
    return steps


def are_left(call: Call) -> bool:
    """Whether the update has steps that are not done."""
    return _STEPS in call.data


async def go_on(server: RemoteResource, call: Call, observed: Observed) -> Wait | None:
    """Take the update one step on; None when all is done."""
    steps: list[Step] = json.loads(call.data.get(_STEPS, "[]"))
    while steps:
        done = await _DO[steps[0]["do"]](server, call, observed, steps[0])
        if done:
            steps.pop(0)
        _keep(call, steps)
        if not done or steps:
            # What was observed is older than what has just been done.
            return Wait()
    call.data.pop(_STEPS, None)
    return None


def _keep(call: Call, steps: list[Step]) -> None:
    if steps:
        call.data[_STEPS] = json.dumps(steps)
    else:
        call.data.pop(_STEPS, None)


async def _act(server: RemoteResource, call: Call, body: Mapping[str, Any], version: str | None = None) -> None:
    path = f"{server.path(call)}/action"
    remember_request(call, await server.request(call, "POST", path, body, microversion=version))


async def _resize(server: RemoteResource, call: Call, observed: Observed, step: Step) -> bool:
    """Ask for the flavor, wait for VERIFY_RESIZE, confirm, wait for the end."""
    status = observed.get("status")
    if status == "VERIFY_RESIZE":
        step["begun"] = True
        if observed.get("OS-EXT-STS:task_state") is None and not step.get("confirmed"):
            await _confirm(server, call)
            step["confirmed"] = True
        return False
    if status == "RESIZE" or observed.get("OS-EXT-STS:task_state") is not None:
        step["begun"] = True
        return False
    if _id_of(observed.get("flavor")) == step["to"]:
        return True
    if step.get("begun"):
        fault = (observed.get("fault") or {}).get("message", "no reason given")
        raise Permanent(f"the resize to flavor {step['to']} did not take place: {fault}", kind="ResourceFailure")
    await _act(server, call, {"resize": {"flavorRef": step["to"]}})
    step["begun"] = True
    return False


async def _confirm(server: RemoteResource, call: Call) -> None:
    """Confirm a resize. The service goes on to show that it is to be confirmed, and refuses a second request."""
    try:
        await _act(server, call, {"confirmResize": None})
    except Permanent as refusal:
        if not isinstance(refusal.__cause__, errors.BadRequest):
            raise


async def _rebuild(server: RemoteResource, call: Call, observed: Observed, step: Step) -> bool:
    """Ask for the rebuild, wait for its end."""
    if observed.get("status") == "REBUILD" or observed.get("OS-EXT-STS:task_state") is not None:
        step["begun"] = True
        return False
    if step.get("begun"):
        return True
    given = call.properties
    rebuild: dict[str, Any] = {"imageRef": given.get("image") or _id_of(observed.get("image"))}
    if given.get("image_update_policy") == "REBUILD_PRESERVE_EPHEMERAL":
        rebuild["preserve_ephemeral"] = True
    if given.get("admin_pass"):
        rebuild["adminPass"] = given["admin_pass"]
    if step["user_data"]:
        text = await server_request.user_data(call)
        rebuild["user_data"] = server_request.encoded(text) if text else None
    await _act(server, call, {"rebuild": rebuild}, "2.57" if step["user_data"] else None)
    step["begun"] = True
    return False


def _id_of(thing: Any) -> Any:
    """The id in the short form in which a server shows its flavor and image; the image may be empty."""
    return thing.get("id") if isinstance(thing, Mapping) else None


async def _connect(server: RemoteResource, call: Call, observed: Observed, step: Step) -> bool:
    """Separate what is not wanted any more, wait until it is gone, then connect what is missing, and see it."""
    before = step["before"]
    after = call.properties.get("networks")
    ports = await server_ports.of_server(call)
    if step.get("begun"):
        return _shows(observed, ports, step)
    if "detach" not in step:
        _choose(call, before, after, ports, step)
        await _release_floating_ips(call, before or (), after or ())
    present = {port["id"] for port in ports}
    leaving = [port for port in step["detach"] if port in present]
    for port in leaving:
        try:
            await server.request(call, "DELETE", f"{server.path(call)}/os-interface/{port}")
        except Gone:
            continue
    if leaving:
        return False
    for port in [one for one in server_ports.made(call).values() if one in step["detach"]]:
        await server_ports.remove(call, port)
    await _attach(server, call, before, after, present, step)
    await server_ports.associate_floating_ips(call)
    step["begun"] = True
    return False


def _choose(call: Call, before: Any, after: Any, ports: list[dict[str, Any]], step: Step) -> None:
    """Note which ports stay, each with its place in the new list, and which are to go."""
    by_id = {port["id"]: port for port in ports}
    kept: dict[int, str] = {}
    # What the service chose leaves as a whole; where it is to choose now, what is there is good enough.
    chosen = not before or _is_automatic(before)
    leaving = list(by_id) if chosen and not _is_automatic(after) else []
    if not chosen and not _is_automatic(after):
        serving = [server_ports.port_of(entry, at, ports, server_ports.known(call)) for at, entry in enumerate(before)]
        served = [(entry, by_id.get(port_id or "")) for entry, port_id in zip(before, serving, strict=True)]
        kept = server_matching.kept(served, after or ())
        leaving = [port_id for port_id in serving if port_id is not None and port_id not in kept.values()]
    step["kept"] = {str(at): port_id for at, port_id in kept.items()}
    step["detach"] = sorted(leaving)
    server_ports.serve(call, kept)


def _is_automatic(entries: Any) -> bool:
    """Whether the service is to choose the networks."""
    return bool(entries) and entries[0].get("allocate_network") == "auto"


async def _attach(server: RemoteResource, call: Call, before: Any, after: Any, present: set[str], step: Step) -> None:
    if not after or _is_automatic(after):
        if before and not (present and after):
            path = f"{server.path(call)}/os-interface"
            await server.request(call, "POST", path, {"interfaceAttachment": {}}, creating=True)
        return
    serving = {int(at): port_id for at, port_id in step["kept"].items()}
    for at, entry in enumerate(after):
        if at in serving or entry.get("allocate_network"):
            continue
        wanted = await server_ports.connection(call, entry, at)
        if wanted.get("port") in present:
            serving[at] = wanted["port"]
            continue
        serving[at] = await attach(server, call, wanted)
        server_ports.serve(call, serving)
    server_ports.serve(call, serving)


async def attach(server: RemoteResource, call: Call, wanted: Mapping[str, Any]) -> str:
    """Connect the server as an entry of the create request says; the id of its port."""
    body: dict[str, Any] = {"port_id": wanted["port"]} if "port" in wanted else {"net_id": wanted["uuid"]}
    if "fixed_ip" in wanted:
        body["fixed_ips"] = [{"ip_address": wanted["fixed_ip"]}]
    version = None
    if "tag" in wanted:
        body["tag"], version = wanted["tag"], "2.49"
    path, attachment = f"{server.path(call)}/os-interface", {"interfaceAttachment": body}
    answer = await server.request(
        call, "POST", path, attachment, creating=True, microversion=version, purpose="a network with a tag"
    )
    return str(answer.body["interfaceAttachment"]["port_id"])


def _shows(observed: Observed, ports: list[dict[str, Any]], step: Step) -> bool:
    """Whether the service shows the addresses of the ports; it learns of them some time later, if at all."""
    step["looks"] = step.get("looks", 0) + 1
    shown = {
        one.get("OS-EXT-IPS-MAC:mac_addr") for several in observed.get("addresses", {}).values() for one in several
    }
    return shown == {port["mac_address"] for port in ports if port["fixed_ips"]} or step["looks"] >= _LOOKS


async def _release_floating_ips(call: Call, before: Any, after: Any) -> None:
    wanted = {entry.get("floating_ip") for entry in after}
    for entry in before:
        address = entry.get("floating_ip")
        if address and address not in wanted:
            await server_ports.release_floating_ip(call, address)


_DO: Final[Mapping[str, Callable[[RemoteResource, Call, Observed, Step], Awaitable[bool]]]] = {
    "resize": _resize,
    "rebuild": _rebuild,
    "connect": _connect,
}
