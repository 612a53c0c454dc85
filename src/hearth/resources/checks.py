"""Custom constraints that need no cloud: rules known by name that look at the value alone.

Called by `hearth.resources.checking` through `CHECKS`: `{name: function}`, each function giving what is wrong with a
text in one sentence, or None. Constraints that ask the cloud are in `hearth.resources.finders`.
"""

import datetime
import ipaddress
import json
import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Final

from hearth.model.constraints import shown

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}")
_LABEL = re.compile(r"(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")
_DNS_LENGTH = 255


def ip_addr(value: Any) -> str | None:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return f"{shown(value)} is not an IP address"
    return None


def net_cidr(value: Any) -> str | None:
    """A network as address and prefix length."""
    text = str(value)
    if "/" in text:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            pass
        else:
            return None
    return f"{shown(value)} is not a network in CIDR form, such as 10.0.0.0/24"


def ip_or_cidr(value: Any) -> str | None:
    """An address or a network."""
    if ip_addr(value) is None or net_cidr(value) is None:
        return None
    return f"{shown(value)} is neither an IP address nor a network in CIDR form"


def mac_addr(value: Any) -> str | None:
    """A MAC address with colons or hyphens."""
    return None if _MAC.fullmatch(str(value)) else f"{shown(value)} is not a MAC address, such as fa:16:3e:00:00:01"


def dns_name(value: Any) -> str | None:
    """A host name, relative or fully qualified."""
    text = str(value)
    if len(text) > _DNS_LENGTH:
        return f"{shown(value)} is longer than {_DNS_LENGTH} characters"
    labels = text.removesuffix(".").split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            return f"{shown(value)} is not a DNS name: {shown(label)} must be 1 to 63 letters, digits or inner hyphens"
    if len(labels) > 1 and labels[-1].isdigit():
        return f"{shown(value)} is not a DNS name: its last label must not be a number"
    return None


def dns_domain(value: Any) -> str | None:
    """Nothing, or a fully qualified name with its final dot."""
    if value == "":
        return None
    return dns_name(value) or (None if str(value).endswith(".") else f"{shown(value)} must end with a dot")


def rel_dns_name(value: Any) -> str | None:
    """Nothing, or a name without final dot that leaves room for a domain."""
    text = str(value)
    if text == "":
        return None
    if text.endswith("."):
        return f"{shown(value)} must not end with a dot"
    if len(text) > _DNS_LENGTH - 3:
        return f"{shown(value)} is longer than {_DNS_LENGTH - 3} characters"
    return dns_name(value)


#: Range of each field of a cron expression: minute, hour, day, month, weekday, and seconds as the sixth.
_CRON: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59))
_CRON_NAMES: Final[Mapping[int, tuple[str, ...]]] = {
    3: ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    4: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}


def cron_expression(value: Any) -> str | None:
    """Nothing, or a cron expression of five or six fields."""
    text = str(value)
    if text == "":
        return None
    fields = text.split()
    if len(fields) not in (5, 6):
        return f"{shown(value)} is not a cron expression: it has {len(fields)} fields, 5 or 6 are needed"
    for number, field in enumerate(fields):
        if not all(_is_cron_part(part, number) for part in field.split(",")):
            return f"{shown(value)} is not a cron expression: field {number + 1}, {shown(field)}, is wrong"
    return None


def _is_cron_part(part: str, number: int) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    if span in ("*", "?") or (number == 2 and span.lower() == "l"):
        return True
    ends = [_cron_number(end, number) for end in span.split("-", 1)]
    low, high = _CRON[number]
    return all(end is not None and low <= end <= high for end in ends)


def _cron_number(text: str, number: int) -> int | None:
    names = _CRON_NAMES.get(number, ())
    if text.lower() in names:
        return names.index(text.lower()) + (1 if number == 3 else 0)
    return int(text) if text.isdecimal() else None


def _time(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def iso_8601(value: Any) -> str | None:
    """A time in ISO 8601 form."""
    return None if _time(str(value)) else f"{shown(value)} is not a time in ISO 8601 form, such as 2030-01-31T12:00:00Z"


def expiration(value: Any) -> str | None:
    """Nothing, or a time that is still to come."""
    if value == "":
        return None
    moment = _time(str(value))
    if moment is None:
        return iso_8601(value)
    return None if moment > datetime.datetime.now(datetime.UTC) else f"{shown(value)} is in the past"


def json_string(value: Any) -> str | None:
    """Nothing, or a JSON document."""
    if value == "":
        return None
    try:
        json.loads(value)
    except (TypeError, ValueError) as error:
        return f"{shown(value)} is not JSON: {error}"
    return None


def timezone(value: Any) -> str | None:
    """Nothing, or a zone of the IANA list."""
    if value == "":
        return None
    try:
        zoneinfo.ZoneInfo(str(value))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return f"{shown(value)} is not a time zone, such as Europe/Berlin"
    return None


def test_constr(value: Any) -> str | None:
    """For tests of templates: any value is right."""
    return None


CHECKS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    check.__name__: check
    for check in (
        ip_addr,
        net_cidr,
        ip_or_cidr,
        mac_addr,
        dns_name,
        dns_domain,
        rel_dns_name,
        cron_expression,
        expiration,
        iso_8601,
        json_string,
        timezone,
        test_constr,
    )
} | {
    # Left from the time when Nova had networks: nothing was ever asked.
    "nova.network": test_constr
}
