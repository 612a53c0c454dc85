"""A disk that can be full: a file system of its own, in memory. It takes root."""

import contextlib
import errno
import os
import pathlib
import subprocess
from collections.abc import Iterator

_MEBIBYTES = 48
_CHUNK = 4096


class Refused(Exception):
    """We may not make file systems."""


@contextlib.contextmanager
def mounted(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A disk at a folder for a while.

    Raises:
        Refused: the system does not let us.
    """
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_MEBIBYTES}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: pathlib.Path, left: int) -> Iterator[None]:
    """Fill the disk that a folder is on for a while, but for some KiB."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(_CHUNK))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        os.truncate(ballast, max(0, file.tell() - 1024 * left))
    try:
        yield
    finally:
        ballast.unlink()
