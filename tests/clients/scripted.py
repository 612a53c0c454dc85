"""Runs a client whose cases are a script or a tool of its own, and reads what each case came to.

Called by `run.py`. A client here is told in its own language - a script of cases, a playbook, a task - and says itself
whether what it got was right; nothing is compared afterwards.
"""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sites import Site

HERE = pathlib.Path(__file__).parent
TEMPLATES = HERE / "templates"
PASSES, FAILS = "passes", "fails"
#: Characters of a problem that are kept.
SHOWN = 600


def sdk(site: Site, python: pathlib.Path, only: str) -> dict[str, dict[str, Any]]:
    """openstacksdk, by `sdk/cases.py`."""
    return dict(_told(site, [python, HERE / "sdk" / "cases.py", *([only] if only else [])]))


def _told(
    site: Site, command: list[Any], environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cases of a script that prints a line `{case, problem}` for each."""
    with subprocess.Popen(
        command, env=environment or site.environment, cwd=site.folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            told = json.loads(line)
            yield told["case"], result(site, told["case"], told["problem"])


def result(site: Site, case: str, problem: str | None) -> dict[str, Any]:
    """What is kept of a case; told on the way."""
    print(f"{site.name:16} {FAILS if problem else PASSES} {case} {(problem or '')[:SHOWN]}", flush=True)
    return {"result": FAILS if problem else PASSES, **({"problem": problem[:SHOWN]} if problem else {})}


def ansible(site: Site, python: pathlib.Path, only: str) -> dict[str, dict[str, Any]]:
    """Ansible's collection openstack.cloud, by `ansible/playbook.yaml`; each play of it is a case."""
    environment = site.environment | {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_LOCAL_TEMP": str(site.folder / "ansible"),
        "ANSIBLE_HOME": str(site.folder / "ansible"),
        "ANSIBLE_PYTHON_INTERPRETER": str(python),
    }
    playbook = HERE / "ansible" / "playbook.yaml"
    given = json.dumps({"templates": str(TEMPLATES)})
    done = subprocess.run(
        [python.parent / "ansible-playbook", "-i", "localhost,", "-c", "local", playbook, "-e", given],
        env=environment,
        cwd=site.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        plays = json.loads(done.stdout)["plays"]
    except ValueError:
        raise SystemExit(f"ansible-playbook: {done.stdout[-SHOWN:]} {done.stderr[-SHOWN:]}") from None
    found = {}
    for play in plays:
        tasks = [task["hosts"]["localhost"] for task in play["tasks"]]
        bad = [task for task in tasks if task.get("failed") or task.get("unreachable")]
        told = [f"{task.get('assertion', '')} {task.get('msg', '')}".strip() for task in bad]
        name = play["play"]["name"]
        found[name] = result(site, name, "; ".join(told) or None)
    return found


def rally(site: Site, python: pathlib.Path, only: str) -> dict[str, dict[str, Any]]:
    """rally-openstack, by `rally/task.yaml`; each subtask of it is a case."""
    tool = [str(python.parent / "rally"), "--config-file", str(site.folder / "rally.conf")]
    (site.folder / "rally.conf").write_text(f"[database]\nconnection = sqlite:///{site.folder}/rally.db\n")
    user = {name: value for name, value in site.user.items() if name != "auth_url"}
    platform = {
        "auth_url": site.user["auth_url"],
        "region_name": site.region,
        "users": [user],
    }
    (site.folder / "platform.json").write_text(json.dumps({"existing@openstack": platform}))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*tool, *arguments], env=site.environment, cwd=site.folder, capture_output=True, text=True, check=False
        )
        print(done.stdout[-SHOWN:] if done.returncode else "", done.stderr[-SHOWN:] if done.returncode else "")
        return done.stdout

    run("db", "recreate")
    run("env", "create", "--name", "clients", "--spec", str(site.folder / "platform.json"))
    names = json.dumps({"templates": str(TEMPLATES)} | _server(site))
    run("task", "start", "--env", "clients", str(HERE / "rally" / "task.yaml"), "--task-args", names)
    task = run("task", "list", "--env", "clients", "--uuids-only").split()[-1]
    run("task", "report", task, "--json", "--out", str(site.folder / "rally.json"))
    report = json.loads((site.folder / "rally.json").read_text())
    found = {}
    for subtask in report["tasks"][0]["subtasks"]:
        problems = []
        for workload in subtask["workloads"]:
            problems += [" ".join(map(str, one["error"][:2])) for one in workload["data"] if one["error"]]
            problems += [one["detail"] for one in workload["sla_results"]["sla"] if not one["success"]]
        found[subtask["title"]] = result(site, subtask["title"], "; ".join(problems) or None)
    return found


def _server(site: Site) -> dict[str, str]:
    """An image, a flavor and a network for servers."""
    with contextlib.closing(site.connection()) as cloud:
        return {
            "image": next(one.name for one in cloud.image.images() if "cirros" in one.name),
            "flavor": min((one for one in cloud.compute.flavors() if one.disk), key=lambda one: one.ram).name,
            "network": next(one.name for one in cloud.network.networks() if not one.is_router_external),
        }


def horizon(site: Site, python: pathlib.Path, only: str) -> dict[str, dict[str, Any]]:
    """Horizon with heat-dashboard in Chromium, by `horizon/browser.py`; screenshots stay in the folder of the site."""
    packages = python.parents[1] / "lib"
    dashboard = next(packages.glob("python*/site-packages/openstack_dashboard"))
    for panel in (dashboard.parent / "heat_dashboard" / "enabled").glob("_1*.py"):
        shutil.copy(panel, dashboard / "local" / "enabled")
    shutil.copy(HERE / "horizon" / "local_settings.py", dashboard / "local")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = site.environment | {
        "DJANGO_SETTINGS_MODULE": "openstack_dashboard.settings",
        "HORIZON_FOLDER": str(site.folder),
        "HORIZON_KEYSTONE": site.user["auth_url"],
        "HORIZON_REGION": site.region,
        "HORIZON_URL": f"http://{address}",
        "HORIZON_USER": site.user["username"],
        "HORIZON_PASSWORD": site.user["password"],
    }
    command = [python, "-m", "django", "runserver", "--noreload", "--insecure", "--skip-checks", address]
    with (site.folder / "horizon.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, cwd=site.folder, stdout=log, stderr=log)
    try:
        while server.poll() is None and not _answers(address):
            time.sleep(1)
        return dict(_told(site, [python, HERE / "horizon" / "browser.py"], environment))
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False
