"""The simulation: a seed determines everything."""

from simulation import stories
from simulation.wording import hot, the, thing


async def story(world):
    stack = await world.creates(hot({"a": thing("1", takes=2), "b": thing(uses=[the("a")])}))
    await world.some_moment()
    await stack.updates(hot({"a": thing("2", shape="square"), "b": thing(uses=[the("a")])}))
    await stack.ends("UPDATE_COMPLETE")


def test_the_same_seed_tells_the_same_story():
    boundaries = stories.run(story, 0).boundaries
    for seed in range(1, 9):
        first, second = (stories.run(story, seed, boundaries).trace for _ in range(2))
        assert first == second


def test_seeds_tell_different_stories_in_which_processes_die():
    boundaries = stories.run(story, 0).boundaries
    traces = ["\n".join(stories.run(story, seed, boundaries).trace) for seed in range(1, 9)]
    assert len(set(traces)) == len(traces)
    assert any("AND DIES" in one for one in traces)
