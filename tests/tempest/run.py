"""Runs the tests of heat-tempest-plugin against two orchestration services of one cloud, and compares.

    python3 -m venv tempest && tempest/bin/pip install -r tests/tempest/requirements.txt
    tempest/bin/python tests/tempest/run.py --heat orchestration --hearth orchestration-hearth

Both services are in the catalog, each under a type of its own (or, with `--heat-region` and `--hearth-region`, under
one type in two regions). Who asks comes from OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME,
OS_USER_DOMAIN_NAME and OS_PROJECT_DOMAIN_NAME; tests that need an administrator take ADMIN_USERNAME, ADMIN_PASSWORD and
ADMIN_PROJECT_NAME.

Prints a line for each test; exits with 1 when one passes on Heat and not on Hearth. `--document FILE` also puts the
table between the two `tempest` marks of a Markdown file. `--keep FILE` remembers what Heat answered, and takes it from
there the next time.

Scenarios that wait for what runs in servers are left out, unless `--guests` says that the cloud runs it. `--notify`
names the script heat-config-notify of the source package heat-agents, `--credential SECRET` a secret in Barbican with
credentials of a cloud (`{"auth_type": ..., "auth": {...}}`); tests that need them are skipped, or fail, without.
"""

import argparse
import configparser
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping

import heat_tempest_plugin
import subunit
import testtools

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # a script finds what lies beside it only

import marked_tables

PLUGIN = "heat_tempest_plugin.tests"
MARK = "<!-- tempest: written by tests/tempest/run.py -->"
PASSED, SKIPPED, FAILED = "passes", "skipped", "fails"
_RESULTS = {"success": PASSED, "skip": SKIPPED, "xfail": PASSED}
#: Scenarios in which a server does something.
_IN_SERVERS = frozenset(
    f"test_{name}"
    for name in ("octavia_lbaas", "server_cfn_init", "server_signal", "server_software_config", "volumes")
)
#: A tag that hides stacks by default.
_HIDING = "data-processing-cluster"
#: A failed test is given this long to wait for a state (seconds).
PATIENCE = 240


@dataclasses.dataclass(frozen=True)
class Service:
    """Where in the catalog a service is."""

    name: str
    service_type: str
    region: str


def modules(wanted: str, *, guests: bool) -> list[str]:
    """The plugin's test modules whose names match."""
    folder = pathlib.Path(heat_tempest_plugin.__file__).parent / "tests"
    parts = ("api", "functional", "scenario")
    found = [path for part in parts for path in sorted((folder / part).glob("test_*.py"))]
    found = [path for path in found if guests or path.stem not in _IN_SERVERS]
    names = [f"{PLUGIN}.{path.parent.name}.{path.stem}" for path in found]
    return [name for name in names if re.search(wanted, name)]


def configuration(service: Service, arguments: argparse.Namespace) -> str:
    """The text of tempest.conf."""
    given = configparser.ConfigParser()
    given["service_available"] = dict.fromkeys(("heat", "nova", "neutron", "glance", "cinder", "swift"), "true")
    given["service_available"]["zaqar"] = "true" if arguments.zaqar else "false"
    given["heat_plugin"] = {
        "auth_url": os.environ["OS_AUTH_URL"],
        "username": os.environ["OS_USERNAME"],
        "password": os.environ["OS_PASSWORD"],
        "project_name": os.environ["OS_PROJECT_NAME"],
        "user_domain_name": os.environ.get("OS_USER_DOMAIN_NAME", "Default"),
        "project_domain_name": os.environ.get("OS_PROJECT_DOMAIN_NAME", "Default"),
        "admin_username": os.environ.get("ADMIN_USERNAME", ""),
        "admin_password": os.environ.get("ADMIN_PASSWORD", ""),
        "admin_project_name": os.environ.get("ADMIN_PROJECT_NAME", "admin"),
        "catalog_type": service.service_type,
        "region": service.region,
        "instance_type": arguments.flavor,
        "minimal_instance_type": arguments.flavor,
        "image_ref": arguments.image,
        "minimal_image_ref": arguments.image,
        "fixed_network_name": arguments.network,
        "network_for_ssh": arguments.network,
        "fixed_subnet_name": arguments.subnet,
        "floating_network_name": arguments.floating,
        "build_timeout": str(arguments.patience),
        "build_interval": "1",
        "hidden_stack_tag": _HIDING,
        "heat_config_notify_script": arguments.notify,
        "credential_secret_id": arguments.credential,
    }
    given["heat_features_enabled"] = {"multi_cloud": str(bool(arguments.credential)).lower()}
    with tempfile.TemporaryFile("w+") as file:
        given.write(file)
        file.seek(0)
        return file.read()


def run(service: Service, names: Iterable[str], arguments: argparse.Namespace) -> dict[str, str]:
    """`{test: result}` of one service; failures are told on the way, with the end of their traceback."""
    results: dict[str, str] = {}

    def note(test: Mapping[str, object]) -> None:
        if test["status"] == "exists":
            return
        name = re.sub(r"\[.*\]$", "", str(test["id"])).removeprefix(f"{PLUGIN}.")
        results[name] = _RESULTS.get(str(test["status"]), FAILED)
        print(f"{service.name:8} {results[name]:8} {name}", file=sys.stderr, flush=True)
        if results[name] == FAILED:
            details = test["details"]
            assert isinstance(details, dict)
            told = details.get("traceback") or details.get("reason")
            if told is not None:
                print("    " + "\n    ".join(told.as_text().strip().splitlines()[-12:]), file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "tempest.conf").write_text(configuration(service, arguments))
        environment = os.environ | {"TEMPEST_CONFIG_DIR": folder, "TEMPEST_CONFIG": "tempest.conf"}
        # Tests run programs that are installed beside the plugin.
        environment["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        stream = testtools.StreamToDict(note)
        for name in names:
            command = [sys.executable, "-m", "subunit.run", name]
            with subprocess.Popen(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as tests:
                stream.startTestRun()
                subunit.ByteStreamToStreamResult(tests.stdout, non_subunit_name="stdout").run(stream)
                stream.stopTestRun()
    return {name: result for name, result in results.items() if name != "stdout"}


def table(heat: Mapping[str, str], hearth: Mapping[str, str]) -> str:
    """The comparison in Markdown: a line for each test, those of a file of requests together when they agree."""
    lines = ["| test | Heat | Hearth |", "|---|---|---|"]
    for name, (theirs, ours) in _together(heat, hearth).items():
        lines.append(f"| {name} | {theirs} | {ours} |")
    counts = {
        which: sum(one == PASSED for one in results.values()) for which, results in (("Heat", heat), ("H", hearth))
    }
    lines.append(f"| **passed of {len(heat.keys() | hearth.keys())}** | {counts['Heat']} | {counts['H']} |")
    return "\n".join(lines)


def _together(heat: Mapping[str, str], hearth: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    shown: dict[str, list[tuple[str, str, str]]] = {}
    for name in sorted(heat.keys() | hearth.keys()):
        part = _of_file(name)
        shown.setdefault(part, []).append((name, heat.get(name, "-"), hearth.get(name, "-")))
    found: dict[str, tuple[str, str]] = {}
    for part, several in shown.items():
        pairs = {(theirs, ours) for _, theirs, ours in several}
        if len(pairs) == 1 and len(several) > 1:
            found[f"{part} ({len(several)} tests)"] = pairs.pop()
        else:
            found |= {_short(name): (theirs, ours) for name, theirs, ours in several}
    return found


def _of_file(name: str) -> str:
    """The file of a test: `api.stacks` of a file of requests, `functional.hooks` of a module."""
    requests = re.match(r"api\.test_heat_api\.([a-z]+)_", name)
    if requests:
        return f"api.{requests[1]}"
    return ".".join(name.split(".")[:2]).replace(".test_", ".")


def _short(name: str) -> str:
    return name.replace("test_heat_api.", "").removesuffix(".test_request").replace(".test_", ".", 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--heat", default="orchestration", help="service type of Heat")
    parser.add_argument("--hearth", default="orchestration-hearth", help="service type of Hearth")
    parser.add_argument("--heat-region", default=os.environ.get("OS_REGION_NAME", "RegionOne"))
    parser.add_argument("--hearth-region", default=os.environ.get("OS_REGION_NAME", "RegionOne"))
    parser.add_argument("--only", default="", metavar="REGEX", help="modules to run")
    parser.add_argument("--image", default="cirros")
    parser.add_argument("--flavor", default="m1.tiny")
    parser.add_argument("--network", default="private")
    parser.add_argument("--subnet", default="private-subnet")
    parser.add_argument("--floating", default="public", help="external network")
    parser.add_argument("--zaqar", action="store_true", help="the cloud has queues")
    parser.add_argument("--guests", action="store_true", help="servers run what is put into them")
    parser.add_argument("--notify", default="heat-config-notify", metavar="FILE", help="the agents' script")
    parser.add_argument("--credential", default="", metavar="SECRET", help="id of a secret with credentials")
    parser.add_argument("--patience", type=int, default=PATIENCE, help="seconds to wait for a state")
    parser.add_argument("--keep", type=pathlib.Path, help="file with the results of Heat")
    parser.add_argument("--document", type=pathlib.Path, help="Markdown file for the table")
    arguments = parser.parse_args()

    names = modules(arguments.only, guests=arguments.guests)
    heat = _kept(arguments.keep, names)
    missing = [name for name in names if not any(_in_module(test, name) for test in heat)]
    heat |= run(Service("Heat", arguments.heat, arguments.heat_region), missing, arguments)
    if arguments.keep:
        arguments.keep.write_text(json.dumps(_kept(arguments.keep, ()) | heat, indent=1, sort_keys=True))
    hearth = run(Service("Hearth", arguments.hearth, arguments.hearth_region), names, arguments)
    text = table(heat, hearth)
    print(text)
    if arguments.document:
        marked_tables.put(arguments.document, MARK, text)
    lost = [name for name, result in heat.items() if result == PASSED and hearth.get(name) != PASSED]
    for name in lost:
        print(f"passes on Heat only: {name}", file=sys.stderr)
    return 1 if lost else 0


def _kept(path: pathlib.Path | None, names: Iterable[str]) -> dict[str, str]:
    """What was kept of the modules; of all, if none are named."""
    if path is None or not path.exists():
        return {}
    kept: dict[str, str] = json.loads(path.read_text())
    wanted = tuple(names)
    return {test: one for test, one in kept.items() if not wanted or any(_in_module(test, name) for name in wanted)}


def _in_module(test: str, module: str) -> bool:
    return test.startswith((module.removeprefix(f"{PLUGIN}.") + ".", module + "."))


if __name__ == "__main__":
    sys.exit(main())
