"""Create, update, delete: what a user sees when all goes well, and when something does not."""

import pytest
from service_with_copies import Service, an_object
from templates import after, chain, hot, output_of, thing

from hearth.model.errors import ActionInProgress, Invalid, NotFound, NotSupported, StackExists
from hearth.store import Unavailable


@pytest.mark.every_database
async def test_create_runs_in_order_of_needs_and_tells_every_step(world):
    stack = await world.create(hot({"b": thing(output_of("a")), "a": thing("hello")}, {"said": output_of("b")}))
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert shown["stack_status_reason"] == "Stack CREATE completed successfully"
    assert await world.output(stack, "said") == "hello"
    assert await world.events(stack) == [
        ("stack", "CREATE_IN_PROGRESS"),
        ("a", "CREATE_IN_PROGRESS"),
        ("a", "CREATE_COMPLETE"),
        ("b", "CREATE_IN_PROGRESS"),
        ("b", "CREATE_COMPLETE"),
        ("stack", "CREATE_COMPLETE"),
    ]


async def test_an_empty_stack_is_complete(world):
    stack = await world.create(hot({}))
    await world.until(stack, "CREATE_COMPLETE")


async def test_waiting_resources_do_not_hold_up_others(world):
    slow = {f"slow{n}": thing(wait_secs=0.3) for n in range(300)}
    stack = await world.create(hot({**slow, "quick": thing()}))
    await world.until_resource(stack, "quick", "CREATE_COMPLETE")
    assert (await world.statuses(stack))["slow0"] == "CREATE_IN_PROGRESS"
    await world.until(stack, "CREATE_COMPLETE")


@pytest.mark.every_database
async def test_a_failure_starts_nothing_more_and_names_its_cause(world):
    template = hot({"bad": thing(fail=True), "next": after(thing(), "bad"), "other": thing()})
    stack = await world.create(template)
    shown = await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    assert shown["stack_status"] == "CREATE_FAILED"
    assert shown["stack_status_reason"].startswith("Resource CREATE failed: ValueError: resources.bad: ")
    assert await world.statuses(stack) == {
        "bad": "CREATE_FAILED",
        "next": "INIT_COMPLETE",
        "other": "CREATE_COMPLETE",
    }


async def test_a_failed_creation_that_is_rolled_back_leaves_an_empty_stack(world):
    stack = await world.create(hot({"bad": thing(fail=True), "good": thing()}), disable_rollback=False)
    shown = await world.until(stack, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
    assert shown["stack_status"] == "ROLLBACK_COMPLETE"
    assert await world.resources(stack) == {}


async def test_update_changes_what_differs_and_leaves_the_rest_alone(world):
    stack = await world.create(hot({"a": thing("1"), "b": thing("1"), "c": thing("1")}))
    await world.until(stack, "CREATE_COMPLETE")
    before = await world.resources(stack)
    await world.update(stack, hot({"a": thing("2"), "b": thing("1"), "d": thing("new")}))
    await world.until(stack, "UPDATE_COMPLETE")
    after_it = await world.resources(stack)
    assert {name: one["resource_status"] for name, one in after_it.items()} == {
        "a": "UPDATE_COMPLETE",
        "b": "CREATE_COMPLETE",
        "d": "CREATE_COMPLETE",
    }
    assert after_it["a"]["physical_resource_id"] == before["a"]["physical_resource_id"]


async def test_update_that_changes_nothing_touches_nothing(world):
    template = chain(5)
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    count = len(await world.events(stack))
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.events(stack))[count:] == [("stack", "UPDATE_IN_PROGRESS"), ("stack", "UPDATE_COMPLETE")]


async def test_a_change_runs_down_the_chain_that_reads_it(world):
    stack = await world.create(chain(6, "v1"))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, chain(6, "v2"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "last") == "v2"


@pytest.mark.every_database
async def test_replacement_makes_the_new_one_first_and_then_removes_the_old(world):
    first = hot({"a": thing("1", update_replace_value="x"), "b": thing({"get_resource": "a"})})
    stack = await world.create(first)
    await world.until(stack, "CREATE_COMPLETE")
    before = await world.resources(stack)
    count = len(await world.events(stack))
    second = hot({"a": thing("1", update_replace_value="y"), "b": thing({"get_resource": "a"})})
    await world.update(stack, second)
    await world.until(stack, "UPDATE_COMPLETE")
    now = await world.resources(stack)
    assert now["a"]["physical_resource_id"] != before["a"]["physical_resource_id"]
    assert (await world.events(stack))[count + 1 : -1] == [
        ("a", "CREATE_IN_PROGRESS"),
        ("a", "CREATE_COMPLETE"),
        ("b", "UPDATE_IN_PROGRESS"),
        ("b", "UPDATE_COMPLETE"),
        ("a", "DELETE_IN_PROGRESS"),
        ("a", "DELETE_COMPLETE"),
    ]


async def test_what_might_be_replaced_is_kept_when_its_value_stays(world):
    def template(note):
        reader = {"type": "OS::Heat::TestResource", "properties": {"update_replace_value": output_of("a")}}
        return hot({"a": thing("same", client_name=note), "b": reader})

    stack = await world.create(template("one"))
    await world.until(stack, "CREATE_COMPLETE")
    before = await world.resources(stack)
    told = {one["resource_name"]: one["change"] for one in await world.changes(stack, template("two"))}
    assert (told["b"]["verdict"], told["b"]["certain"]) == ("replace", False)
    await world.update(stack, template("two"))
    await world.until(stack, "UPDATE_COMPLETE")
    now = await world.resources(stack)
    assert now["a"]["resource_status"] == "UPDATE_COMPLETE"
    assert now["b"] == before["b"]


async def test_metadata_that_are_not_known_yet_can_be_planned(world):
    def template(value):
        a = {"type": "OS::Heat::Value", "properties": {"type": "json", "value": value}}
        return hot({"a": a, "b": {**thing(), "metadata": {"get_attr": ["a", "value"]}}})

    stack = await world.create(template({"x": 1}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, template({"x": 2}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.service.resource_metadata(world.caller, stack, "b") == {"x": 2}


async def test_a_failed_resource_is_replaced_by_the_next_update(world):
    stack = await world.create(hot({"a": thing(fail=True)}))
    await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    await world.update(stack, hot({"a": thing(fail=False)}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}


@pytest.mark.every_database
async def test_a_failed_update_rolls_back_to_what_was(world):
    good = hot({"a": thing("1"), "b": thing("1")}, {"a": output_of("a")})
    stack = await world.create(good)
    await world.until(stack, "CREATE_COMPLETE")
    bad = hot({"a": thing("2"), "new": after(thing(fail=True), "a")}, {"a": output_of("a")})
    await world.update(stack, bad, disable_rollback=False)
    shown = await world.until(stack, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_FAILED")
    assert shown["stack_status"] == "ROLLBACK_COMPLETE"
    assert set(await world.statuses(stack)) == {"a", "b"}
    assert await world.output(stack, "a") == "1"


async def test_an_update_of_what_was_never_complete_has_nothing_to_go_back_to_and_says_so(world):
    stack = await world.create(hot({"a": thing("1"), "b": after(thing(fail=True), "a")}))
    await world.until(stack, "CREATE_FAILED")
    bad = hot({"a": thing("1"), "new": after(thing(fail=True), "a")})
    await world.update(stack, bad, disable_rollback=False)
    shown = await world.until(stack, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_FAILED")
    nothing = "there {} nothing to go back to, as the stack was never complete, so all its resources {} removed"
    assert shown["stack_status_reason"] == f"Stack ROLLBACK completed successfully: {nothing.format('was', 'were')}"
    told = [one["resource_status_reason"] for one in await world.service.list_events(world.caller, stack)]
    assert f"Stack ROLLBACK started: {nothing.format('is', 'are')}" in told
    assert await world.statuses(stack) == {}


async def test_a_creation_that_is_rolled_back_says_no_more_than_that(world):
    stack = await world.create(hot({"a": thing(fail=True)}), disable_rollback=False)
    shown = await world.until(stack, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Stack ROLLBACK completed successfully"


async def test_delete_goes_from_users_to_used_and_frees_the_name(world):
    template = hot({"a": thing(), "b": after(thing(), "a"), "c": after(thing(), "b")})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    count = len(await world.events(stack))
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    deleted = [name for name, status in (await world.events(stack))[count:] if status == "DELETE_COMPLETE"]
    assert deleted == ["c", "b", "a", "stack"]
    assert await world.names() == set()
    await world.until(await world.create(template), "CREATE_COMPLETE")


async def test_retained_resources_are_left_where_they_are(world):
    service = Service()
    service.use_in(world)
    stack = await world.create(hot({"kept": {**an_object("1"), "deletion_policy": "Retain"}, "gone": an_object("2")}))
    await world.until(stack, "CREATE_COMPLETE")
    kept = (await world.resources(stack))["kept"]["physical_resource_id"]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert set(service.objects) == {kept}
    states = [status for name, status in await world.events(stack) if name == "kept"]
    assert states[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


@pytest.mark.every_database
async def test_delete_while_it_is_created(world):
    stack = await world.create(hot({"a": thing(wait_secs=0.2), "b": after(thing(), "a")}))
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


@pytest.mark.every_database
async def test_an_update_during_creation_takes_over_what_is_under_way(world):
    stack = await world.create(hot({"a": thing("1", wait_secs=0.3), "b": after(thing("1"), "a")}))
    await world.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    made = (await world.resources(stack))["a"]["physical_resource_id"]
    await world.update(stack, hot({"a": thing("2"), "b": after(thing("2"), "a")}, {"a": output_of("a")}))
    await world.until(stack, "UPDATE_COMPLETE")
    now = await world.resources(stack)
    assert now["a"]["physical_resource_id"] == made or not made
    assert await world.output(stack, "a") == "2"
    assert [one for one, status in await world.events(stack) if status == "CREATE_COMPLETE"].count("a") == 1


async def test_an_action_that_takes_too_long_has_timed_out(new_world):
    world = new_world(stack_action_timeout=1)
    await world.start_engine()
    stack = await world.create(hot({"forever": thing(action_wait_secs={"create": 1000}), "done": thing()}))
    shown = await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    assert (shown["stack_status"], shown["stack_status_reason"]) == ("CREATE_FAILED", "Timed out")
    assert (await world.statuses(stack)) == {"forever": "CREATE_FAILED", "done": "CREATE_COMPLETE"}
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    await world.close()


@pytest.mark.every_database
async def test_another_engine_goes_on_where_one_stopped(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await world.create(hot({"a": thing(wait_secs=0.5), "b": after(thing("done"), "a")}, {"b": output_of("b")}))
    await world.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    await first.stop()
    assert (await world.show(stack))["stack_status"] == "CREATE_IN_PROGRESS"
    await world.start_engine()
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "b") == "done"
    await world.close()


@pytest.mark.parametrize("resources", [{"a": thing("same")}, {"a": thing("other"), "new": thing()}, {}])
async def test_preview_of_an_update_tells_what_the_update_does(world, resources):
    stack = await world.create(hot({"a": thing("same"), "b": thing("same")}))
    await world.until(stack, "CREATE_COMPLETE")
    before = await world.resources(stack)
    told = await world.preview(stack, hot(resources))
    await world.update(stack, hot(resources))
    await world.until(stack, "UPDATE_COMPLETE")
    now = await world.resources(stack)
    assert told["added"] == set(now) - set(before)
    assert told["deleted"] == set(before) - set(now)
    assert told["updated"] == {name for name, one in now.items() if one["resource_status"] == "UPDATE_COMPLETE"}
    assert told["unchanged"] == set(now) & set(before) - told["updated"]


# ---- refused requests change nothing ----


@pytest.mark.every_database
async def test_a_name_is_taken_once(world):
    await world.create(hot({}))
    with pytest.raises(StackExists):
        await world.create(hot({}))


async def test_all_problems_come_in_one_answer_and_nothing_is_stored(world):
    template = hot(
        {
            "a": {"type": "OS::Heat::TestResourse"},
            "b": {"type": "OS::Heat::TestResource", "properties": {"valeu": 1}},
            "c": thing({"get_attr": ["b", "outputt"]}),
        }
    )
    with pytest.raises(Invalid) as caught:
        await world.create(template)
    text = "\n".join(f"{one.message} {one.advice}" for one in caught.value.diagnostics)
    assert len(caught.value.diagnostics) == 3
    assert "OS::Heat::TestResource'" in text
    assert "'value'" in text
    assert "'output'" in text
    assert await world.names() == set()


async def test_circles_are_refused(world):
    with pytest.raises(Invalid) as caught:
        await world.create(hot({"a": after(thing(), "b"), "b": after(thing(), "a")}))
    assert caught.value.kind == "CircularDependencyException"


async def test_more_resources_than_allowed_are_refused(new_world):
    world = new_world(max_resources_per_stack=3)
    with pytest.raises(Invalid) as caught:
        await world.create(hot({f"r{n}": thing() for n in range(4)}))
    assert caught.value.kind == "RequestLimitExceeded"
    assert await world.names() == set()
    await world.close()


async def test_a_deleted_stack_can_neither_be_updated_nor_deleted(world):
    stack = await world.create(hot({}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    with pytest.raises(NotFound):
        await world.update(stack, hot({}))
    with pytest.raises(NotFound):
        await world.delete(stack)


async def test_a_stack_that_is_being_deleted_refuses_updates(world):
    stack = await world.create(hot({"a": thing(action_wait_secs={"delete": 1})}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    with pytest.raises(NotSupported):
        await world.update(stack, hot({}))


async def test_health_marks_wait_for_the_end_of_an_action(world):
    stack = await world.create(hot({"a": thing(wait_secs=0.5)}))
    with pytest.raises(ActionInProgress):
        await world.service.mark_unhealthy(world.caller, stack, "a", True, "broken")


async def test_a_resource_marked_unhealthy_is_replaced(world):
    template = hot({"a": thing()})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    before = (await world.resources(stack))["a"]["physical_resource_id"]
    await world.service.mark_unhealthy(world.caller, stack, "a", True, "broken")
    assert await world.statuses(stack) == {"a": "CHECK_FAILED"}
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["a"]["physical_resource_id"] != before


async def test_what_somebody_else_made_is_only_referred_to(world):
    template = hot({"other": {"type": "OS::Heat::TestResource", "external_id": "theirs"}, "own": thing()})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    assert (await world.resources(stack))["other"]["physical_resource_id"] == "theirs"
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    states = [status for name, status in await world.events(stack) if name == "other"]
    assert states[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


@pytest.mark.parametrize(
    ("restricted", "properties"), [("update", {"value": "2"}), ("replace", {"update_replace_value": "2"})]
)
async def test_restricted_actions_fail_and_change_nothing(world, restricted, properties):
    environment = {"resource_registry": {"resources": {"a": {"restricted_actions": restricted}}}}
    stack = await world.create(hot({"a": thing("1")}, {"a": output_of("a")}), environment=environment)
    await world.until(stack, "CREATE_COMPLETE")
    changed = {"type": "OS::Heat::TestResource", "properties": {"value": "1", **properties}}
    await world.update(stack, hot({"a": changed}, {"a": output_of("a")}), environment=environment)
    shown = await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    assert "ResourceActionRestricted: resources.a: " in shown["stack_status_reason"]
    assert await world.output(stack, "a") == "1"


async def test_a_plan_tells_old_and_new_values_but_no_secrets(world):
    def with_secret(word):
        return hot(
            {"a": thing("x"), "b": thing({"get_param": "secret"}), "c": thing(output_of("a"))},
            parameters={"secret": {"type": "string", "hidden": True, "default": word}},
        )

    stack = await world.create(with_secret("first-word"))
    await world.until(stack, "CREATE_COMPLETE")
    wanted = with_secret("second-word")
    wanted["resources"]["a"] = thing("y")
    told = {one["resource_name"]: one["change"] for one in await world.changes(stack, wanted)}
    assert told["a"]["properties"] == {"value": {"before": "x", "after": "y"}}
    assert told["b"]["properties"]["value"]["after"] == "******"
    assert told["c"]["properties"] == {"value": {"before": "x", "after": "(known after apply)"}}
    assert not told["c"]["certain"]
    assert "word" not in str(told)


async def test_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room(new_world):
    world = new_world(engine_lease=0.5)
    await world.start_engine()
    resources = {f"r{n}": thing(f"{n}", wait_secs=0.2) for n in range(200)}
    stack = await world.create(hot(resources, {"last": output_of("r199")}))
    await world.until_resource(stack, "r0", "CREATE_IN_PROGRESS")
    await world.fill_disk()
    with pytest.raises(Unavailable):
        await world.create(hot({f"r{n}": thing("x" * 1000) for n in range(100)}), name="other")
    assert (await world.show(stack))["stack_status"] == "CREATE_IN_PROGRESS"
    await world.free_disk()
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "last") == "199"
    assert [name for name, status in await world.events(stack) if status == "CREATE_COMPLETE"].count("r7") == 1
    await world.close()


async def test_an_update_may_read_what_nobody_had_read_before(world):
    stack = await world.create(hot({"a": thing("first"), "b": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    resources = {"a": thing("first"), "b": thing(output_of("a")), "c": thing(output_of("a"))}
    await world.update(stack, hot(resources, {"a": output_of("a"), "b": output_of("b"), "c": output_of("c")}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert [await world.output(stack, name) for name in "abc"] == ["first"] * 3


async def test_an_update_during_creation_may_read_what_nobody_had_read_before(world):
    resources = {"a": thing("first"), "b": after(thing("slow", wait_secs=0.3), "a"), "c": after(thing(), "b")}
    stack = await world.create(hot(resources))
    await world.until_resource(stack, "b", "CREATE_IN_PROGRESS")
    resources = {"a": thing("first"), "b": thing(output_of("a")), "c": after(thing(), "b")}
    await world.update(stack, hot(resources, {"a": output_of("a"), "b": output_of("b")}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert [await world.output(stack, name) for name in "ab"] == ["first"] * 2


async def test_an_update_that_is_not_allowed_leaves_the_resource_as_it_was(world):
    restricted = {"resource_registry": {"resources": {"a": {"restricted_actions": "update"}}}}
    stack = await world.create(hot({"a": thing("v1")}))
    await world.until(stack, "CREATE_COMPLETE")
    before = (await world.resources(stack))["a"]["physical_resource_id"]
    await world.update(stack, hot({"a": thing("v2")}), environment=restricted)
    shown = await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    assert "ResourceActionRestricted: resources.a: update is restricted" in shown["stack_status_reason"]
    assert ("a", "UPDATE_FAILED") in await world.events(stack)
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}
    await world.update(stack, hot({"a": thing("v2")}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["a"]["physical_resource_id"] == before


async def test_a_way_back_never_leads_to_what_had_failed(world):
    stack = await world.create(hot({"a": thing("1")}, {"said": output_of("a")}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, hot({"a": thing("2"), "b": after(thing(fail=True), "a")}))
    await world.until(stack, "UPDATE_FAILED")
    await world.service.action(world.caller, stack, "check")
    await world.until(stack, "CHECK_COMPLETE")
    bad = hot({"a": thing("3"), "c": after(thing(fail=True), "a")})
    await world.update(stack, bad, disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert set(await world.resources(stack)) == {"a"}
    assert await world.output(stack, "said") == "1"
