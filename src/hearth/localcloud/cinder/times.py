"""How nova and cinder write a moment: seconds since the epoch become text, rounded down to the second."""

import functools
import time


def stamp(moment: float | None) -> str | None:
    """ "2026-01-02T03:04:05.000000", the form of almost every time of both services."""
    return None if moment is None else _stamp(int(moment))


def zulu(moment: float | None) -> str | None:
    """ "2026-01-02T03:04:05Z", the form of a server's created and updated."""
    return None if moment is None else _zulu(int(moment))


@functools.lru_cache(maxsize=4096)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(second))


@functools.lru_cache(maxsize=4096)
def _zulu(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
