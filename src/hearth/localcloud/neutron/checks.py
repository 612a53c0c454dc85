"""Is a given value well formed? Checks for the fields' tables: they return the value to store or raise ValueError.

They look at one value alone; what needs the state is checked by the collections.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}", re.IGNORECASE)
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)

Check = Callable[[Any], Any]


def uuid(value: Any) -> str:
    """A UUID, with or without dashes."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError(f"{value!r} is not a valid UUID")
    return value


def text(limit: int) -> Check:
    """Text of at most `limit` characters."""

    def check(value: str) -> str:
        if len(value) > limit:
            raise ValueError(f"it has {len(value)} characters, more than the {limit} allowed")
        return value

    return check


def one_of(*allowed: Any) -> Check:
    """One of the values listed."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(map(str, allowed))}")
        return value

    return check


def between(low: int, high: int) -> Check:
    """A number from `low` to `high`."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        return value

    return check


def ip(value: Any) -> str:
    """An IP address, in its usual spelling."""
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else _fail()
    except ValueError:
        raise ValueError(f"{value!r} is not a valid IP address") from None


def cidr(value: Any) -> str:
    """A network; host bits are kept, a missing prefix length means one address."""
    try:
        return str(ipaddress.ip_interface(value)) if isinstance(value, str) else _fail()
    except ValueError:
        raise ValueError(f"{value!r} is not a valid CIDR") from None


def subnet(value: Any) -> str:
    """A network with its prefix length, host bits cleared."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"{value!r} is not a network with a prefix length, such as 10.0.0.0/24")
    return str(ipaddress.ip_network(cidr(value), strict=False))


def mac(value: Any) -> str:
    """A MAC address, lower case with colons."""
    if not isinstance(value, str) or not _MAC.fullmatch(value):
        raise ValueError(f"{value!r} is not a valid MAC address")
    return value.lower().replace("-", ":")


def list_of(check: Check) -> Check:
    """A list without repetitions whose items pass a check."""

    def each(value: list[Any]) -> list[Any]:
        result: list[Any] = []
        for item in value:
            checked = check(item)
            if checked in result:
                raise ValueError(f"{item!r} is in the list twice")
            result.append(checked)
        return result

    return each


def mapping(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    """An object with these keys and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is not an object")
        missing = [name for name in required if name not in value]
        unknown = [name for name in value if name not in known]
        if missing or unknown:
            wrong = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is not known"
            raise ValueError(f"{wrong}; the keys are {', '.join(known)}")
        return {name: known[name](item) for name, item in value.items()}

    return check


def maybe(check: Check) -> Check:
    """Null, or what passes a check."""
    return lambda value: None if value is None else check(value)


def anything(value: Any) -> Any:
    """Any value."""
    return value


def plain_text(value: Any) -> str:
    """Text of any length."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def whole_number(value: Any) -> int:
    """A whole number, also as text."""
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"{value!r} is not a whole number from 0 up")
    return int(value)


def flag(value: Any) -> bool:
    """A boolean, or the words that services take for one."""
    words = {"true": True, "1": True, "false": False, "0": False}
    result = words.get(str(value).lower())
    if result is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return result


def dns_name(value: str) -> str:
    """A host name or a full domain name; may be empty."""
    labels = value.rstrip(".").split(".") if value else []
    if len(value) > 255 or not all(_DNS_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{value!r} is no DNS name: labels of 1 to 63 letters, digits and inner hyphens")
    return value


def dns_domain(value: str) -> str:
    """A domain name with its final dot; may be empty."""
    if value and not value.endswith("."):
        raise ValueError(f"{value!r} does not end with a dot")
    return dns_name(value)


#: [{"destination", "nexthop"}] of subnets and routers.
routes = list_of(mapping({"destination": cidr, "nexthop": ip}))


def _fail() -> str:
    raise ValueError
