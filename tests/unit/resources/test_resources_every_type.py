"""Every resource type of the cloud's services on the embedded cloud, from its creation to its end.

Generated from the declarations and from one specimen a type (`specimens`); all share one cloud. What an engine makes of
the verbs is in tests/scenarios.
"""

import contextlib
import copy
import dataclasses
from typing import Any

import pytest

from hearth.model.plan import Verdict
from hearth.model.states import Action
from hearth.resources.contract import Gone, NeedsReplacement, Unwell
from specimens import NOT_SHOWN, SPECIMENS, derived
from specimens.examples import references
from specimens.form import Request

Driver = Any  # the classes of the fixtures in conftest
Driven = Any

#: Types that need an engine: tests/scenarios/test_scenarios_drift_types.py has them.
WITH_ENGINE = ("OS::Heat::", "AWS::CloudFormation::", "AWS::AutoScaling::", "AWS::IAM::")
TYPES = derived.TYPES


def test_every_type_has_a_specimen_or_needs_none() -> None:
    assert {*SPECIMENS, *NOT_SHOWN} == set(TYPES.names())


# One cloud serves all, so they share its event loop.
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [one for one in SPECIMENS if not one.startswith(WITH_ENGINE)])
async def test_type_from_birth_to_end(drivers: dict[str, Driver], name: str) -> None:
    driver = drivers[SPECIMENS[name].user]
    made: dict[str, Driven] = {}
    try:
        await _make_surroundings(driver, name, made)
        await _walk(driver, name, made)
    finally:
        async with contextlib.AsyncExitStack() as ends:  # each goes, even where another one does not
            for one in made.values():
                ends.push_async_callback(one.delete)


async def _make_surroundings(driver: Driver, name: str, made: dict[str, Driven]) -> None:
    left = dict(SPECIMENS[name].around)
    while left:
        at = next(at for at, one in left.items() if references(one["properties"]) <= made.keys())
        one = left.pop(at)
        made[at] = await driver.prepare(one["type"], at, **await _resolved(one["properties"], made))
        await made[at].create()


async def _walk(driver: Driver, name: str, made: dict[str, Driven]) -> None:
    """The life of the specimen: each step says what a user could notice."""
    given = await _resolved(SPECIMENS[name].properties, made)
    it = await driver.prepare(name, "it", **given)
    if it.kind.findable:
        assert await it.kind.find(it.call) is None, "nothing that there is is taken for it"
    made["it"] = it
    await it.create()
    if it.kind.findable:
        found = await it.find_again()
        if found is None:  # then making it once more is harmless
            found = await it.kind.create(dataclasses.replace(it.call, physical_id=None, data={}))
        assert found == it.id, "what a lost request made is found"
    assert (await it.drift()).differences == {}, "what was just made is as expected"
    await it.kind.check(it.call)

    await _drift(driver, it, derived.changes(name), made)
    await _update_in_place(it, await _resolved(derived.updates(name), made))
    if replaced := await _resolved(derived.replaces(name), made):
        it = await _replace(driver, it, {**given, **replaced}, made)

    before = copy.copy(it.call)
    await it.delete()
    del made["it"]
    with pytest.raises(Unwell):
        await it.kind.check(dataclasses.replace(before, action=Action.CHECK))
    with contextlib.suppress(Gone):
        await it.kind.delete(dataclasses.replace(before, action=Action.DELETE))  # once more, as after a crash


async def _update_in_place(it: Driven, updates: dict[str, Any]) -> None:
    if not updates:
        return
    former = it.call
    assert it.decide({**former.properties, **updates}).verdict is Verdict.UPDATE
    await it.update(**updates)
    assert (await it.drift()).differences == {}, "the object is what is asked for now"
    was = dataclasses.replace(former, physical_id=it.id)
    seen = await it.kind.drift(was, await it.observe())
    told = {one for one in updates if it.kind.properties[one].live is not None} - seen.unseen.keys()
    assert told <= seen.differences.keys(), "all that was changed is another value now"


async def _replace(driver: Driver, it: Driven, properties: dict[str, Any], made: dict[str, Driven]) -> Driven:
    """Another object in its place, made before it goes unless both cannot be there at once."""
    new = await driver.prepare(it.kind.type_name, "it", **properties)
    decision = it.decide(new.call.properties)
    assert decision.verdict is Verdict.REPLACE or it.kind.may_replace.intersection(decision.keys), decision
    if it.kind.takes_turns and it.kind.collides(it.call.properties, new.call.properties):
        await it.make_way(new.call.properties)
    made["new"] = new
    await new.create()
    await it.delete()
    made["it"] = made.pop("new")
    assert (await new.drift()).differences == {}, "the new one is what is asked for"
    return new


async def _drift(driver: Driver, it: Driven, changes: dict[str, Request], made: dict[str, Driven]) -> None:
    """Somebody changes the object behind Hearth's back: that is seen, and put back."""
    if not changes:
        return
    # Collections within other objects have those in their paths, under the names of properties.
    ids = {**it.call.properties, **{at: one.id for at, one in made.items()}}
    for request in changes.values():
        await driver.request(
            request.service,
            request.method,
            _filled(request.path, ids),
            json=_filled(request.body, ids),
            headers=request.headers,
            microversion=request.microversion,
        )
    drift = await it.drift()
    assert set(drift.differences) == set(changes), "each change is seen, and nothing else"
    if not all(it.kind.properties[one].updatable for one in changes):
        return  # a replacement does it
    try:
        await it.put_back(drift)
    except NeedsReplacement:
        return
    assert (await it.drift()).differences == {}, "all of it is put back"


# ---- references ----


async def _resolved(value: Any, made: dict[str, Driven]) -> Any:
    """The value with references in the place of get_resource and get_attr."""
    if isinstance(value, dict):
        if len(value) == 1 and "get_resource" in value:
            one = made[value["get_resource"]]
            return one.kind.reference(one.call)
        if len(value) == 1 and "get_attr" in value:
            at, attribute, *path = value["get_attr"]
            found = await made[at].attribute(attribute)
            for step in path:
                found = found[step]
            return found
        return {key: await _resolved(one, made) for key, one in value.items()}
    return [await _resolved(one, made) for one in value] if isinstance(value, list) else value


def _filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with physical ids in the place of `{resource}`."""
    if isinstance(value, str) and "{" in value:
        return value.format(**ids)
    if isinstance(value, list):
        return [_filled(one, ids) for one in value]
    return {_filled(key, ids): _filled(one, ids) for key, one in value.items()} if isinstance(value, dict) else value
