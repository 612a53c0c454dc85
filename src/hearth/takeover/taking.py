"""Takes over what a Heat database has, tree by tree, and says of each what became of it."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from hearth.engine import context, definitions
from hearth.model.errors import StackExists
from hearth.store import quotas, stacks
from hearth.store.rows import EventRow
from hearth.takeover import records, translation, watching, writing
from hearth.takeover.ciphers import Ciphers
from hearth.takeover.report import LeftOut, Line, Outcome
from hearth.takeover.source import Selection, Source, Unintelligible
from hearth.takeover.writing import is_there

_LEAVE: Final = "It stays with Heat as it is."
_REPAIR: Final = "Repair Heat's database, or delete the stack there."


class Taking:
    """One take-over."""

    def __init__(
        self,
        source: Source,
        surroundings: context.Context,
        kept: definitions.Definitions,
        ciphers: Ciphers,
        *,
        dry_run: bool = False,
        unfinished: bool = False,
    ) -> None:
        self._source = source
        self._store = surroundings.store
        self._ciphers = ciphers
        self._dry_run = dry_run
        self._translator = translation.Translator(surroundings, kept, ciphers, unfinished=unfinished)

    async def take(self, selection: Selection) -> AsyncIterator[Line]:
        """Take the trees of a selection, one after the other."""
        for root_id in self._source.roots(selection):
            try:
                tree = self._source.tree(root_id)
            except Unintelligible as error:
                yield await self._unless_there(error.root, error.problem, _REPAIR)
                continue
            if tree is not None:
                yield await self._one(tree)
        for one in self._source.strays(selection):
            yield await self._unless_there(one, "it is nested in a stack that is not in the database", _REPAIR)

    async def _unless_there(self, root: records.Stack, reason: str, advice: str) -> Line:
        """What is said of a stack that cannot be taken over for a reason, unless it was before."""
        line = _line_of(root)
        if await self._store.read(functools.partial(is_there, stack_id=root.id)):
            return line(Outcome.THERE)
        return line(Outcome.LEFT, reasons=(reason,), next=advice)

    async def _one(self, tree: records.Tree) -> Line:
        root = tree.root
        line = _line_of(root)
        if await self._store.read(functools.partial(is_there, stack_id=root.id)):
            return line(Outcome.THERE)
        try:
            taken = await self._translator.translate(tree)
            await self._store.read(functools.partial(_require_free, tree=tree))
            events = 0 if self._dry_run else await self._stored(taken, tree)
        except LeftOut as why:
            return line(Outcome.LEFT, reasons=why.reasons, unknown_types=why.unknown_types, next=why.advice or _LEAVE)
        return line(
            Outcome.WOULD_BE if self._dry_run else Outcome.TAKEN,
            stacks=len(taken.stacks),
            resources=taken.count(),
            events=events,
            snapshots=len(taken.snapshots),
            deployments=len(taken.deployments),
            notes=tuple(taken.notes),
            next="" if self._dry_run else f"hearth stack plan --existing {root.name}",
        )

    async def _stored(self, taken: translation.Taken, tree: records.Tree) -> int:
        ids = [one.id for one in tree.stacks]
        codec = self._store.codec

        def told() -> Iterator[list[EventRow]]:
            for batch in self._source.events(ids):
                yield [translation.event_row(one, self._ciphers) for one in batch]

        try:
            return await self._store.write(lambda connection: writing.store(connection, codec, taken, told))
        except StackExists as error:
            raise LeftOut([str(error)], advice="Rename or delete the one that is there.") from error
        except quotas.NoRoom as error:
            raise LeftOut([str(error)], advice=watching.NO_ROOM) from error

    async def software(self, projects: Sequence[str]) -> tuple[int, list[str]]:
        """Take the software configs and deployments of no stack; how many configs came, and what cannot be read."""
        came, codec = 0, self._store.codec
        problems: list[str] = []
        for configs, deployments in self._source.software(projects, problems):
            rows = [translation.config_row(one) for one in configs]
            others = [translation.deployment_row(one) for one in deployments]
            work = functools.partial(writing.store_software, codec=codec, configs=rows, deployments=others)
            came += await self._store.write(work)
        return came, problems


def _line_of(root: records.Stack) -> Callable[..., Line]:
    return functools.partial(Line, root.id, root.name, root.project_id, f"{root.action}_{root.status}")


def _require_free(connection: sa.Connection, tree: records.Tree) -> None:
    for one in tree.stacks:
        if stacks.by_name(connection, one.project_id, one.name) is not None:
            raise LeftOut(
                [f"its project has another stack {one.name} here"], advice="Rename or delete the one that is there."
            )
