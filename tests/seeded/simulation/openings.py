"""How many stories begin: a stack that is there, two things of which one uses the other."""

from typing import Any

from simulation.wording import Values, hot, the, thing
from simulation.world import Stack, World


def pair(first: Any, second: Any = "x", **more: Any) -> Values:
    """A template of two things; `b` uses `a`, and `more` are properties of `a`."""
    return hot({"a": thing(first, takes=2, **more), "b": thing(second, uses=[the("a")], takes=1)})


async def created(world: World, wanted: Values, **more: Any) -> Stack:
    """A stack whose creation is complete. `wanted`: a template, or the resources of one."""
    stack = await world.creates(wanted if "heat_template_version" in wanted else hot(wanted), **more)
    await stack.ends("CREATE_COMPLETE")
    return stack
