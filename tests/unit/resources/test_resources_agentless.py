"""Deployments to servers that run no agent are refused with their place, before anything is made."""

from typing import Any

import pytest

from hearth.model.diagnostics import Findings
from hearth.resources import blueprint, registry
from hearth.template import environment

BUILDER = blueprint.Builder(registry.TypeRegistry(), 100_000)


def problems(server: dict[str, Any], kind: str, where: dict[str, Any]) -> Findings:
    made = {"image": "cirros", "flavor": "m1.tiny", **server}
    template = {
        "heat_template_version": "2018-08-31",
        "resources": {
            "server": {"type": "OS::Nova::Server", "properties": made},
            "it": {"type": f"OS::Heat::{kind}", "properties": {"signal_transport": "NO_SIGNAL", **where}},
        },
    }
    _, findings = BUILDER.build(template, environment.Environment(), {}, blueprint.Surroundings.nowhere())
    return findings


@pytest.mark.parametrize(
    ("kind", "where", "path"),
    [
        ("SoftwareDeployment", {"server": {"get_resource": "server"}}, ("server",)),
        ("StructuredDeployment", {"server": {"get_resource": "server"}}, ("server",)),
        ("SoftwareDeploymentGroup", {"servers": {"one": {"get_resource": "server"}}}, ("servers", "one")),
    ],
)
@pytest.mark.parametrize("server", [{}, {"user_data_format": "RAW"}])
def test_the_server_must_have_an_agent(
    server: dict[str, Any], kind: str, where: dict[str, Any], path: tuple[str, ...]
) -> None:
    (problem,) = problems(server, kind, where)
    assert problem.place.path == ("resources", "it", "properties", *path)
    assert server.get("user_data_format", "HEAT_CFNTOOLS") in problem.message
    assert problem.advice == "Set user_data_format of server to SOFTWARE_CONFIG."


@pytest.mark.parametrize(
    ("server", "where"),
    [
        ({"user_data_format": "SOFTWARE_CONFIG"}, {"server": {"get_resource": "server"}}),
        ({}, {"server": "one of another stack"}),
    ],
)
def test_others_pass(server: dict[str, Any], where: dict[str, Any]) -> None:
    assert list(problems(server, "SoftwareDeployment", where)) == []
