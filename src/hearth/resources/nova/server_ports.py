"""The connections of a server: which ports are made here, and which the compute service makes.

A port is made here when the entry asks for something the compute service cannot: a subnet, or further port properties.
Such ports bear the server's marker and their place in the list, so that they are found again whatever happens.

Used by `server` (create, delete) and `server_steps` (changes of networks).
"""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from hearth.cloud import session
from hearth.resources import failures
from hearth.resources.contract import Call, Gone
from hearth.resources.neutron import port_properties
from hearth.resources.remote import to_request

_PORTS = "/v2.0/ports"
#: Where a call keeps `{place: port id}` of the ports made for its server.
_MADE = "ports"
#: Where it keeps `{place: port id}` of all ports, once an update has chosen among those that were there.
_SERVING = "serving"


async def connections(call: Call) -> Any:
    """The networks of the create request; None when the template leaves them to the service."""
    entries = call.properties.get("networks")
    if entries is None:
        return None
    if len(entries) == 1 and entries[0].get("allocate_network"):
        return entries[0]["allocate_network"]
    return [await connection(call, entry, at) for at, entry in enumerate(entries)]


async def connection(call: Call, entry: Mapping[str, Any], at: int) -> dict[str, Any]:
    """One network of a request; makes the port if one has to be made here."""
    if "port" in entry:
        wanted: dict[str, Any] = {"port": entry["port"]}
    elif needs_port(entry):
        wanted = {"port": await _own_port(call, entry, at)}
    else:
        wanted = {"uuid": entry["network"]}
        if "fixed_ip" in entry:
            wanted["fixed_ip"] = entry["fixed_ip"]
    if "tag" in entry:
        wanted["tag"] = entry["tag"]
    return wanted


def needs_port(entry: Mapping[str, Any]) -> bool:
    """Whether the compute service cannot make the port that the entry asks for."""
    return "port" not in entry and ("subnet" in entry or bool(entry.get("port_extra_properties")))


def made(call: Call) -> dict[str, str]:
    """The ports made for the server: `{place in the first list: port id}`."""
    kept: dict[str, str] = json.loads(call.data.get(_MADE, "{}"))
    return kept


def known(call: Call) -> dict[str, str]:
    """What is known of the ports that serve the entries: `{place in the list: port id}`."""
    if _SERVING not in call.data:
        return made(call)
    kept: dict[str, str] = json.loads(call.data[_SERVING])
    return kept


def serve(call: Call, serving: Mapping[int, str]) -> None:
    """Note which ports serve the entries from now on."""
    call.data[_SERVING] = json.dumps({str(at): port_id for at, port_id in serving.items()})


async def _own_port(call: Call, entry: Mapping[str, Any], at: int) -> str:
    elsewhere = set(known(call).values())
    found = [one for one in await _ports(call, description=_marker(call, at)) if one["id"] not in elsewhere]
    port_id: str
    if found:
        port_id = found[0]["id"]
    else:
        body = await _port_body(call, entry, at)
        answer = await _request(call, "POST", _PORTS, {"port": body})
        port_id = answer.body["port"]["id"]
    others = {place: one for place, one in made(call).items() if one != port_id}
    # After an update the former port of this place may serve another.
    call.data[_MADE] = json.dumps({**others, port_id if str(at) in others else str(at): port_id})
    return port_id


async def _port_body(call: Call, entry: Mapping[str, Any], at: int) -> dict[str, Any]:
    given = dict(entry.get("port_extra_properties") or {})
    specs = given.pop("value_specs", None) or {}
    body = {"name": f"{call.physical_name}-port-{at}", **to_request(port_properties.extra(), given), **specs}
    body["description"] = _marker(call, at)
    network = entry.get("network")
    if network is None:
        answer = await _request(call, "GET", f"/v2.0/subnets/{entry['subnet']}")
        network = answer.body["subnet"]["network_id"]
    body["network_id"] = network
    address = {}
    if "subnet" in entry:
        address["subnet_id"] = entry["subnet"]
    if "fixed_ip" in entry:
        address["ip_address"] = entry["fixed_ip"]
    if given.get("no_fixed_ips"):
        body["fixed_ips"] = []
    elif address:
        body["fixed_ips"] = [address]
    if call.properties.get("security_groups"):
        body["security_groups"] = call.properties["security_groups"]
    return body


async def remove(call: Call, port_id: str) -> None:
    """Remove one port that was made for the server."""
    with contextlib.suppress(Gone):
        await _request(call, "DELETE", f"{_PORTS}/{port_id}", creating=False)
    call.data[_MADE] = json.dumps({at: one for at, one in made(call).items() if one != port_id})


async def remove_all(call: Call) -> None:
    """Remove every port that was made for the server, also those of which only the marker is known."""
    entries = [call.properties.get("networks") or (), (call.previous or {}).get("networks") or ()]
    places = {at for one in entries for at, entry in enumerate(one) if isinstance(entry, Mapping) and needs_port(entry)}
    if not places and not made(call):
        return
    ids = set(made(call).values())
    for at in sorted(places):
        ids.update(port["id"] for port in await _ports(call, description=_marker(call, at)))
    for port_id in sorted(ids):
        await remove(call, port_id)


async def associate_floating_ips(call: Call) -> None:
    """Lead each floating address that an entry names to the entry's port."""
    entries = call.properties.get("networks") or ()
    if not any(entry.get("floating_ip") for entry in entries):
        return
    ports = await _ports(call, device_id=call.physical_id)
    for at, entry in enumerate(entries):
        if entry.get("floating_ip"):
            port_id = port_of(entry, at, ports, known(call))
            if port_id is not None:
                body = {"floatingip": {"port_id": port_id}}
                await _request(call, "PUT", f"/v2.0/floatingips/{entry['floating_ip']}", body)


async def floating_ips(call: Call) -> list[dict[str, Any]]:
    """The floating addresses that the entries name, as their service shows them."""
    ids = [entry["floating_ip"] for entry in call.properties.get("networks") or () if entry.get("floating_ip")]
    if not ids:
        return []
    answer = await _request(call, "GET", "/v2.0/floatingips", params={"id": ids})
    found: list[dict[str, Any]] = answer.body["floatingips"]
    return found


async def release_floating_ip(call: Call, floating_ip: str) -> None:
    """Let a floating address go."""
    try:
        body = {"floatingip": {"port_id": None}}
        await _request(call, "PUT", f"/v2.0/floatingips/{floating_ip}", body, creating=False)
    except Gone:
        return


def port_of(entry: Mapping[str, Any], at: int, ports: list[dict[str, Any]], places: Mapping[str, str]) -> str | None:
    """The id of the port that serves an entry, among the server's ports. `places`: see `known`."""
    if "port" in entry:
        return str(entry["port"])
    there = places.get(str(at))
    if needs_port(entry) or any(port["id"] == there for port in ports):
        return there
    for port in ports:
        addresses = [ip["ip_address"] for ip in port["fixed_ips"]]
        if port["network_id"] == entry.get("network") and entry.get("fixed_ip", *addresses[:1]) in addresses:
            return str(port["id"])
    return None


async def of_server(call: Call) -> list[dict[str, Any]]:
    """The ports that the server has now."""
    return await _ports(call, device_id=call.physical_id)


def _marker(call: Call, at: int) -> str:
    return f"{call.marker}:port:{at}"


async def _ports(call: Call, **filters: Any) -> list[dict[str, Any]]:
    answer = await _request(call, "GET", _PORTS, params=filters)
    ports: list[dict[str, Any]] = answer.body["ports"]
    return [port for port in ports if all(port.get(key) == value for key, value in filters.items())]


async def _request(
    call: Call, method: str, path: str, body: Any = None, *, creating: bool = True, **options: Any
) -> session.Response:
    with failures.sorted_out(creating=creating):
        return await call.cloud.request("network", method, path, json=body, **options)
