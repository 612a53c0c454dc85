"""`hearth serve engine --workers N`: several processes that look like one, whatever happens to any of them."""

import os
import pathlib
import re
import signal
import subprocess
import time
from collections import Counter

from acceptance_hearth import BIN, PROJECT
from acceptance_services import Deployment, Service, deployed

SECONDS = 60
STACK = {
    "heat_template_version": "2018-08-31",
    "resources": {f"r{n}": {"type": "OS::Heat::TestResource", "properties": {"value": "x"}} for n in range(20)},
}


def engines(deployment: Deployment, api: Service) -> Counter[str]:
    """How many engines there are, by status; as administrators see them."""
    url = f"{api.url}/v1/{deployment.users['admin'].get_project_id()}/services"
    return Counter(one["status"] for one in deployment.users["admin"].get(url).json()["services"])


def until(deployment: Deployment, api: Service, wanted: dict[str, int]) -> None:
    end = time.monotonic() + SECONDS
    while (found := engines(deployment, api)) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_worker_is_started_again_and_all_stop_in_order(tmp_path: pathlib.Path) -> None:
    with deployed(tmp_path, "[metrics]\nenabled = true") as deployment:
        api, engine = deployment.start("api"), deployment.start("engine", "--workers", "2")
        until(deployment, api, {"up": 2})
        first = int(engine.until(r"Worker 1 is process (\d+)")[1])
        os.kill(first, signal.SIGKILL)
        engine.until(rf"Worker 1 \(process {first}\) ended by SIGKILL; another one is started")
        until(deployment, api, {"up": 2, "down": 1})
        made = deployment.call(api, "POST", "/stacks", {"stack_name": "web", "template": STACK})
        assert made.status_code == 201
        deployment.until(api, "web", "CREATE_COMPLETE")
        engine.signal()
        assert engine.ended() == 0, engine.log
        workers = [int(one) for one in re.findall(r"Worker \d is process (\d+)", engine.log)]
        assert len(workers) == 3
        assert not any(map(is_there, workers))
        assert engines(deployment, api) == {"down": 1}


def test_workers_end_with_their_keeper(tmp_path: pathlib.Path) -> None:
    with deployed(tmp_path) as deployment:
        api, engine = deployment.start("api"), deployment.start("engine", "--workers", "2")
        until(deployment, api, {"up": 2})
        engine.process.kill()
        engine.ended()
        until(deployment, api, {})


def test_the_configuration_says_how_many_serve_the_api(tmp_path: pathlib.Path) -> None:
    with deployed(tmp_path, "[heat_api]\nworkers = 2") as deployment:
        api = deployment.start("api")
        for number in (1, 2):
            assert is_there(int(api.until(rf"Worker {number} is process (\d+)")[1]))
        assert deployment.call(api, "GET", "/stacks").status_code == 200
        api.signal()
        assert api.ended() == 0, api.log


def test_workers_that_are_still_starting_stop_in_order_too(tmp_path: pathlib.Path) -> None:
    configuration = tmp_path / "hearth.conf"
    configuration.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/hearth.sqlite\n")
    command = [BIN / "hearth", "serve", "engine", "--config-file", configuration, "--workers", "2", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as keeper:
        assert keeper.stderr is not None
        for line in keeper.stderr:
            if "Worker 2 is process" in line:  # which loads for a second or so before it serves
                break
        keeper.terminate()
        said = keeper.stderr.read()
    assert keeper.returncode == 0, said


def test_workers_that_cannot_start_say_why(tmp_path: pathlib.Path) -> None:
    configuration = tmp_path / "hearth.conf"
    configuration.write_text("[database]\nconnection = sqlite:////nowhere/at/all.sqlite\n")
    done = subprocess.run(
        [BIN / "hearth", "serve", "engine", "--config-file", configuration, "--workers", "2", "--port", "0"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert "A worker did not start" in done.stderr
    assert "/nowhere/at/all.sqlite" in done.stderr or "unable to open database file" in done.stderr
