"""Updates of a stack at rest: every rule of what becomes of a resource. Spec: lifecycle facts, section 5."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

from hearth.model.errors import HearthError


@scenario
async def test_what_differs_is_changed_in_place_and_the_rest_left_alone(world):
    stack = await created(world, {"a": thing("1"), "b": thing("1"), "gone": thing("1", after="a")})
    before = stack.objects()
    await stack.updates(hot({"a": thing("2"), "b": thing("1"), "new": thing("1", after="a")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "1", "new": "1"}
    assert {name: stack.objects()[name] for name in "ab"} == {name: before[name] for name in "ab"}
    assert stack.events("b") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


@scenario
async def test_an_update_that_changes_nothing_touches_nothing(world):
    template = hot({"a": thing("1"), "b": thing(content_of("a"), uses=[the("a")])})
    stack = await created(world, template)
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert stack.events("a") == stack.events("b") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


@scenario
async def test_a_change_runs_down_the_chain_of_those_who_read_it(world):
    def chain(word):
        return hot({"a": thing(word), "b": thing(content_of("a")), "c": thing(content_of("b"))})

    stack = await created(world, chain("1"))
    await stack.updates(chain("2"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "2", "c": "2"}


@scenario
async def test_a_replacement_comes_first_then_its_users_move_then_the_old_goes(world):
    def template(shape):
        users = {"user": thing(uses=[the("base")]), "top": thing(uses=[the("user")])}
        return hot({"base": thing(shape=shape, takes=1), **users})

    stack = await created(world, template("round"))
    before = stack.objects()
    await stack.updates(template("square"))
    await stack.ends("UPDATE_COMPLETE")
    now = stack.objects()
    assert now["base"] != before["base"]
    assert (now["user"], now["top"]) == (before["user"], before["top"])
    assert world.cloud.of("user")[0].fields["uses"] == [now["base"]]


@scenario
async def test_a_chain_of_replacements_goes_from_used_to_users_and_back(world):
    def template(shape):
        return hot({"net": thing(shape=shape), "port": thing(on=the("net")), "server": thing(on=the("port"))})

    stack = await created(world, template("round"))
    before = stack.objects()
    await stack.updates(template("square"))
    await stack.ends("UPDATE_COMPLETE")
    assert not set(before.values()) & set(stack.objects().values())
    assert len(world.cloud.all("things")) == 3


@scenario
async def test_another_type_is_another_object(world):
    stack = await created(world, {"a": thing("1")})
    await stack.updates(hot({"a": thing("1", kind="Quick")}))
    await stack.ends("UPDATE_COMPLETE")
    assert [one.kind for one in world.cloud.of("a")] == ["quicks"]


@scenario
async def test_what_may_never_change_fails_the_update_and_stays(world):
    stack = await created(world, {"a": thing("1", fixed="x"), "b": thing("1")})
    await stack.updates(hot({"a": thing("1", fixed="y"), "b": thing("2", after="a")}))
    await stack.ends("UPDATE_FAILED")
    assert "NotSupported: resources.a" in stack.reason
    assert world.cloud.contents == {"a": "1", "b": "1"}
    await stack.updates(hot({"a": thing("1", fixed="x"), "b": thing("2", after="a")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "2"}


@scenario
async def test_what_failed_is_replaced_by_the_next_update(world):
    world.cloud.refuses("a", "POST")
    template = hot({"a": thing("1"), "b": thing("1", after="a")})
    stack = await world.creates(template)
    await stack.ends("CREATE_FAILED")
    world.cloud.relents("a")
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}


@scenario
async def test_what_failed_to_change_is_replaced_by_the_next_update(world):
    stack = await created(world, {"a": thing("1"), "b": thing(uses=[the("a")])})
    before = stack.objects()
    world.cloud.refuses("a", "PUT")
    changed = hot({"a": thing("2"), "b": thing(uses=[the("a")])})
    await stack.updates(changed)
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("a")
    await stack.updates(changed)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "v1"}
    assert stack.objects()["a"] != before["a"]


@scenario
async def test_what_was_marked_unhealthy_is_replaced(world):
    template = hot({"a": thing("1"), "b": thing(uses=[the("a")])})
    stack = await created(world, template)
    before = stack.objects()
    await stack.marks("a")
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert stack.objects()["a"] != before["a"]
    assert stack.objects()["b"] == before["b"]


@scenario
async def test_an_object_that_has_vanished_is_made_anew_when_it_is_to_change(world):
    stack = await created(world, {"a": thing("1"), "b": thing(uses=[the("a")])})
    world.cloud.loses("a")
    await stack.updates(hot({"a": thing("2"), "b": thing(uses=[the("a")])}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "v1"}


@scenario
async def test_metadata_and_policies_change_by_themselves(world):
    stack = await created(world, {"a": {**thing("1"), "metadata": {"k": "1"}}, "b": thing("1")})
    await stack.updates(hot({"a": {**thing("1"), "metadata": {"k": "2"}}, "b": thing("1", policy="Retain")}))
    await stack.ends("UPDATE_COMPLETE")
    assert stack.resources == {"a": "UPDATE_COMPLETE", "b": "UPDATE_COMPLETE"}
    world.left = ["b"]
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {"b": "1"}


@scenario
async def test_removed_resources_go_from_users_to_used(world):
    stack = await created(
        world, {"a": thing(), "b": thing(uses=[the("a")]), "c": thing(uses=[the("b")], lasts=2), "kept": thing()}
    )
    await stack.updates(hot({"kept": thing()}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"kept": "v1"}


@scenario
async def test_a_renamed_resource_is_another_one(world):
    stack = await created(world, {"a": thing("same"), "user": thing(uses=[the("a")])})
    await stack.updates(hot({"b": thing("same"), "user": thing(uses=[the("b")])}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"b": "same", "user": "v1"}


def conditional(wanted):
    return hot(
        {"a": {**thing("1"), "condition": "wanted"}, "b": thing({"if": ["wanted", "yes", "no"]})},
        parameters={"wanted": {"type": "boolean", "default": wanted}},
        conditions={"wanted": {"get_param": "wanted"}},
    )


@scenario
async def test_conditions_let_resources_come_and_go(world):
    stack = await created(world, conditional(False))
    assert world.cloud.contents == {"b": "no"}
    await stack.updates(conditional(True))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "yes"}
    await stack.updates(conditional(False))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"b": "no"}


@scenario
async def test_parameters_alone_can_change(world):
    template = hot({"a": thing({"get_param": "word"})}, parameters={"word": {"type": "string"}})
    stack = await created(world, template, parameters={"word": "1"})
    await stack.updates(None, patch=True, parameters={"word": "2"})
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2"}


@scenario
async def test_an_immutable_parameter_keeps_its_value(world):
    template = hot({"a": thing({"get_param": "word"})}, parameters={"word": {"type": "string", "immutable": True}})
    stack = await created(world, template, parameters={"word": "1"})
    await stack.is_refused(stack.updates(None, patch=True, parameters={"word": "2"}), HearthError)
    assert stack.status == "CREATE_COMPLETE"
    assert world.cloud.contents == {"a": "1"}


@scenario
async def test_a_failed_update_is_rolled_back_to_what_was(world):
    before = {"a": thing("1"), "b": thing(uses=[the("a")])}
    stack = await created(world, before)
    objects = stack.objects()
    world.cloud.refuses("bad", "POST")
    bad = {"a": thing("2"), "b": thing(uses=[the("a")]), "new": thing(), "bad": thing(after=["a", "new"])}
    await stack.updates(hot(bad), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "v1"}
    assert stack.objects() == objects


@scenario
async def test_a_rollback_goes_back_to_the_objects_that_are_still_there(world):
    stack = await created(world, {"base": thing(shape="round"), "user": thing(uses=[the("base")])})
    objects = stack.objects()
    world.cloud.refuses("bad", "POST")
    bad = {"base": thing(shape="square"), "user": thing(uses=[the("base")]), "bad": thing(after="user")}
    await stack.updates(hot(bad), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert stack.objects() == objects
    assert world.cloud.of("user")[0].fields["uses"] == [objects["base"]]


@scenario
async def test_after_a_failure_the_next_update_starts_from_what_is_there(world):
    stack = await created(world, {"base": thing(shape="round"), "user": thing(uses=[the("base")])})
    world.cloud.refuses("user", "PUT")
    await stack.updates(hot({"base": thing(shape="square"), "user": thing(uses=[the("base")])}))
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("user")
    await stack.updates(hot({"base": thing(shape="oval"), "user": thing("2", uses=[the("base")])}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.of("base")[0].fields["shape"] == "oval"
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_everything_can_be_taken_out_and_put_back(world):
    template = hot({"a": thing(), "b": thing(uses=[the("a")])})
    stack = await created(world, template)
    await stack.updates(hot())
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {}
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "v1", "b": "v1"}


@scenario
async def test_dependencies_can_turn_round(world):
    stack = await created(world, {"a": thing("1"), "b": thing("1", uses=[the("a")])})
    await stack.updates(hot({"a": thing("1", uses=[the("b")]), "b": thing("1")}))
    await stack.ends("UPDATE_COMPLETE")
    objects = stack.objects()
    assert world.cloud.of("a")[0].fields["uses"] == [objects["b"]]
    assert not world.cloud.of("b")[0].fields.get("uses")


@scenario
async def test_somebody_elses_object_is_only_referred_to(world):
    world.cloud.adds("things", "theirs", content="x")
    template = hot({"other": {**thing(), "external_id": "theirs"}, "own": thing(uses=[the("other")])})
    stack = await created(world, template)
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    await stack.updates(hot({"other": thing(), "own": thing(uses=[the("other")])}))
    await stack.ends("UPDATE_FAILED")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert [one.id for one in world.cloud.all("things")] == ["theirs"]


@scenario
async def test_restricted_actions_fail_and_change_nothing(world):
    action, changed = world.chance.choice(("update", {"content": "2"}), ("replace", {"shape": "square"}))
    environment = {"resource_registry": {"resources": {"a": {"restricted_actions": action}}}}
    stack = await created(world, {"a": thing("1", shape="round")}, environment=environment)
    objects = stack.objects()
    await stack.updates(hot({"a": thing(**{"content": "1", "shape": "round", **changed})}), environment=environment)
    await stack.ends("UPDATE_FAILED")
    assert "ResourceActionRestricted: resources.a: " in stack.reason
    assert stack.objects() == objects
    assert world.cloud.contents == {"a": "1"}
