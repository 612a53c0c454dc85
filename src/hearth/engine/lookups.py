"""Values that only the cloud can confirm: custom constraints before anything is stored, names to ids before a call."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

from hearth.cloud import session as cloud_session
from hearth.engine import run
from hearth.model.diagnostics import Findings
from hearth.model.errors import HearthError
from hearth.resources import checking, contract, finders
from hearth.resources.blueprint import Check
from hearth.store.rows import ResourceRow

#: Look-ups that run at the same time for one validation.
AT_ONCE = 20
#: Marks in a row's private data that the names in its properties were never translated: it was taken over.
UNTRANSLATED = "untranslated"


async def confirm(session: cloud_session.Session, checks: Iterable[Check], findings: Findings) -> None:
    """Note every checked value that the cloud does not know.

    Raises:
        HearthError: a service cannot be asked now.
    """
    by_value: dict[tuple[str, str], list[Check]] = {}
    for one in checks:
        by_value.setdefault((one.kind, str(one.value)), []).append(one)
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(kind: str, value: str, several: list[Check]) -> None:
        async with slots:
            lookup = checking.Lookup((), kind, value, translate=False)
            try:
                issues = await finders.confirm(session, [lookup])
            except contract.Temporary as error:
                raise HearthError(str(error), kind="HTTPServiceUnavailable", status=503) from error
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


async def complete(row: ResourceRow, kind: contract.Resource, working: run.Run) -> dict[str, Any]:
    """Translate the names in the properties of a row that was taken over, once; the columns of it that change.

    What a name stands for by now may be something else than when the object was made; nobody knows better.
    """
    if UNTRANSLATED not in row.data:
        return {}
    with contextlib.suppress(contract.Permanent):  # a name that stands for nothing any more stays as it is
        row.frozen = await translate(kind, row.properties or {}, working)
    row.data = {key: one for key, one in row.data.items() if key != UNTRANSLATED}
    return {"frozen": row.frozen, "data": row.data}
