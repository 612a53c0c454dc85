"""What get_attr gives of a server beyond the fields of its observation.

Used by `server`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from hearth.resources.contract import Call, Gone, Observed, Permanent
from hearth.resources.nova import server_ports
from hearth.resources.remote import RemoteResource

#: `{kind: (protocol, type)}` of the consoles that may be there. Spec: compute API, remote consoles.
_CONSOLES: Final = {
    "novnc": ("vnc", "novnc"),
    "spice-html5": ("spice", "spice-html5"),
    "rdp-html5": ("rdp", "rdp-html5"),
    "serial": ("serial", "serial"),
    "webmks": ("mks", "webmks"),
}


def _addresses(observed: Observed) -> Iterator[tuple[str, dict[str, Any]]]:
    """`(network name, address)` in the order of the observation."""
    for network, addresses in (observed.get("addresses") or {}).items():
        for address in addresses:
            yield network, address


def first_address(observed: Observed) -> str:
    """The first IP address, or nothing."""
    return next((str(address["addr"]) for _, address in _addresses(observed)), "")


async def up_to_date(call: Call, observed: Observed) -> Observed:
    """The observation with the addresses that the server's ports have.

    The compute service learns by an event, some time later, that a port has others than when it was connected.
    """
    return _with_addresses_of(await server_ports.of_server(call), observed)


def _with_addresses_of(ports: Sequence[Mapping[str, Any]], observed: Observed) -> Observed:
    left = {port["mac_address"]: port for port in ports}
    shown: dict[str, list[dict[str, Any]]] = {network: [] for network in observed.get("addresses") or {}}
    known = {address["addr"]: address for _, address in _addresses(observed)}
    served = set(left)
    for network, address in _addresses(observed):
        mac = address.get("OS-EXT-IPS-MAC:mac_addr")
        if mac not in served or address.get("OS-EXT-IPS:type") == "floating":
            shown[network].append(address)
        elif mac in left:
            for ip in (one["ip_address"] for one in left.pop(mac)["fixed_ips"]):
                shown[network].append(known.get(ip) or {**address, "addr": ip, "version": 6 if ":" in ip else 4})
    return {**observed, "addresses": shown}


async def _networks(server: RemoteResource, call: Call, observed: Observed) -> Any:
    """`{network name: [ip], network id: [ip]}`."""
    shown = await _full_addresses(server, call, observed)
    return {network: [address["addr"] for address in addresses] for network, addresses in shown.items()}


async def _full_addresses(server: RemoteResource, call: Call, observed: Observed) -> Any:
    """`{network name: [address], network id: [address]}`, each address with the port and subnets it belongs to."""
    ports = await server_ports.of_server(call)
    observed = _with_addresses_of(ports, observed)
    by_mac = {port["mac_address"]: port for port in ports}
    shown: dict[str, list[dict[str, Any]]] = {network: [] for network in observed.get("addresses") or {}}
    by_id: dict[str, list[dict[str, Any]]] = {}
    for network, address in _addresses(observed):
        full = dict(address)
        port = by_mac.get(address.get("OS-EXT-IPS-MAC:mac_addr"))
        if port is not None:
            full |= {"port": port["id"], "subnets": [{"id": ip["subnet_id"]} for ip in port["fixed_ips"]]}
            by_id.setdefault(port["network_id"], []).append(full)
        shown[network].append(full)
    # The compute service learns of floating addresses by an event, some time later.
    known = {address["addr"] for _, address in _addresses(observed)}
    for floating in await server_ports.floating_ips(call):
        for network in (name for name, addresses in (shown | by_id).items() if _has_port(addresses, floating)):
            if floating["floating_ip_address"] not in known:
                full = {"addr": floating["floating_ip_address"], "version": 4, "OS-EXT-IPS:type": "floating"}
                (shown | by_id)[network].append(full | {"port": floating["port_id"], "subnets": []})
    return shown | by_id


def _has_port(addresses: list[dict[str, Any]], floating: Mapping[str, Any]) -> bool:
    return any(address.get("port") == floating["port_id"] for address in addresses)


async def _tags(server: RemoteResource, call: Call, observed: Observed) -> Any:
    path = f"{server.path(call)}/tags"
    answer = await server.request(call, "GET", path, microversion="2.26", purpose="a server with tags")
    return answer.body["tags"]


async def _console_urls(server: RemoteResource, call: Call, observed: Observed) -> Any:
    """URLs of the consoles that the host offers."""
    urls: dict[str, Any] = {}
    for kind, (protocol, console) in _CONSOLES.items():
        body = {"remote_console": {"protocol": protocol, "type": console}}
        try:
            answer = await server.request(
                call, "POST", f"{server.path(call)}/remote-consoles", body, microversion="2.8"
            )
        except (Permanent, Gone):
            continue  # this host has no console of this kind
        urls[kind] = answer.body["remote_console"]["url"]
    return urls


async def _collect_config(server: RemoteResource, call: Call, observed: Observed) -> Any:
    metadata = call.metadata if isinstance(call.metadata, Mapping) else {}
    return metadata.get("os-collect-config", {})


MORE: Final[Mapping[str, Callable[[RemoteResource, Call, Observed], Awaitable[Any]]]] = {
    "addresses": _full_addresses,
    "networks": _networks,
    "tags": _tags,
    "console_urls": _console_urls,
    "os_collect_config": _collect_config,
}
