"""`kill -9` at any moment: after the next start the stack reaches the same end, and store and cloud agree.

Each story takes one stack through its life and kills the process in each of its actions, and often a second time while
it recovers. The moments are random but seeded, and spread over the time that the action takes undisturbed. A failure
names the story, the action and the moments; `RELIABILITY_SEED` and `RELIABILITY_STORIES` choose others and more.
"""

import os
import pathlib
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from reliability import estate
from reliability.world import World

SEED = int(os.environ.get("RELIABILITY_SEED", "20240917"))
STORIES = int(os.environ.get("RELIABILITY_STORIES", "3"))

#: How the embedded cloud is set: `latency` lets moments fall between a request and its work, `slow` between the work
#: of a request that changes something and its answer; `split` kills API and engine only, while the cloud lives on.
SETTINGS: dict[str, dict[str, Any]] = {
    "prompt": {},
    "slow": {"latency": 0.01},
    "late answers": {"slow": 0.08},
    "the cloud lives on": {"split": True, "slow": 0.08},
}


class Stage:
    """A world, and how long each action takes in it undisturbed."""

    def __init__(self, folder: pathlib.Path, setting: str) -> None:
        chosen = dict(SETTINGS[setting])
        slow = chosen.pop("slow", None)
        self.world = World(folder, split=chosen.pop("split", False), **chosen)
        if slow is not None:
            for changing in ("POST", "PUT", "DELETE"):
                self.world.fault(method=changing, latency=slow, after_work=True)
        self.before = self.world.contents()
        self.spans = {name: self._time(method, template) for name, method, template in actions(None)}

    def _time(self, method: str, template: Any) -> float:
        begun = time.monotonic()
        assert self.world.act([], method, "rehearsal", template).endswith("COMPLETE")
        estate.check(self.world, "rehearsal", self.before, template)
        return time.monotonic() - begun


def actions(named: str | None) -> list[tuple[str, str, Any]]:
    """The life of a stack: `(action, method, template)`."""
    first = estate.first(named)
    changed = estate.changed(first)
    return [
        ("create", "POST", first),
        ("update", "PUT", changed),
        ("replace", "PUT", estate.replaced(changed)),
        ("delete", "DELETE", None),
    ]


@pytest.fixture(scope="module", params=list(SETTINGS))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("kill"), request.param)
    yield made
    made.world.close()


@pytest.mark.parametrize("story", range(STORIES))
def test_a_killed_process_leaves_no_trace(stage: Stage, story: int) -> None:
    rng = random.Random(f"{SEED}/{story}")
    named = "same" if story % 2 else None
    for action, method, template in actions(named):
        moments = [rng.random() * stage.spans[action]]
        if rng.random() < 0.5:
            moments.append(rng.random() * stage.spans[action] / 2)
        told = f"seed {SEED}, story {story}, {action}, killed after {', '.join(f'{one:.3f} s' for one in moments)}"
        try:
            ended = stage.world.act(moments, method, "story", template)
            assert ended.endswith("COMPLETE"), ended
            estate.check(stage.world, "story", stage.before, template)
        except AssertionError as error:
            stage.world.act([], "DELETE", "story")  # the next story begins with an empty cloud, if that can be
            raise AssertionError(f"{told}: {error}") from error
