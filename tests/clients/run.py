"""Runs the clients that people use against a Heat and a Hearth of one cloud, and a Hearth with its embedded cloud.

    .venv/bin/python tests/clients/run.py --clouds CLOUDS.YAML --admin NAME --hearth-region REGION

`--clouds` and `--admin` name the administrator of a cloud whose catalog has Heat as the orchestration service of one
region (`--heat-region`), and Hearth as that of another one, which has all other services too; without them the
embedded cloud alone is asked, which this command starts. Both services are to have `enable_stack_abandon` and
`enable_stack_adopt` on. Each client gets an environment of its own below `--work`,
from `requirements/`. All is made in projects that are taken away at the end.

Prints what differs, then a table; exits with 1 when a case goes well with Heat and not with Hearth. `--document FILE`
puts the table between the two `clients` marks of a Markdown file. `--keep FILE` keeps what was seen, and what is kept
there of services that are not asked again (`--sites`) is used.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from typing import Any

import scripted
import sites
from cli import commands

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # a script finds what lies beside it only

import marked_tables

HERE = pathlib.Path(__file__).parent
MARK = "<!-- clients: written by tests/clients/run.py -->"
HEAT, HEARTH, EMBEDDED = "Heat", "Hearth", "Hearth embedded"
#: Of a cell.
PASSES = "passes"

Seen = dict[str, dict[str, Any]]  # {case: what was seen}
CLIENTS: Mapping[str, Callable[[sites.Site, pathlib.Path, str], Seen]] = {
    "cli": commands.run,
    "sdk": scripted.sdk,
    "ansible": scripted.ansible,
    "rally": scripted.rally,
    "horizon": scripted.horizon,
}
#: The environments that clients need, where it is not their own name.
ENVIRONMENTS = {"cli": "openstack", "sdk": "openstack"}


def environment(name: str, work: pathlib.Path) -> pathlib.Path:
    """The Python of a client's environment, made if it is not there."""
    wanted = HERE / "requirements" / f"{name}.txt"
    folder = work / name
    python = folder / "bin" / "python"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print(f"making the environment {folder}", file=sys.stderr)
        if not python.exists():
            venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    return python


def rows(seen: Mapping[str, Mapping[str, Seen]], work: pathlib.Path) -> list[tuple[str, str, dict[str, str]]]:
    """`(client, case, {service: cell})`."""
    found = []
    for client in seen:
        told = seen[client]
        if client == "cli":
            described = commands.described(environment("openstack", work))
            found += [("openstack", case, cells) for case, cells in commands.rows(told, HEAT, described).items()]
        else:
            for case in dict.fromkeys(case for several in told.values() for case in several):
                cells = {site: several[case]["result"] for site, several in told.items() if case in several}
                found.append((client, case, cells))
    return found


def table(found: list[tuple[str, str, dict[str, str]]]) -> str:
    """The comparison in Markdown."""
    services = (HEAT, HEARTH, EMBEDDED)
    lines = ["| client | case | " + " | ".join(services) + " |", "|---|---|---|---|---|"]
    lines += [
        f"| {client} | {case} | " + " | ".join(cells.get(one, "-") for one in services) + " |"
        for client, case, cells in found
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clouds", type=pathlib.Path, help="clouds.yaml of the cloud with both services")
    parser.add_argument("--admin", help="its administrator's cloud in that file")
    parser.add_argument("--heat-region", default="RegionOne", help="where Heat is")
    parser.add_argument("--hearth-region", default="RegionHearth", help="where Hearth is")
    parser.add_argument("--port", type=int, default=0, help="of the Hearth that is started")
    parser.add_argument("--sites", nargs="+", choices=("heat", "hearth", "embedded"), help="ask these services only")
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    parser.add_argument("--only", default="", metavar="TEXT", help="stories or cases whose name has this text")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".clients"), help="folder for environments")
    parser.add_argument("--keep", type=pathlib.Path, help="file with what was seen")
    parser.add_argument("--document", type=pathlib.Path, help="Markdown file for the table")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    wanted = arguments.sites or (["heat", "hearth", "embedded"] if arguments.clouds else ["embedded"])

    kept = json.loads(arguments.keep.read_text()) if arguments.keep and arguments.keep.exists() else {}
    with contextlib.ExitStack() as stack:
        for which in wanted:
            site = stack.enter_context(_site(which, arguments, work))
            for client in arguments.clients:
                python = environment(ENVIRONMENTS.get(client, client), work)
                seen = CLIENTS[client](site, python, arguments.only)
                kept.setdefault(client, {}).setdefault(site.name, {}).update(seen)
                if arguments.keep:
                    arguments.keep.write_text(json.dumps(kept, indent=1, sort_keys=True))
    lost = _report(kept, arguments.only)
    text = table(rows(kept, work))
    print(text)
    if arguments.document:
        marked_tables.put(arguments.document, MARK, text)
    return 1 if lost else 0


@contextlib.contextmanager
def _site(which: str, arguments: argparse.Namespace, work: pathlib.Path) -> Any:
    if which == "embedded":
        with (
            sites.embedded(work / "hearth", arguments.port) as clouds,
            sites.opened(EMBEDDED, clouds, "hearth-admin", work / f"{which}-{os.getpid()}", "RegionOne") as site,
        ):
            yield site
    else:
        name, region = (HEAT, arguments.heat_region) if which == "heat" else (HEARTH, arguments.hearth_region)
        with sites.opened(name, arguments.clouds, arguments.admin, work / f"{which}-{os.getpid()}", region) as site:
            yield site


def _report(kept: Mapping[str, Mapping[str, Seen]], only: str) -> int:
    """Print what differs; how much of it is not meant."""
    lost = 0
    for client, told in kept.items():
        heat = told.get(HEAT, {})
        for site, seen in told.items():
            if client == "cli" and site != HEAT:
                for difference in commands.compared(heat, seen, only):
                    lost += not difference.meant
                    print(f"{site}: {difference.show()}")
            for case, one in seen.items():
                if "problem" in one:
                    print(f"{site}: {case}: {one['problem']} {one.get('errors', '')}")
                    lost += site != HEAT and "problem" not in heat.get(case, {})
    return lost


if __name__ == "__main__":
    sys.exit(main())
