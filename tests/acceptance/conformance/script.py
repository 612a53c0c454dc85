"""Live through every service of a cloud with the real clients, and record what it answers.

    python script.py --cloud NAME [--record FILE] [--only SERVICE ...] [--release SERVICE=VERSION ...]

NAME is a cloud of clouds.yaml whose user is an administrator. All it makes stands in a project of its own and is
taken away at the end. With --record the answers go to a file; with --only, the other services' parts of that file
stay as they are. See conformance_recording.py for what is recorded.
"""

import argparse
import importlib.metadata
import json
import pathlib
import sys
import tempfile
import time
from typing import Any

import conformance_compute
import conformance_identity
import conformance_image
import conformance_keys
import conformance_network
import conformance_objects
import conformance_recording
import conformance_stage
import conformance_sweep
import conformance_volume

LIVES = {
    "identity": conformance_identity.live,
    "image": conformance_image.live,
    "network": conformance_network.live,
    "volume": conformance_volume.live,
    "compute": conformance_compute.live,
    "object-store": conformance_objects.live,
    "key-manager": conformance_keys.live,
}
CLIENTS = ("python-openstackclient", "openstacksdk", "osc-lib")


def main(arguments: list[str] | None = None) -> int:
    """Run the script; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cloud", required=True, metavar="NAME", help="a cloud of clouds.yaml, as administrator")
    parser.add_argument("--record", type=pathlib.Path, metavar="FILE", help="write the answers to this file")
    parser.add_argument("--only", nargs="+", choices=LIVES, default=list(LIVES), help="these services only")
    parser.add_argument("--release", nargs="+", default=[], metavar="SERVICE=VERSION", help="noted in the file")
    parser.add_argument("--pause", type=float, default=1.0, metavar="SECONDS", help="between two looks at a change")
    given = parser.parse_args(arguments)
    conformance_stage.shorten_pauses(given.pause)
    recording = _recorded(given.record)
    recording["clients"] = {name: importlib.metadata.version(name) for name in CLIENTS}
    recording.setdefault("releases", {}).update(dict(each.split("=", 1) for each in given.release))
    with tempfile.TemporaryDirectory() as folder:
        recorder = conformance_recording.Recorder()
        stage = conformance_stage.Stage(given.cloud, pathlib.Path(folder), recorder, given.pause)
        try:
            conformance_sweep.sweep(stage)
            for name in given.only:
                recorder.steps = recording.setdefault("services", {})[name] = {}
                started = time.monotonic()
                LIVES[name](stage)
                conformance_sweep.sweep(stage)
                print(f"{name}: {len(recorder.steps)} steps, {time.monotonic() - started:.1f} s", file=sys.stderr)
        finally:
            if given.record:
                given.record.write_text(_written(recording))
            conformance_sweep.sweep(stage)
            stage.close()
    return 0


def _written(recording: dict[str, Any]) -> str:
    """As JSON with a line for each step, so that changes of a recording can be read."""
    services = ",\n".join(
        f"{json.dumps(service)}: {{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(step)}" for name, step in steps.items())
        + "\n}"
        for service, steps in recording["services"].items()
    )
    about = {name: value for name, value in recording.items() if name != "services"}
    return f'{json.dumps(about)[:-1]},\n"services": {{\n{services}\n}}}}\n'


def _recorded(path: pathlib.Path | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path and path.exists() else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
