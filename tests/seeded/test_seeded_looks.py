"""How often the cloud is asked about what takes its time: a calm run tells."""

from simulation import stories
from simulation.openings import created
from simulation.wording import hot, thing


async def a_long_creation(world):
    await created(world, hot({"a": thing(takes=100)}))


async def one_that_is_long_and_one_that_is_short(world):
    stack = await world.creates(hot({"long": thing(takes=100), "first": thing(takes=20), "next": thing(after="first")}))
    await stack.until_resource("next", "CREATE_COMPLETE")
    world.tell(f"waited for {world.database.look('SELECT max(at) - min(at) FROM event')[0][0]:.1f} s")
    await stack.ends("CREATE_COMPLETE")


def looks(run):
    return sum("GET things/things" in line and line.endswith(": 200") for line in run.trace)


def test_what_takes_long_is_looked_at_ever_more_rarely():
    run = stories.run(a_long_creation, 0)
    assert run.failure is None
    assert 30 < looks(run) < 80


def test_what_is_new_is_looked_at_soon_although_others_take_long():
    run = stories.run(one_that_is_long_and_one_that_is_short, 0)
    assert run.failure is None
    [waited] = [float(line.split()[-2]) for line in run.trace if "waited for" in line]
    assert 20 < waited < 23
