"""Long campaigns against a deployment of several processes: `python tests/acceptance/reliability/run.py --help`.

The tests run short ones (tests/acceptance/test_acceptance_troubles.py). What came of long ones stands in
docs/reliability.md.
"""

import argparse
import contextlib
import pathlib
import shutil
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parents[1])]

from reliability import campaign, disks, networks, servers, troubles  # noqa: E402 - it is not installed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="+", choices=[*troubles.KINDS, "all"], metavar="KIND", help="of trouble")
    parser.add_argument("--times", type=int, default=100, help="how often it strikes")
    parser.add_argument("--database", choices=["postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=3)
    parser.add_argument("--lease", type=float, default=3.0, help="of engines, in seconds")
    parser.add_argument(
        "--real-cloud", action="store_true", help="that of an administrator's OS_* variables, such as DevStack makes"
    )
    parser.add_argument(
        "--goes-on-within", type=float, default=troubles.GOES_ON_WITHIN, help="seconds after a kill, for others"
    )
    given = parser.parse_args()
    wrong = 0
    for kind in troubles.KINDS if "all" in given.kinds else given.kinds:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hearth-troubles-"))
        with contextlib.ExitStack() as stack:
            own, network, urls = {}, None, {}
            if troubles.KINDS[kind].networked:
                network = networks.Network()
                stack.callback(network.close)
            if troubles.KINDS[kind].alone:
                disk = stack.enter_context(disks.mounted(folder / "disk"))
                urls["database"] = f"sqlite:///{disk}/hearth.sqlite"
            else:
                for name, which in (("database", given.database), ("broker", "rabbitmq")):
                    address = network.address(name) if network is not None else "127.0.0.1"
                    own[name] = servers.KINDS[which](folder / name, address)
                    stack.callback(own[name].stop)
                urls = {name: server.url for name, server in own.items()}
                urls["database"] = servers.new_database(urls["database"], "hearth")
            report = campaign.run(
                folder / "hearth",
                kind,
                urls,
                times=given.times,
                seed=given.seed,
                users=given.users,
                lease=given.lease,
                goes_on_within=given.goes_on_within,
                real_cloud=given.real_cloud,
                network=network,
                own=own,
                tell=lambda line, kind=kind: print(f"{kind}: {line}", flush=True),
            )
        database = "sqlite" if troubles.KINDS[kind].alone else given.database
        print(f"{kind} on {database}, seed {given.seed}, lease {given.lease:g} s", *report.lines(), sep="\n  ")
        wrong += len(report.wrong)
        if report.wrong:
            print(f"  logs: {folder}/hearth", flush=True)
        else:
            shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
