"""The API's description of itself: whole, served to everybody, and true.

Schemathesis calls each operation with what the description allows, and with what it does not: once, or as often as
`HEARTH_TEST_EXAMPLES` says. An answer that is not described, or a failure of the service, fails the test.
"""

import asyncio
import contextlib
import copy
import os
from typing import Any

import hypothesis

from hearth.api import described, openapi, routes

EXAMPLES = int(os.environ.get("HEARTH_TEST_EXAMPLES", "1"))
#: What goes on for ever is followed elsewhere.
_ENDLESS = "/events/stream"
TEMPLATE = {"heat_template_version": "2021-04-16", "resources": {"a": {"type": "OS::Heat::RandomString"}}}


def test_each_handler_is_described_and_nothing_else() -> None:
    handlers = {one.handler for operations in routes.ROUTES.values() for one in operations.values()}
    assert handlers == set(described.DESCRIBED)


def test_each_operation_has_a_summary_and_an_identifier_of_its_own() -> None:
    every = [one for at in openapi.document()["paths"].values() for one in at.values()]
    assert all(one["summary"] for one in every)
    assert len({one["operationId"] for one in every}) == len(every)


async def test_it_is_served_without_a_token(demo: Any) -> None:
    async with demo.http.get(f"{demo.base}/v1/openapi.json") as served:
        assert served.status == 200
        assert served.content_type == "application/json"
        assert (await served.json())["openapi"] == "3.1.0"


async def test_a_line_break_in_an_address_is_answered_as_anything_else(demo: Any) -> None:
    status, answer, _ = await demo.call("GET", "plans/%0Anobody")
    assert (status, answer["error"]["type"]) == (404, "EntityNotFound")


def _about(document: Any, known: dict[str, str]) -> Any:
    """The description with variables of paths that name what there is, besides what there is not."""
    told = copy.deepcopy(document)
    for at in told["paths"].values():
        for operation in at.values():
            for parameter in operation["parameters"]:
                name = parameter["name"]
                if name == "tenant_id":
                    parameter["schema"] = {"enum": [known[name]]}
                elif name in known:
                    parameter["schema"] = {"enum": [known[name], "nobody"]}
    return told


def _call(operation: Any, mode: Any, base: str, token: str, wrong: list[str]) -> None:
    from schemathesis import checks  # seconds to load

    true = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    def ask(case: Any) -> None:
        answer = case.call(base_url=base, headers={"X-Auth-Token": token}, allow_redirects=False, timeout=60)
        try:
            case.validate_response(answer, checks=true)
        except (Exception, BaseExceptionGroup) as failure:  # all are gathered, so that one run shows every difference
            wrong.append(f"{operation.label} [{mode.name}] {answer.status_code} {failure!r} {answer.text[:300]}")

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # nothing can be wrong where nothing is given
        ask()


async def test_every_answer_is_one_that_is_described(demo: Any) -> None:
    import schemathesis  # seconds to load

    _, made, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": TEMPLATE})
    known = {
        "tenant_id": demo.tenant,
        "stack_name": "web",
        "stack_id": made["stack"]["id"],
        "resource_name": "a",
        "type_name": "OS::Heat::RandomString",
        "template_version": "heat_template_version.2021-04-16",
    }
    schema = schemathesis.openapi.from_dict(_about(openapi.document(), known))
    operations = [one.ok() for one in schema.get_all_operations()]
    wrong: list[str] = []
    for operation in sorted(operations, key=lambda one: one.method == "delete"):
        for mode in schemathesis.GenerationMode:
            if not operation.path.endswith(_ENDLESS):
                await asyncio.to_thread(_call, operation, mode, demo.base, demo.token, wrong)
    assert wrong == []
