"""Published templates, unchanged, by both commands: create, update, delete, nothing left behind."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from acceptance_hearth import TEMPLATES, Hearth

Check = Callable[[], None]


def changed(folder: pathlib.Path) -> pathlib.Path:
    """The network example with two more servers."""
    text = (TEMPLATES / "servers_in_new_neutron_net.yaml").read_text()
    assert "count: 1\n" in text
    path = folder / "changed.yaml"
    path.write_text(text.replace("count: 1\n", "count: 3\n"))
    return path


def servers_of(hearth: Hearth, stack: str) -> list[dict[str, Any]]:
    found = hearth.get("orchestration", f"/stacks/{stack}/resources?nested_depth=2")["resources"]
    ids = [one["physical_resource_id"] for one in found if one["resource_type"] == "OS::Nova::Server"]
    return [hearth.get("compute", f"/servers/{server}")["server"] for server in ids]


def check_network(hearth: Hearth, stack: str, servers: int, subnet_name: str) -> None:
    assert [one["status"] for one in servers_of(hearth, stack)] == ["ACTIVE"] * servers
    subnets = [one["name"] for one in hearth.get("network", "/v2.0/subnets")["subnets"]]
    assert subnet_name in subnets


def test_network_example_by_the_hearth_command(hearth: Hearth, clean: Check, tmp_path: pathlib.Path) -> None:
    template = str(TEMPLATES / "servers_in_new_neutron_net.yaml")
    assert hearth.hearth("stack", "create", "-t", template, "net-h")["stack_status"] == "CREATE_COMPLETE"
    check_network(hearth, "net-h", 1, "private_test_subnet")
    first = {one["id"] for one in servers_of(hearth, "net-h")}

    arguments = ["-t", str(changed(tmp_path)), "-P", "private_subnet_name=other"]
    planned = hearth.hearth("stack", "plan", *arguments, "net-h")["document"]["stack"]
    plan = {(one["name"], one["change"]) for one in planned["resources"]}
    assert {("private_subnet", "update"), ("servers", "update"), ("private_net", "keep")} <= plan
    assert hearth.hearth("stack", "update", *arguments, "net-h")["stack_status"] == "UPDATE_COMPLETE"
    check_network(hearth, "net-h", 3, "other")
    assert first < {one["id"] for one in servers_of(hearth, "net-h")}

    assert hearth.run("hearth", "stack", "delete", "--yes", "net-h").returncode == 0
    clean()


def test_network_example_by_the_openstack_command(hearth: Hearth, clean: Check, tmp_path: pathlib.Path) -> None:
    template = str(TEMPLATES / "servers_in_new_neutron_net.yaml")
    created = hearth.openstack("stack", "create", "--wait", "-t", template, "net-o")
    assert created["stack_status"] == "CREATE_COMPLETE"
    check_network(hearth, "net-o", 1, "private_test_subnet")
    arguments = ["-t", str(changed(tmp_path)), "--parameter", "private_subnet_name=other"]
    updated = hearth.openstack("stack", "update", "--wait", *arguments, "net-o")
    assert updated["stack_status"] == "UPDATE_COMPLETE"
    check_network(hearth, "net-o", 3, "other")
    resources = hearth.openstack("stack", "resource", "list", "net-o")
    assert {one["resource_name"] for one in resources} == {
        "private_net",
        "private_subnet",
        "router",
        "router_interface",
        "servers",
    }
    hearth.openstack("stack", "delete", "--yes", "--wait", "net-o", fmt=False)
    clean()


@pytest.mark.parametrize("command", ["hearth", "openstack"])
def test_output_example(hearth: Hearth, clean: Check, command: str) -> None:
    template, name = str(TEMPLATES / "server_with_output.yaml"), f"out-{command}"
    if command == "hearth":
        outputs = hearth.hearth("stack", "create", "-t", template, "-P", f"server_name={name}", name)["outputs"]
        address = outputs["server_ip"]
    else:
        arguments = ["--parameter", f"server_name={name}", name]
        hearth.openstack("stack", "create", "--wait", "-t", template, *arguments)
        address = hearth.openstack("stack", "output", "show", name, "server_ip")["output_value"]
    [server] = servers_of(hearth, name)
    assert server["name"] == name
    expected = [one["addr"] for one in server["addresses"]["private"]]
    assert address == expected or address == str(expected)
    if command == "hearth":
        assert hearth.run("hearth", "stack", "delete", "--yes", name).returncode == 0
    else:
        hearth.openstack("stack", "delete", "--yes", "--wait", name, fmt=False)


def test_our_own_example(hearth: Hearth, clean: Check) -> None:
    made = hearth.hearth("stack", "create", "-t", "examples/demo.yaml", "-P", "count=2", "own")
    addresses = made["outputs"]["addresses"]
    floating = hearth.get("network", "/v2.0/floatingips")["floatingips"]
    assert sorted(addresses) == sorted(one["floating_ip_address"] for one in floating)
    assert len(addresses) == 2
    assert hearth.run("hearth", "stack", "delete", "--yes", "own").returncode == 0
