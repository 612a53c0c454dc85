"""The time that all processes of a deployment go by: the database's.

Leases, pauses and deadlines are compared by processes of several machines. A machine whose clock is wrong, or jumps,
would take others for dead, or let its own work wait for hours after its death. So each asks the database every few
seconds, and counts on from there by a clock that never jumps. SQLite's processes share one machine, and its clock.
"""

import logging
import time
from typing import Final

import sqlalchemy as sa

_log = logging.getLogger(__name__)

#: Seconds after which the database is asked again, and by which a machine's clock may differ without a word.
_EVERY: Final = 5.0
_TOLERATED: Final = 2.0
_EPOCH: Final = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT unix_timestamp(sysdate(6))",
    "mariadb": "SELECT unix_timestamp(sysdate(6))",
}
#: Counts also while the machine is suspended, where there is such a clock.
_COUNTER: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """The time of one database. Until it is asked, and where nobody needs to be, that of this machine."""

    def __init__(self) -> None:
        self._known: tuple[float, float] | None = None  # (its time, the counter then)
        self._told = False

    def now(self) -> float:
        """Seconds since the epoch."""
        known = self._known
        return time.time() if known is None else known[0] + time.clock_gettime(_COUNTER) - known[1]

    def follow(self, connection: sa.Connection) -> None:
        """Ask the database for its time, unless that was done just now."""
        query = _EPOCH.get(connection.dialect.name)
        if query is None or (self._known and time.clock_gettime(_COUNTER) - self._known[1] < _EVERY):
            return
        before = time.clock_gettime(_COUNTER)
        told = float(connection.exec_driver_sql(query).scalar_one())
        after = time.clock_gettime(_COUNTER)
        self._known = (told, (before + after) / 2)
        self._tell_difference(time.time() - self.now())

    def _tell_difference(self, ahead: float) -> None:
        wrong = abs(ahead) > _TOLERATED
        if wrong and not self._told:
            way = "ahead of" if ahead > 0 else "behind"
            _log.warning(
                "The clock of this machine is %.0f s %s the database's, by which Hearth goes. Tokens are still judged "
                "by this machine's: set it right.",
                abs(ahead),
                way,
            )
        if self._told and not wrong:
            _log.info("The clock of this machine agrees with the database's again")
        self._told = wrong
