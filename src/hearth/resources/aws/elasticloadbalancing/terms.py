"""What a load balancer of Amazon's is in Octavia's terms, and back. Pure.

Used by the type itself, and by groups of servers, which ask where their servers belong.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hearth.model.values import UNKNOWN, is_known
from hearth.resources.contract import Call, Issue, NotKnownYet, Observed

TYPE: Final = "AWS::ElasticLoadBalancing::LoadBalancer"
#: The key of private data, and of what is told, with the pools (`{port of the load balancer: pool}`, JSON).
POOLS: Final = "pools"
_PORT: Final = (1, 65535)
#: `{number of a health check: (its least, its greatest value)}`, as the service takes them.
_LIMITS: Final = {
    "HealthyThreshold": (1, 10),
    "UnhealthyThreshold": (1, 10),
    "Interval": (1, None),
    "Timeout": (1, None),
}
#: What a health check asks, with whether that has a path.
_MONITORS: Final = {
    "HTTP": ("HTTP", True),
    "HTTPS": ("HTTPS", True),
    "TCP": ("TCP", False),
    "SSL": ("TLS-HELLO", False),
}
_TARGET = re.compile(r"([A-Za-z]+):([0-9]{1,5})(/\S*)?")


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a server is to be a member: the pool, its port there, the port that is asked for its health."""

    listener: int
    pool: Any
    port: int
    monitor_port: int | None


def places(told: Mapping[str, Any]) -> list[Place]:
    """Where members of groups belong, by what a load balancer tells; pools that are yet to be made are UNKNOWN.

    Raises NotKnownYet.
    """
    if not is_known([told.get("Listeners"), told.get("HealthCheck")]):
        raise NotKnownYet("what a load balancer listens to depends on other resources")
    pools = json.loads(told.get(POOLS, "{}"))
    check = _check_port(told)
    return [
        Place(one["LoadBalancerPort"], pools.get(str(one["LoadBalancerPort"]), UNKNOWN), one["InstancePort"], check)
        for one in told["Listeners"]
    ]


def _check_port(given: Mapping[str, Any]) -> int | None:
    """The port that is asked for health, whichever the members serve at."""
    found = _TARGET.fullmatch((given.get("HealthCheck") or {}).get("Target", ""))
    return int(found[2]) if found else None


def monitor(given: Mapping[str, Any]) -> dict[str, Any]:
    """A health check as the service has it."""
    found = _TARGET.fullmatch(given["Target"])
    assert found is not None  # validated
    kind, has_path = _MONITORS[found[1].upper()]
    asked = {
        "type": kind,
        "delay": given["Interval"],
        "timeout": given["Timeout"],
        "max_retries": given["HealthyThreshold"],
        "max_retries_down": given["UnhealthyThreshold"],
    }
    return asked | ({"url_path": found[3] or "/"} if has_path else {})


def seen_listeners(call: Call, observed: Observed) -> Any:
    """A listener whose pool is gone has no port of instances."""
    ports = {one["LoadBalancerPort"]: one["InstancePort"] for one in call.properties["Listeners"]}
    return [
        {
            "LoadBalancerPort": one["protocol_port"],
            "Protocol": one["protocol"],
            "InstancePort": ports.get(one["protocol_port"]) if one["pool"] else None,
        }
        for one in observed["inside"]
    ]


def seen_check(call: Call, observed: Observed) -> Any:
    """As given if all pools are looked after so, else how the first is that is not."""
    given = call.properties["HealthCheck"]
    wanted = monitor(given)
    for one in observed["inside"]:
        seen = one["monitor"]
        if seen is None:
            return None
        if any(seen.get(key) != value for key, value in wanted.items()):
            as_wanted = all(seen.get(key) == wanted.get(key) for key in ("type", "url_path"))
            return {
                "HealthyThreshold": seen["max_retries"],
                "Interval": seen["delay"],
                "Target": given["Target"] if as_wanted else f"{seen['type']}{seen.get('url_path') or ''}",
                "Timeout": seen["timeout"],
                "UnhealthyThreshold": seen["max_retries_down"],
            }
    return given


def seen_instances(call: Call, observed: Observed) -> Any:
    """The servers that are members of all pools, and what is a member of any that was not asked for."""
    given = call.properties.get("Instances") or []
    several = [{member["name"] for member in one["members"]} - {""} for one in observed["inside"]]
    found = [one for one in given if all(one in names for names in several)]
    return found + sorted(set().union(*several).difference(given))


def members(call: Call, port: int, connected: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The servers as members of a pool; their health may be asked at another port."""
    check = _check_port(call.properties)
    asked = {"monitor_port": check} if check not in (None, port) else {}
    for server, address in connected.items():
        yield {
            "name": server,
            "address": address["ip_address"],
            "subnet_id": address["subnet_id"],
            "protocol_port": port,
            **asked,
        }


def is_same(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
    return all(present.get(key) == value for key, value in wanted.items())


def listener_issues(listeners: Iterable[Any]) -> Iterator[Issue]:
    used = set()
    for at, one in enumerate(listeners):
        if not isinstance(one, Mapping):
            continue
        for name in ("InstancePort", "LoadBalancerPort"):
            yield from _limit_issues(("Listeners", at, name), one.get(name), *_PORT)
        port = one.get("LoadBalancerPort")
        if port in used:
            message = f"Two listeners have the LoadBalancerPort {port}."
            yield Issue(("Listeners", at, "LoadBalancerPort"), message, "Choose another one.")
        if isinstance(port, int):
            used.add(port)


def check_issues(check: Mapping[str, Any]) -> Iterator[Issue]:
    for name, limits in _LIMITS.items():
        yield from _limit_issues(("HealthCheck", name), check.get(name), *limits)
    interval, timeout = check.get("Interval"), check.get("Timeout")
    if isinstance(interval, int) and isinstance(timeout, int) and timeout > interval:
        message = f"The Timeout {timeout} is longer than the Interval {interval}."
        yield Issue(("HealthCheck", "Timeout"), message, "Make the interval longer.")
    target = check.get("Target")
    if isinstance(target, str):
        found = _TARGET.fullmatch(target)
        kind = _MONITORS.get(found[1].upper()) if found else None
        port = int(found[2]) if found else 0
        if found is None or kind is None or not _PORT[0] <= port <= _PORT[1] or (found[3] and not kind[1]):
            advice = (
                "Give protocol, port and, for HTTP and HTTPS, a path: HTTP:80/health, HTTPS:443/, TCP:22 or SSL:443."
            )
            yield Issue(("HealthCheck", "Target"), f"The Target {target!r} cannot be asked.", advice)


def _limit_issues(path: tuple[str | int, ...], value: Any, least: int, most: int | None) -> Iterator[Issue]:
    if isinstance(value, int) and (value < least or (most is not None and value > most)):
        upper = "on" if most is None else f"to {most}"
        yield Issue(path, f"{path[-1]} {value} is out of range.", f"Choose one from {least} {upper}.")
