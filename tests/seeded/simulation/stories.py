"""Makes tests of stories: `scenario` runs one under many seeds.

The first run is calm; it also counts the boundaries at which later ones kill processes. A seed that fails is told with
its trace and with how to run it alone.
"""

import dataclasses
import functools
import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulation import invariants, timeline, world
from simulation.chance import Chance

Story = Callable[..., Awaitable[None]]

#: Lines of a trace that are shown: the last ones.
_SHOWN = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Seeds:
    """Which seeds to run: from 1 to `count`, or one alone."""

    count: int
    alone: int | None = None

    def all(self) -> list[int]:
        """The seeds besides the calm one."""
        return [self.alone] if self.alone is not None else list(range(1, self.count + 1))


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """How one run came out."""

    boundaries: int
    trace: list[str]
    failure: BaseException | None


class _Log(logging.Handler):
    """Puts what Hearth logs into the trace, and notes what it calls its own fault."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: world.World | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.told is None:
            return
        error = record.exc_info[1] if record.exc_info else None
        text = f"{record.getMessage()}{f': {error!r}' if error else ''}"
        self.told.tell(f"  log: {text}")
        if "defect" in text:
            self.told.defects.append(text)


@functools.cache
def _ground() -> world.Ground:
    return world.Ground()


def run(story: Story, seed: int, boundaries: int = 0, *, verbose: bool = False, **settings: Any) -> Run:
    """Tell a story once. `verbose`: the trace has what each commit changes."""
    chance = Chance(seed, boundaries)
    loop = timeline.Timeline()
    told: list[world.World] = []
    log = _Log()

    async def whole() -> None:
        told.append(world.World(_ground(), chance, loop, verbose=verbose, **settings))
        log.told = told[0]
        await story(told[0])
        await told[0].comes_to_rest()
        invariants.check(told[0])

    failure: BaseException | None = None
    logger = logging.getLogger("hearth")
    logger.addHandler(log)
    logger.propagate = False
    try:
        loop.run_until_complete(whole())
    except (Exception, timeline.Stuck) as error:
        failure = error
    finally:
        log.told = None  # what is taken apart has nothing to tell any more
        loop.finish()
        logger.removeHandler(log)
        logger.propagate = True
    return Run(chance.boundaries, told[0].trace if told else [], failure)


def scenario(story: Story | None = None, **settings: Any) -> Any:
    """Make a test of a story: an async function of a world. `settings` are the engine's."""
    if story is None:
        return functools.partial(scenario, **settings)
    names = list(inspect.signature(story).parameters.values())[1:]

    def test(seeds: Seeds, request: pytest.FixtureRequest, **arguments: Any) -> None:
        told = functools.partial(story, **arguments)
        boundaries = 0
        for seed in [0, *seeds.all()]:
            outcome = run(told, seed, boundaries, **settings)
            if outcome.failure is not None:
                outcome = run(told, seed, boundaries, verbose=True, **settings)
                pytest.fail(_report(outcome, seed, request.node.nodeid), pytrace=False)
            boundaries = boundaries or outcome.boundaries

    test.__name__ = story.__name__
    test.__qualname__ = story.__qualname__
    test.__module__ = story.__module__
    test.__doc__ = story.__doc__
    kept = [one for name, one in inspect.signature(test).parameters.items() if name != "arguments"]
    test.__signature__ = inspect.Signature([*kept, *(one.replace(kind=kept[0].kind) for one in names)])  # type: ignore[attr-defined]
    return test


def _report(outcome: Run, seed: int, test: str) -> str:
    failure = outcome.failure
    if failure is None:
        return f"seed {seed} of {test} failed, and did not fail again"
    why = "".join(traceback.format_exception(failure)) if not isinstance(failure, world.Failed) else str(failure)
    shown = "\n".join(outcome.trace[-_SHOWN:])
    return f"{shown}\n\nseed {seed}: {why}\n\nalone: pytest '{test}' --seed {seed}"
