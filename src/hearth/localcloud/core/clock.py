"""What time is it in the cloud? A virtual clock that may run faster than the wall's, or jump ahead.

Services read `now()` for all that takes its time (a server's BUILD, a volume's creating) and store due times; nobody
sleeps. Virtual time is a straight line through a stored point: it goes on while the process is down, and never runs
backwards after a restart. Tokens do not use this clock, since clients compare their expiry with their own.
"""

import datetime
import time

from hearth.localcloud.core import state

#: The start of the year 9000: later moments have no date.
_END = 221_845_392_000


class Clock:
    """Virtual time: `rate` seconds pass in the cloud for one real second."""

    def __init__(self, store: state.State, rate: float = 1.0) -> None:
        self._store = store
        self._table = store.table("core.clock")
        self._latest = 0.0
        saved = self._table.get("clock")
        if saved is None:
            real = time.time()
            self._real, self._virtual, self._rate = real, real, float(rate)
            self._save()
        else:
            self._real, self._virtual, self._rate = saved["real"], saved["virtual"], saved["rate"]
            if self._rate != rate:
                self.rate = rate

    def now(self) -> float:
        """Virtual time in seconds since the epoch; never less than the call before."""
        now = min(self._virtual + (time.time() - self._real) * self._rate, _END)
        if now < self._latest:
            return self._latest
        self._latest = now
        return now

    def iso(self, moment: float | None = None) -> str:
        """A moment (now, when None) as "2026-01-02T03:04:05Z"."""
        return iso(self.now() if moment is None else moment)

    def iso_precise(self, moment: float | None = None) -> str:
        """A moment (now, when None) as "2026-01-02T03:04:05.678901", no zone."""
        return iso_precise(self.now() if moment is None else moment)

    @property
    def rate(self) -> float:
        """Virtual seconds in a real one."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        if not 0 < rate <= 1_000_000:
            raise ValueError(f"clock rate {rate}: give a number above 0 and up to 1000000")
        self._virtual, self._real, self._rate = self.now(), time.time(), float(rate)
        self._save()

    def advance(self, seconds: float) -> None:
        """Let virtual time jump ahead."""
        if seconds < 0:
            raise ValueError(f"clock advance {seconds}: the clock does not run backwards; give 0 or more seconds")
        if self.now() + seconds > _END:
            raise ValueError(f"clock advance {seconds}: beyond the year 9000; give fewer seconds")
        self._virtual += seconds
        self._save()

    def keep(self) -> None:
        """Store the clock again after the state was cleared; time goes on as it was."""
        self._save()

    def _save(self) -> None:
        document = {"id": "clock", "real": self._real, "virtual": self._virtual, "rate": self._rate}
        with self._store.transaction():
            if "clock" in self._table:
                self._table.replace(document)
            else:
                self._table.insert(document)


def iso(moment: float) -> str:
    """Seconds since the epoch as "2026-01-02T03:04:05Z"."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def iso_precise(moment: float) -> str:
    """Seconds since the epoch as "2026-01-02T03:04:05.678901", no zone."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
