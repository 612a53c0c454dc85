"""Stacks made as somebody else, with credentials that the key manager keeps."""

import json
from collections.abc import Callable
from typing import Any

import requests
from acceptance_hearth import Hearth
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

TEMPLATE = """
heat_template_version: 2021-04-16
parameters:
  secret: {type: string}
resources:
  there:
    type: OS::Heat::Stack
    properties:
      context: {credential_secret_id: {get_param: secret}, region_name: RegionOne}
      template: |
        heat_template_version: 2021-04-16
        resources: {thing: {type: OS::Heat::RandomString}}
        outputs: {project: {value: {get_param: "OS::project_id"}}}
outputs:
  project: {value: {get_attr: [there, outputs, project]}}
"""


def as_admin(hearth: Hearth) -> dict[str, str]:
    return {
        "auth_url": f"{hearth.url}/identity/v3",
        "username": "admin",
        "password": "secret",
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }


def keep(hearth: Hearth, content: str) -> str:
    """Put a text into the key manager as user demo; the reference of the secret."""
    token = hearth.openstack("token", "issue")["id"]
    body = {"name": "credentials", "payload": content, "payload_content_type": "text/plain"}
    headers = {"X-Auth-Token": token}
    answer = requests.post(f"{hearth.url}/key-manager/v1/secrets", json=body, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret_ref"])


def inside(listed: dict[str, Any]) -> list[str]:
    """The stacks that were made by the template's stack; an administrator's list has those of all projects."""
    return [one["stack_name"] for one in listed["stacks"] if one["stack_name"].startswith("here-there-")]


def test_a_stack_is_made_in_the_project_of_the_credentials(
    hearth: Hearth, clean: Callable[[], None], tmp_path: Any
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    admin = as_admin(hearth)
    there = keystone.Session(v3.Password(**admin))
    where = {"endpoint_filter": {"service_type": "orchestration", "region_name": "RegionOne"}}
    secret = keep(hearth, json.dumps({"auth_type": "v3password", "auth": admin}))

    hearth.openstack("stack", "create", "-t", str(template), "--parameter", f"secret={secret}", "--wait", "here")
    (output,) = hearth.get("orchestration", "/stacks/here")["stack"]["outputs"]
    assert output["output_value"] == there.get_project_id()
    assert len(inside(there.get("/stacks", **where).json())) == 1

    hearth.openstack("stack", "delete", "--yes", "--wait", "here", fmt=False)
    assert inside(there.get("/stacks", **where).json()) == []


def test_a_secret_without_credentials_is_told_without_showing_it(
    hearth: Hearth, clean: Callable[[], None], tmp_path: Any
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    secret = keep(hearth, "open sesame")
    given = ["-t", str(template), "--parameter", f"secret={secret}", "--wait", "here"]
    refused = hearth.run("openstack", "stack", "create", *given)
    assert refused.returncode == 1
    assert "holds no credentials: it is no JSON" in refused.stderr
    assert "sesame" not in refused.stdout + refused.stderr
