"""Where does a server go? The hosts of the cloud, what each has left, and the choice among them.

The hosts come from the settings: all of one size. A host is chosen that has room for the flavor and agrees with the
group's policy and the hints; among those the emptiest. Overcommit is not modelled: a host has the size that the
settings say.
"""

from collections.abc import Collection, Mapping
from typing import Any

from hearth.localcloud.core import state
from hearth.localcloud.nova import book


def hosts(records: book.Book) -> list[str]:
    """Names of the compute hosts."""
    return [f"hearth-compute-{number}" for number in range(1, records.cloud.settings.hosts + 1)]


def choose(
    records: book.Book,
    flavor: state.Document,
    *,
    group: state.Document | None = None,
    hints: Mapping[str, Any] | None = None,
    wanted: str | None = None,
    avoid: Collection[str] = (),
) -> str | None:
    """A host for a server of this flavor; None when no host is fit. `wanted`: this host and no other."""
    hints = hints or {}
    candidates = [host for host in hosts(records) if wanted in (None, host) and host not in avoid]
    candidates = [host for host in candidates if _has_room(records, host, flavor)]
    if group is not None:
        candidates = _by_policy(records, group, candidates)
    for hint, together in (("same_host", True), ("different_host", False)):
        named = hints.get(hint)
        if named:
            servers = named if isinstance(named, list) else [named]
            theirs = {found["host"] for id in servers if (found := records.servers.get(str(id)))}
            candidates = [host for host in candidates if (host in theirs) == together]
    return min(candidates, key=lambda host: records.used(f"host:{host}", "ram"), default=None)


def _has_room(records: book.Book, host: str, flavor: state.Document) -> bool:
    settings = records.cloud.settings
    needs = (
        ("cores", flavor["vcpus"], settings.host_vcpus),
        ("ram", flavor["ram"], settings.host_memory_mb),
        ("disk", flavor["disk"] + flavor["ephemeral"], settings.host_disk_gb),
    )
    return all(records.used(f"host:{host}", name) + need <= size for name, need, size in needs)


def _by_policy(records: book.Book, group: state.Document, candidates: list[str]) -> list[str]:
    policy = group["policy"]
    on: dict[str, int] = {}
    for member in records.members(group):
        if member["host"]:
            on[member["host"]] = on.get(member["host"], 0) + 1
    if policy == "affinity":
        return [host for host in candidates if host in on] if on else candidates
    if policy == "anti-affinity":
        most = int(group["rules"].get("max_server_per_host", 1))
        return [host for host in candidates if on.get(host, 0) < most]
    if not candidates or not on:
        return candidates
    # The soft policies: the best there is.
    best = max if policy == "soft-affinity" else min
    score = best(on.get(host, 0) for host in candidates)
    return [host for host in candidates if on.get(host, 0) == score]
