"""Values that only the cloud can confirm: custom constraints before anything is stored, names to ids before a call."""

import asyncio
from collections.abc import Iterable

from hearth.cloud import session as cloud_session
from hearth.engine import run
from hearth.model.diagnostics import Findings
from hearth.resources import checking, contract, finders
from hearth.resources.blueprint import Check

#: Look-ups that run at the same time for one validation.
AT_ONCE = 20


async def confirm(session: cloud_session.Session, checks: Iterable[Check], findings: Findings) -> None:
    """Note every checked value that the cloud does not know."""
    by_value: dict[tuple[str, str], list[Check]] = {}
    for one in checks:
        by_value.setdefault((one.kind, str(one.value)), []).append(one)
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(kind: str, value: str, several: list[Check]) -> None:
        async with slots:
            lookup = checking.Lookup((), kind, value, translate=False)
            issues = await finders.confirm(session, [lookup])
        for issue in issues:
            for one in several:
                findings.add(one.told(issue.message), one.where(), label=one.label, advice=issue.advice)

    await asyncio.gather(*(ask(kind, value, several) for (kind, value), several in by_value.items()))


async def identify(
    session: cloud_session.Session, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:
    """The ids that names stand for now, by kind and name; None for what stands for nothing, or for several things."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(kind: str, value: str) -> str | None:
        async with slots:
            try:
                return await finders.find(session, kind, value)
            except (finders.NotFoundName, finders.Ambiguous):
                return None

    pairs = [pair for pair in dict.fromkeys(wanted) if finders.is_known(pair[0])]
    return dict(zip(pairs, await asyncio.gather(*(ask(*pair) for pair in pairs)), strict=True))


async def translate(kind: contract.Resource, values: contract.Values, working: run.Run) -> contract.Values | None:
    """The values with ids in the place of names; None when nothing changes.

    Raises:
        contract.Permanent: something named does not exist, or its name is ambiguous.
    """
    wanted = [lookup for lookup in checking.lookups(kind, values) if lookup.translate]
    if not wanted:
        return None
    translated, issues = await finders.translate(working.session, values, wanted)
    if issues:
        path = ".".join(map(str, issues[0].path))
        raise contract.Permanent(f"Property error: {path}: {issues[0].message}", "EntityNotFound")
    return None if translated == values else translated
