"""Runs commands of the openstack client, each in a process of its own, without starting Python anew for each.

Started by `commands.py` with the Python of the client's environment. Reads a JSON line `{arguments, environment,
folder, interrupt}` from its input for each command, runs what the script `openstack` runs, and answers with a line
`{status, out, errors}`. With `--describe` it tells instead which commands of orchestration there are, with options.
"""

import importlib.metadata
import json
import os
import pathlib
import signal
import sys
import tempfile

GROUPS = ("openstack.cli.base", "openstack.cli.extension", "openstack.orchestration.v1")
ORCHESTRATION = "openstack.orchestration.v1"


def prepare() -> None:
    """Load what every command loads."""
    for group in GROUPS:
        for point in importlib.metadata.entry_points(group=group):
            point.load()
    for module in (
        "heatclient.v1.client",
        "keystoneauth1.identity.v3",
        "openstack.connection",
        "openstackclient.shell",
    ):
        importlib.import_module(module)


def describe() -> dict[str, list[str]]:
    """`{command: options}` of orchestration; of options with several spellings, the long one."""
    found = {}
    for point in importlib.metadata.entry_points(group=ORCHESTRATION):
        parser = point.load()(None, None).get_parser("openstack")
        groups = [group for group in parser._action_groups if "formatter" not in (group.title or "").lower()]
        options = {
            max(action.option_strings, key=len)
            for group in groups
            for action in group._group_actions
            if action.option_strings and action.dest not in ("help", "columns", "sort_columns", "sort_direction")
        }
        found[point.name.replace("_", " ")] = sorted(options)
    return found


def run(asked: dict[str, object]) -> dict[str, object]:
    """One command in a child of this process."""
    from openstackclient import shell

    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, name) for name in ("out", "errors")]
        child = os.fork()
        if not child:
            for number, file in enumerate(files, 1):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(str(asked["folder"]))
            if asked.get("interrupt"):
                # As Ctrl-C would, after so many seconds.
                signal.signal(signal.SIGALRM, signal.default_int_handler)
                signal.alarm(int(str(asked["interrupt"])))
            os.environ.clear()
            os.environ.update(asked["environment"])  # type: ignore[call-overload]
            try:
                status = shell.main(asked["arguments"])
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException:
                import traceback

                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status or 0)
        _, ended = os.waitpid(child, 0)
        out, errors = (file.read_text(errors="replace") for file in files)
        return {"status": os.waitstatus_to_exitcode(ended), "out": out, "errors": errors}


def main() -> None:
    """Answer until the input ends."""
    prepare()
    if sys.argv[1:] == ["--describe"]:
        print(json.dumps(describe()))
        return
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
