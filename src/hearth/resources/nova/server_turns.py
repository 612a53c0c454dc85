"""What two servers of one resource cannot both have: a port of the template's, an address that an entry names.

The present server is detached from it before another is made, and attached again if it stays after all. A server that
is in error cannot be detached; as it is to be replaced, it is deleted then, unless it is to be retained.

Used by `server`. The note has the places of the entries, in the server's `networks`, and the ports that served them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources.contract import GIVEN_UP, Call, Gone, Permanent, Values, Wait
from hearth.resources.nova import server_ports, server_steps
from hearth.resources.remote import RemoteResource

_Entry = Mapping[str, Any]
_IF = ", if it has it"


def collision(properties: Values, wanted: Values) -> str:
    """What a server of the first properties has, or may have, that one of the second is to have, in words."""
    asked = wanted.get("networks")
    if asked is UNKNOWN:
        return "ports and addresses that the new one is to have"
    return ", ".join(dict.fromkeys(text for _, text in _colliding(properties.get("networks") or (), asked or ())))


def _colliding(had: Sequence[_Entry], asked: Sequence[_Entry]) -> Iterator[tuple[int, str]]:
    """Places of the entries that cannot be served twice, each with what it is."""
    for at, entry in enumerate(had):
        for other in asked:
            if "port" in entry and other.get("port") is UNKNOWN:
                yield at, f"port {entry['port']}{_IF}"
            elif "port" in entry and other.get("port") == entry["port"]:
                yield at, f"port {entry['port']}"
            elif "fixed_ip" in entry and _same_address(entry, other):
                yield at, f"address {entry['fixed_ip']}"


def _same_address(entry: _Entry, other: _Entry) -> bool:
    """Whether both ask, or may ask, for one address; what is not given may be anything."""
    pairs = [(entry.get(key), other.get(key)) for key in ("fixed_ip", "network", "subnet")]
    return other.get("fixed_ip") is not None and all(a == b or {a, b} & {None, UNKNOWN} for a, b in pairs)


async def make_way(server: RemoteResource, call: Call, wanted: Values) -> Wait | None:
    """Detach the server from what another one is to have."""
    try:
        observed = await server.observe(call) or {}
    except Gone:
        await server_ports.remove_all(call)
        raise
    if observed.get("status") == "BUILD" or observed.get("OS-EXT-STS:task_state") is not None:
        return Wait()
    ports = await server_ports.of_server(call)
    if _note(call, ports, wanted):
        return Wait(0)
    present = {port["id"] for port in ports}
    leaving = [port_id for port_id in _noted(call).values() if port_id in present]
    if leaving and observed.get("status") == "ERROR":
        if call.retained:
            raise Permanent(_kept(call, leaving), kind="Conflict")
        await server.delete(call)
        return Wait()
    for port_id in leaving:
        await server.request(call, "DELETE", f"{server.path(call)}/os-interface/{port_id}")
    if leaving:
        return Wait()
    for port_id in set(server_ports.made(call).values()) & set(_noted(call).values()):
        await server_ports.remove(call, port_id)
    return None


def _kept(call: Call, leaving: Sequence[str]) -> str:
    return (
        f"server {call.physical_id} is in error, cannot be detached from what the new one is to have (port "
        f"{', '.join(leaving)}), and is not deleted, as its deletion_policy is Retain: delete it when nobody needs it "
        f"(openstack server delete {call.physical_id}) and update again, or let the new one have another port"
    )


def _note(call: Call, ports: list[dict[str, Any]], wanted: Values) -> bool:
    """Note what the server has to give up; whether that is more than was noted before."""
    entries, note = call.properties.get("networks") or (), _noted(call)
    for at, _ in _colliding(entries, wanted.get("networks") or ()):
        port_id = server_ports.port_of(entries[at], at, ports, server_ports.known(call))
        if str(at) not in note and port_id is not None:
            note[str(at)] = port_id
    if note == _noted(call):
        return False
    call.data[GIVEN_UP] = json.dumps(note)
    return True


def _noted(call: Call) -> dict[str, str]:
    """`{place: port id}`."""
    note: dict[str, str] = json.loads(call.data.get(GIVEN_UP, "{}"))
    return note


async def take_back(server: RemoteResource, call: Call) -> Wait | None:
    """Attach the server again to what it gave up, one after the other; each is recorded before the next."""
    ports = await server_ports.of_server(call)
    present, entries = {port["id"] for port in ports}, call.properties.get("networks") or ()
    for at in map(int, _noted(call)):
        serving = server_ports.known(call)
        if server_ports.port_of(entries[at], at, ports, serving) in present:
            continue
        wanted = await server_ports.connection(call, entries[at], at)
        port_id = wanted.get("port")
        if port_id is None or port_id not in present:
            port_id = await server_steps.attach(server, call, wanted)
        server_ports.serve(call, {int(place): one for place, one in {**serving, str(at): port_id}.items()})
        return Wait(0)
    await server_ports.associate_floating_ips(call)
    return None
