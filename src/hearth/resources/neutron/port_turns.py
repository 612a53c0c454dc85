"""What two ports of one resource cannot both have: an address of a subnet, a MAC address in a network.

Used by `port`. A port gives up just what the other one asks for; the note has everything that it had before.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources.contract import GIVEN_UP, Call, Observed, Values

_Address = Mapping[str, Any]
_IF = ", if it has it"


def collision(properties: Values, wanted: Values) -> str:
    """What a port of the first properties has, or may have, that one of the second is to have, in words."""
    if _differ(properties.get("network"), wanted.get("network")):
        return ""
    found = []
    if not properties.get("no_fixed_ips"):
        found += list(dict.fromkeys(_colliding(properties.get("fixed_ips") or [{}], wanted.get("fixed_ips") or ())))
    mac = wanted.get("mac_address")
    if mac is UNKNOWN:
        found.append(f"the MAC address asked for{_IF}")
    elif mac and _bare(mac) == _bare(properties.get("mac_address")):
        found.append(f"MAC address {mac}")
    return ", ".join(found)


def _colliding(had: Any, asked: Any) -> Iterable[str]:
    if asked is UNKNOWN:
        yield f"the addresses asked for{_IF}"
        return
    for one in asked:
        address = one.get("ip_address")
        same_subnet = [other for other in had if not _differ(other.get("subnet"), one.get("subnet"))]
        if address is UNKNOWN and same_subnet:
            yield f"the address asked for{_IF}"
        elif address and any(other.get("ip_address") == address for other in same_subnet):
            yield f"address {address}"
        elif address and any("ip_address" not in other for other in same_subnet):
            yield f"address {address}{_IF}"


def _differ(one: Any, other: Any) -> bool:
    """Whether both are known, and not the same."""
    return one != other and not {None, UNKNOWN} & {one, other}


def fields_to_note(call: Call, observed: Observed, wanted: Values) -> dict[str, Any]:
    """What the port has of the fields that it has to give up, and that are not noted yet."""
    fields = without(call, observed, wanted)
    return {name: observed[name] for name in fields if name not in given_up(call)}


def note(call: Call, fields: Mapping[str, Any]) -> None:
    """Note fields that are about to be given up."""
    call.data[GIVEN_UP] = json.dumps({**given_up(call), **fields})


def given_up(call: Call) -> dict[str, Any]:
    """The fields that were noted, as they were."""
    noted: dict[str, Any] = json.loads(call.data.get(GIVEN_UP, "{}"))
    return noted


def without(call: Call, observed: Observed, wanted: Values) -> dict[str, Any]:
    """The fields by which the port gives up what another one is to have; empty: it has nothing of that."""
    fields: dict[str, Any] = {}
    asked = wanted.get("fixed_ips") or ()
    present = observed.get("fixed_ips") or []
    left = [ip for ip in present if not any(_is_asked(ip, one) for one in asked)]
    if left != present:
        fields["fixed_ips"] = left
    mac = wanted.get("mac_address")
    if mac and _bare(observed.get("mac_address")) == _bare(mac):
        fields["mac_address"] = _another_mac(call)
    return fields


def _is_asked(ip: _Address, one: _Address) -> bool:
    same_subnet = one.get("subnet") in (None, ip["subnet_id"])
    return same_subnet and bool(one.get("ip_address") == ip["ip_address"])


def _another_mac(call: Call) -> str:
    """An address of one's own making, the same at every repeat."""
    digits = hashlib.sha256(call.resource_id.encode()).hexdigest()[:10]
    return ":".join(["02", *(digits[at : at + 2] for at in range(0, 10, 2))])


def _bare(mac: Any) -> str:
    """A MAC address without the marks between its digits, which there are several ways to write."""
    return re.sub("[^0-9a-f]", "", str(mac).lower())
