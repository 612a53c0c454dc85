"""What a server gets for its first start, taken apart as cloud-init does, and what its parts do."""

import email
import json
import pathlib
import subprocess
from email.message import Message
from typing import Any

import pytest

from hearth.resources.nova import server_user_data

SCRIPT = "#!/bin/sh\necho one\n"
API = "https://controller:8000/v1/"


def parts(text: str) -> list[tuple[str, str | None, str]]:
    whole = email.message_from_string(text)
    found = whole.get_payload()
    assert isinstance(found, list)
    return [(one.get_content_type(), one.get_filename(), content(one)) for one in found if isinstance(one, Message)]


def content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def files(text: str) -> dict[str | None, str]:
    return {name: body for kind, name, body in parts(text) if kind == "text/x-cfninitdata"}


@pytest.mark.parametrize("text", ["", SCRIPT, "ünï"])
def test_raw_text_stays_as_it_is(text: str) -> None:
    assert server_user_data.built("RAW", text, {"a": 1}, API) == text


def test_the_cfn_tools_find_everything() -> None:
    text = server_user_data.built("HEAT_CFNTOOLS", SCRIPT, {"AWS::CloudFormation::Init": {"a": 1}}, API)
    assert [name for _, name, _ in parts(text)] == [
        "cloud-config",
        "boothook.sh",
        "part-handler.py",
        "cfn-userdata",
        "loguserdata.py",
        "cfn-init-data",
        "cfn-metadata-server",
        "cfn-boto-cfg",
    ]
    found = files(text)
    assert found["cfn-userdata"] == SCRIPT
    assert json.loads(found["cfn-init-data"]) == {"AWS::CloudFormation::Init": {"a": 1}}
    assert found["cfn-metadata-server"] == API
    assert {"is_secure = 1", "cfn_region_endpoint = controller"} < set(found["cfn-boto-cfg"].splitlines())


def test_the_cfn_tools_find_where_metrics_go() -> None:
    found = files(server_user_data.built("HEAT_CFNTOOLS", SCRIPT, {}, API, "http://watcher:8003/v1"))
    assert found["cfn-watch-server"] == "http://watcher:8003/v1"
    told = {"cloudwatch_region_name = heat", "cloudwatch_region_endpoint = watcher"}
    assert told < set(found["cfn-boto-cfg"].splitlines())


def test_an_agent_gets_the_metadata_and_the_text_as_a_part() -> None:
    text = server_user_data.built("SOFTWARE_CONFIG", "ünï", {"os-collect-config": {}}, API)
    assert [(name, body) for _, name, body in parts(text)][3:] == [
        (None, "ünï"),
        ("cfn-init-data", '{"os-collect-config": {}}'),
    ]


def test_parts_of_the_template_stay_parts() -> None:
    inner = server_user_data.built("SOFTWARE_CONFIG", SCRIPT, {})
    outer = server_user_data.built("SOFTWARE_CONFIG", inner, {})
    assert parts(outer)[3:] == parts(inner)


def test_what_is_not_there_is_left_out() -> None:
    assert set(files(server_user_data.built("HEAT_CFNTOOLS", "", {}))) == {"cfn-userdata"}


def test_the_handler_stores_files_for_their_owner_only(tmp_path: pathlib.Path) -> None:
    (code,) = (body for kind, _, body in parts(server_user_data.built("SOFTWARE_CONFIG", "", {})) if "handler" in kind)
    handler: dict[str, Any] = {}
    exec(code, handler)
    handler["FOLDERS"] = (str(tmp_path / "new"),)
    assert handler["list_types"]() == ["text/x-cfninitdata"]
    for kind, name, payload in (
        ("__begin__", None, None),
        ("text/x-cfninitdata", "../cfn-init-data", "ünï"),
        ("__end__", None, None),
    ):
        handler["handle_part"](None, kind, name, payload)
    stored = tmp_path / "new" / "cfn-init-data"
    assert stored.read_text() == "ünï"
    assert stored.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("script", "status"), [("#!/bin/sh\necho seen\nexit 3\n", 3), ("", 0)])
def test_the_script_is_run_and_logged(tmp_path: pathlib.Path, script: str, status: int) -> None:
    (runner,) = (
        body for _, name, body in parts(server_user_data.built("HEAT_CFNTOOLS", "", {})) if name == "loguserdata.py"
    )
    log = tmp_path / "log"
    runner = runner.replace("/var/lib/heat-cfntools", str(tmp_path)).replace("/var/log/heat-provision.log", str(log))
    (tmp_path / "cfn-userdata").write_text(script)
    assert subprocess.run(["/bin/sh", "-c", runner], check=False).returncode == status
    assert ("seen" in log.read_text()) is bool(script)
    assert f"exit status {status}" in log.read_text()
    assert (tmp_path / "provision-finished").exists()
