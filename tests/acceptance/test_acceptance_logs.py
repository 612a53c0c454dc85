"""The log of a real process: each line names the request, none tells a secret."""

import json
import pathlib
from typing import Any

import requests
from acceptance_hearth import Hearth

GIVEN = "req-0f6f0ea4-8d2b-4b8c-9d8f-2a0e5a6f7b8c"
HIDDEN = "canary-of-a-hidden-parameter"
WRITTEN = "canary-in-user-data"
TEMPLATE = f"""
heat_template_version: 2018-08-31
parameters:
  word: {{type: string, hidden: true}}
resources:
  handle: {{type: OS::Heat::WaitConditionHandle}}
  value: {{type: OS::Heat::TestResource, properties: {{value: {{get_param: word}}}}}}
  server:
    type: OS::Nova::Server
    properties:
      image: cirros
      flavor: m1.tiny
      networks: [{{network: private}}]
      admin_pass: {{get_param: word}}
      user_data: {WRITTEN}
"""


def test_lines_name_the_request_and_tell_no_secret(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "as-json.log"
    options = tmp_path / "hearth.conf"
    options.write_text(f"[DEFAULT]\ndebug = true\nuse_json = true\nlog_file = {log}\n")
    own = Hearth(tmp_path / "data", "--build-seconds", "0", "--config-file", str(options))
    own.up()
    try:
        token, project = own.token()
        url = f"{own.url}/orchestration/v1/{project}/stacks"
        body = {"stack_name": "logged", "template": TEMPLATE, "parameters": {"word": HIDDEN}}
        headers = {"X-Auth-Token": token, "X-OpenStack-Request-ID": GIVEN}
        answer = requests.post(url, json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        asked = answer.headers["X-OpenStack-Request-ID"]
        own.until("logged", "CREATE_COMPLETE")
        broken = requests.post(url, data=b'{"template": "' + HIDDEN.encode(), headers=headers, timeout=30)
        assert broken.status_code == 400
        signed = own.get("orchestration", f"/stacks/logged/{answer.json()['stack']['id']}/resources/handle")
        assert requests.get(f"{own.url}/cloudformation/v1?Action=ListStacks&Signature=x", timeout=30).status_code == 403
        assert signed
        assert own.run("hearth", "stack", "delete", "--yes", "logged").returncode == 0
        secrets = [HIDDEN, WRITTEN, token, (own.folder / "secret.key").read_text(), "Signature=x"]
    finally:
        own.down()

    text = log.read_text()
    assert [one for one in secrets if one in text] == []
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    of_request = [line for line in lines if line["context"].get("request_id") == asked]
    assert {line["context"]["global_request_id"] for line in of_request} == {GIVEN}
    assert {line["context"]["project_id"] for line in of_request} >= {project}
    said = [line["message"] for line in of_request]
    assert any("CREATE started" in one for one in said)
    assert any("CREATE COMPLETE" in one for one in said)
    # What the engine asked of a service stands beside the id under which that service tells of it.
    assert any(one.startswith("POST of the compute service: 202 req-") for one in said)
    assert any('"POST /orchestration/v1/' in one and "status: 201" in one for one in said)
