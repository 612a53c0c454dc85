"""Which of a server's ports may serve an entry of changed networks: ports are kept wherever they do.

Pure: entries and ports in, ports by place out. Used by `server_steps`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]
Port = Mapping[str, Any]


def kept(before: Sequence[tuple[Entry, Port | None]], after: Sequence[Entry]) -> dict[int, str]:
    """`{place in the new list: id of the port that goes on to serve it}`.

    Args:
        before: the former entries, each with the port that served it, as far as it is there.
    """
    free = [(plain(entry), port) for entry, port in before if port is not None]
    found: dict[int, str] = {}
    for fits in (_is_same, _fits):
        for at, entry in enumerate(after):
            if at in found:
                continue
            chosen = next((one for one in free if fits(plain(entry), *one)), None)
            if chosen is not None:
                free.remove(chosen)
                found[at] = str(chosen[1]["id"])
    return found


def plain(entry: Entry) -> dict[str, Any]:
    """What decides about the port: a floating address moves without it."""
    return {key: value for key, value in entry.items() if key != "floating_ip"}


def _is_same(wanted: Entry, former: Entry, port: Port) -> bool:
    return wanted == former


def _fits(wanted: Entry, former: Entry, port: Port) -> bool:
    """Whether the port is what another entry asks for. One that was given by its id is its owner's to lend."""
    if wanted.get("tag") != former.get("tag") or wanted.get("allocate_network"):
        return False
    if "port" in wanted:
        return bool(wanted["port"] == port["id"])
    if "port" in former or wanted.get("port_extra_properties") != former.get("port_extra_properties"):
        return False
    addresses = port["fixed_ips"]
    return (
        wanted.get("network", port["network_id"]) == port["network_id"]
        and ("subnet" not in wanted or any(wanted["subnet"] == one["subnet_id"] for one in addresses))
        and ("fixed_ip" not in wanted or any(wanted["fixed_ip"] == one["ip_address"] for one in addresses))
    )
