"""Metrics as Prometheus reads them: what a stack's life leaves in them, and nothing of what users name."""

import pathlib
import socket

import requests
from acceptance_hearth import Hearth
from prometheus_client import parser

NAME = "canary-of-a-stack"
TEMPLATE = """
heat_template_version: 2018-08-31
resources:
  canary-resource: {type: OS::Heat::RandomString}
  net: {type: OS::Neutron::Net, properties: {name: canary-net}}
  inner: {type: canary-type.yaml}
"""
INNER = "{heat_template_version: 2018-08-31, resources: {value: {type: OS::Heat::TestResource}}}"

Samples = dict[tuple[str, ...], float]


def read(url: str) -> tuple[str, dict[str, Samples]]:
    """The page, and `{sample: {values of its labels: value}}`."""
    text = requests.get(f"{url}/metrics", timeout=30).text
    found: dict[str, Samples] = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels[key] for key in sorted(sample.labels))] = sample.value
    return text, found


def test_a_stack_is_counted_and_nobody_is_named(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = tmp_path / "hearth.conf"
    options.write_text(f"[metrics]\nenabled = true\nport = {port}\n")
    own = Hearth(tmp_path / "data", "--build-seconds", "0", "--config-file", str(options))
    own.up()
    try:
        token, project = own.token()
        url, headers = f"{own.url}/orchestration/v1/{project}", {"X-Auth-Token": token}
        body = {"stack_name": NAME, "template": TEMPLATE, "files": {"canary-type.yaml": INNER}}
        assert requests.post(f"{url}/stacks", json=body, headers=headers, timeout=30).status_code == 201
        own.until(NAME, "CREATE_COMPLETE")
        assert requests.get(f"{url}/stacks/canary-missing", headers=headers, timeout=30).status_code == 404
        assert requests.get(f"{own.url}/orchestration/canary", timeout=30).status_code == 404
        text, found = read(f"http://127.0.0.1:{port}")
        assert requests.get(f"{own.url}/metrics", timeout=30).status_code == 404  # it has a port of its own
    finally:
        own.down()

    assert "canary" not in text.lower()
    assert project not in text
    stacks = "/v1/{tenant_id}/stacks"
    requests_seen = found["hearth_http_requests_total"]
    assert requests_seen["api", "POST", stacks, "201"] == 1
    assert requests_seen["api", "GET", stacks + "/{stack_name}", "404"] == 1
    assert requests_seen["api", "GET", "(other)", "404"] == 1
    assert found["hearth_http_request_seconds_count"]["api", "POST", stacks] == 1
    moves = found["hearth_engine_moves_total"]
    assert moves["CREATE", "done", "OS::Neutron::Net"] == 1
    assert moves["CREATE", "done", "(other)"] == 1
    assert found["hearth_engine_node_seconds_count"]["CREATE", "OS::Heat::RandomString"] == 1
    assert found["hearth_cloud_calls_total"]["POST", "network", "201"] == 1
    assert found["hearth_stacks"] == {("CREATE", "COMPLETE"): 1}
    assert found["hearth_nodes"] == {("waiting",): 0, ("ready",): 0, ("claimed",): 0, ("parked",): 0}
    assert found["hearth_engine_nodes_held"][()] == 0
    for name in ("hearth_store_commit_units", "hearth_store_commit_seconds", "hearth_engine_commit_moves"):
        assert found[f"{name}_count"][()] > 0
