"""Starting, stopping, finding out: `hearth up`, `down`, `status`, `demo`."""

import json
import pathlib
import re
import socket
import subprocess

from acceptance_hearth import BIN, PROJECT, Hearth


def test_up_status_down(tmp_path: pathlib.Path) -> None:
    own = Hearth(tmp_path / "data folder")
    arguments = ("--data-dir", str(own.folder))
    assert own.run("hearth", "status", *arguments).returncode == 3
    own.up()
    status = own.run("hearth", "status", *arguments, "-f", "json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["state"] == "running"
    again = own.run("hearth", "up", "--detach", *arguments)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert own.openstack("catalog", "list")
    own.down()
    assert own.run("hearth", "status", *arguments).returncode == 3
    assert "No Hearth runs" in own.run("hearth", "down", *arguments).stderr


def test_what_was_made_is_there_after_a_restart(tmp_path: pathlib.Path) -> None:
    own = Hearth(tmp_path, "--build-seconds", "0")
    own.up()
    own.hearth("stack", "create", "-t", "examples/server.yaml", "stays")
    before = own.contents()
    own.down()
    own.up()
    try:
        assert own.contents() == before
        assert own.hearth("stack", "outputs", "stays", "address")["output_value"]
        assert own.run("hearth", "stack", "delete", "--yes", "stays").returncode == 0
    finally:
        own.down()


def test_a_start_that_fails_says_why(tmp_path: pathlib.Path) -> None:
    own = Hearth(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = own.run("hearth", "up", "--detach", "--data-dir", str(tmp_path), "--port", port)
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1 port {port}" in refused.stderr


def test_the_demo_runs_to_its_end_without_a_terminal(tmp_path: pathlib.Path) -> None:
    own = Hearth(tmp_path)
    done = own.run("hearth", "demo", "--data-dir", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    assert "demo: CREATE_COMPLETE" in done.stderr
    assert "demo: DELETE_COMPLETE" in done.stderr
    assert "addresses" in done.stdout
    assert own.run("hearth", "status", "--data-dir", str(tmp_path / "demo")).returncode == 3


def test_the_commands_of_the_readme_run_as_they_stand(tmp_path: pathlib.Path) -> None:
    readme = (PROJECT / "README.md").read_text()
    [commands] = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    # Only the place and the port are ours: other tests and people use theirs at the same time.
    script = commands.replace(".demo", "$SCRATCH").replace("$PWD/$SCRATCH", "$SCRATCH")
    script = script.replace("hearth up", "hearth up --port 0")
    own = Hearth(tmp_path / "scratch")
    path = f"{BIN}:{own.environment['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-euc", script],
            env={**own.environment, "SCRATCH": str(own.folder), "PATH": path},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "hello" in done.stdout
        assert "ACTIVE" in done.stdout
    finally:
        own.run("hearth", "down", "--data-dir", str(own.folder))
