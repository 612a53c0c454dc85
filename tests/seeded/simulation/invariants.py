"""What must be true when a story has ended, whatever the seed: store, plan and reality agree, exactly once.

Each check gives sentences about what is wrong. Stories say beforehand what is meant to stay behind
(`World.stays_behind`).
"""

import collections
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hearth.engine.converging import WELL
from hearth.model.states import Action, Status

if TYPE_CHECKING:
    from simulation.world import World

#: The reason of an event that tells of another attempt, or another look, within an action.
ANOTHER_ATTEMPT = re.compile(r"; (attempt \d+ of \d+|the next look) follows in \d+ s$")
#: The reasons of events that tell of hooks.
_HOOK = re.compile(r"paused until Hook|^Hook [\w-]+ is cleared$|^Failure occurred while waiting\.$")
#: Kinds of objects that resources are made of.
KINDS = ("things", "quicks", "disks", "grounds", "plots", "seats", "os-keypairs")


class Broken(AssertionError):
    """Something is not as it must be."""


def check(world: "World") -> None:
    """Raise `Broken` with everything that is wrong."""
    wrong = [*_at_rest(world), *_objects(world), *_copies(world), *_trusts(world), *_users(world), *_events(world)]
    if not _was_superseded(world):
        wrong += [f"the service was asked for what could not be: {one}" for one in world.cloud.conflicts]
    wrong += world.defects
    if wrong:
        raise Broken("\n".join(wrong))


def _was_superseded(world: "World") -> bool:
    """Whether an action took another one over: then what is still in flight may get into the way of the new one."""
    running: dict[str, bool] = {}
    for stack_id, status in world.database.look(
        "SELECT stack_id, status FROM event WHERE resource_type = 'OS::Heat::Stack' ORDER BY seq"
    ):
        begins = status == Status.IN_PROGRESS
        if begins and running.get(stack_id):
            return True
        running[stack_id] = begins
    return False


def _at_rest(world: "World") -> Iterator[str]:
    for node_id, work, state, phase in world.database.look("SELECT id, work, state, phase FROM node"):
        yield f"node {node_id} ({work}, state {state}, phase {phase}) is left"
    for name, action in world.database.look("SELECT name, action FROM stack WHERE status = 'IN_PROGRESS'"):
        yield f"stack {name} is still {action}_IN_PROGRESS"
    for name, action in world.database.look("SELECT name, action FROM resource WHERE status = 'IN_PROGRESS'"):
        yield f"resource {name} is still {action}_IN_PROGRESS"
    for name, action in world.database.look("SELECT name, action FROM snapshot WHERE status = 'IN_PROGRESS'"):
        yield f"snapshot {name} is still {action}_IN_PROGRESS"


def _objects(world: "World") -> Iterator[str]:
    """Every object has exactly one row, every row its object; what has none was meant to stay."""
    rows = world.database.look("SELECT id, name, action, status, physical_id, type FROM resource")
    by_id = {row[0]: row for row in rows}
    owners = collections.Counter(
        row[4] for row in rows if row[4] is not None and row[5].startswith(("Sim::", "OS::Nova"))
    )
    left = []
    seen = set()
    for one in world.cloud.all(*KINDS):
        seen.add(one.id)
        if one.foreign:
            continue
        if owners[one.id] > 1:
            yield f"{one.id} belongs to {owners[one.id]} resources"
        if owners[one.id] == 1:
            continue
        row = by_id.get(str(one.fields.get("description", "")).removeprefix("hearth:"))
        if row is not None and row[4] is None and row[3] == Status.FAILED:
            continue  # its creation was ended in the middle; the removal of the row finds it
        left.append(one.resource)
    if sorted(left) != sorted(world.left):
        yield f"objects without a resource are of {sorted(left)}, and should be of {sorted(world.left)}"
    for _, name, action, status, physical_id, kind in rows:
        if not kind.startswith("Sim::") or (action, status) == (Action.DELETE, Status.COMPLETE):
            continue
        if physical_id is not None and physical_id not in seen and name not in world.lost:
            yield f"resource {name} ({action}_{status}) has the object {physical_id}, which does not exist"
        if physical_id is None and status == Status.COMPLETE and action != Action.INIT:
            yield f"resource {name} ({action}_{status}) has no object"


def _copies(world: "World") -> Iterator[str]:
    """Copies belong to snapshots, or were left on purpose."""
    known = []
    codec = world.database.codec
    for data, members, traversal in world.database.look("SELECT data, members, traversal_id FROM snapshot"):
        document = codec.read(data) or {}
        for entry in document.get("resources", {}).values():
            name = (entry.get("resource_data") or {}).get("copy")
            if name:
                known.append(name)
        for member in codec.read(members):
            known += (
                [
                    one.fields["name"]
                    for one in world.cloud.all("copies")
                    if one.fields["name"].endswith(f"-{traversal}")
                ]
                if member
                else []
            )
    left = [one for one in world.cloud.all("copies") if one.fields["name"] not in known]
    names = sorted(str(one.fields["name"]).split("-")[1] for one in left)
    if names != sorted(world.copies_left):
        yield f"copies left behind are of {names}, and should be of {sorted(world.copies_left)}"


def _trusts(world: "World") -> Iterator[str]:
    """Whoever lives can act. What is only intended, or whose stack never came to be, is looked for much later."""
    codec = world.database.codec
    stored = {
        row[0]: codec.read(row[1]).get("trust_id") for row in world.database.look("SELECT id, secret FROM credential")
    }
    used = {
        row[0]
        for row in world.database.look(
            "SELECT credential_id FROM stack WHERE live_name IS NOT NULL AND credential_id IS NOT NULL"
        )
    }
    for one in used - stored.keys():
        yield f"a stack has the credential {one}, which is not stored"
    there = {one.id for one in world.cloud.all("trusts")}
    stored = {one: trust for one, trust in stored.items() if one in used}
    if gone := set(stored.values()) - there:
        yield f"trusts are gone that stacks act by: {sorted(gone)}"


def _users(world: "World") -> Iterator[str]:
    """Users and projects of stacks that live."""
    projects = {
        row[0]
        for row in world.database.look(
            "SELECT stack_user_project_id FROM stack WHERE live_name IS NOT NULL AND stack_user_project_id IS NOT NULL"
        )
    }
    there = {one.id for one in world.cloud.all("projects")}
    if projects != there:
        yield f"projects of stack users are {sorted(there)}, and should be {sorted(projects)}"
    codec = world.database.codec
    known = {
        data["user_id"]
        for (raw,) in world.database.look("SELECT data FROM resource")
        if (data := codec.read(raw)) and "user_id" in data
    }
    users = {one.id for one in world.cloud.all("users")}
    if known != users:
        yield f"users of stacks are {sorted(users)}, and should be {sorted(known)}"


#: Ends that need no beginning: nothing had to be done for them.
_AT_ONCE = {"DELETE_COMPLETE", "CHECK_COMPLETE"}


def is_note(reason: str) -> bool:
    """Whether an event only tells more of an action that goes on."""
    return ANOTHER_ATTEMPT.search(reason) is not None


def _events(world: "World") -> Iterator[str]:
    """Every action that ends has begun, and what begins ends once."""
    names: dict[str, str] = dict(world.database.look("SELECT id, name FROM stack"))
    told: dict[tuple[str, str], list[str]] = {}
    notes: dict[tuple[str, str], set[int]] = {}  # which of them only tell more
    for stack_id, name, kind, action, status, reason in world.database.look(
        "SELECT stack_id, resource_name, resource_type, action, status, reason FROM event ORDER BY seq"
    ):
        if action == "SIGNAL" or _HOOK.search(reason) or reason == WELL:  # nothing was done for the last either
            continue
        is_stack = kind == "OS::Heat::Stack" and name == names[stack_id]
        key = (stack_id, "" if is_stack else name)
        states = told.setdefault(key, [])
        if states[-1:] != [f"{action}_{status}"] or not is_note(reason):
            if is_note(reason):
                notes.setdefault(key, set()).add(len(states))
            states.append(f"{action}_{status}")
    for (stack_id, name), states in told.items():
        known = notes.get((stack_id, name), set())
        problem = _story_of_stack(states) if not name else _story_of_resource(states, known)
        if problem:
            yield f"events of {name or 'the stack'} in {names[stack_id]}: {problem}: {', '.join(states)}"


def _story_of_stack(states: list[str]) -> str:
    running = None
    for state in states:
        action, _, status = state.partition("_")
        if status == Status.IN_PROGRESS:
            running = action
        elif running != action:
            return f"{state} ends what had not begun"
        else:
            running = None
    return "what began did not end" if running else ""


def _story_of_resource(states: list[str], notes: set[int]) -> str:
    running: collections.Counter[str] = collections.Counter()
    overtaken: collections.Counter[str] = collections.Counter()
    noted: set[str] = set()
    for at, state in enumerate(states):
        action, _, status = state.partition("_")
        if action == Action.INIT:
            continue  # it stopped at a hook
        if status == Status.IN_PROGRESS:
            if at in notes:
                # Of one that goes on, maybe beside that of a former object; or of one that failed and begins anew.
                if not running[action]:
                    noted.add(action)
                    running[action] = 1
                continue
            if action in noted:
                noted.discard(action)
                continue
            if action == Action.DELETE:
                # It ends whatever went on, unless it is that of a former object while the next one is made.
                overtaken += collections.Counter({one: left for one, left in running.items() if one != action})
                running = collections.Counter({action: running[action]})
            elif running[action]:
                return f"{action} begins twice"
            running[action] += 1
        elif running[action]:
            running[action] -= 1
            noted.discard(action)
        elif overtaken[action]:
            overtaken[action] -= 1
        elif status == Status.COMPLETE and state not in _AT_ONCE:
            return f"{state} without a beginning"
    left = [action for action, count in running.items() if count]
    return f"{', '.join(left)} did not end" if left else ""
