"""What the operator wants of the connections to the database; without a wish, Hearth chooses. Plain values.

The process reads them from `[database]`; `databases` and `store` keep to them. Names are the configuration's.
"""

import dataclasses
from typing import Final

#: Reading threads of a process where no wish bounds them: they share one processor's time.
_MOST_READERS: Final = 64
#: Connections beyond those that are kept open, unless the operator says.
OVERFLOW: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Connections:
    """Of one process, to one database. Times are seconds.

    `max_pool_size`: how many are kept open for reading; 0: any number. None: as many as there are reading threads.
    `max_overflow`: how many more there may be when those are busy; -1: any number. None: as Hearth chooses.
    `pool_timeout`: how long one waits for a connection.
    `connection_recycle_time`: the age at which a connection gives way to a new one; -1: none.
    `max_retries`, `retry_interval`: how often a database that does not answer at the start is asked again, and when;
    -1: for ever.
    `mysql_wsrep_sync_wait`: what a node of a Galera cluster waits for before it answers; None: as it is set up.
    `connection_trace`: statements say in a comment which part of the program asks.
    """

    max_pool_size: int | None = None
    max_overflow: int | None = None
    pool_timeout: float = 30.0
    connection_recycle_time: int = -1
    max_retries: int = 0
    retry_interval: float = 10.0
    mysql_wsrep_sync_wait: int | None = None
    connection_trace: bool = False

    def readers(self, chosen: int) -> int:
        """How many threads read at a time, in place of those that Hearth would choose."""
        if self.max_pool_size is None and self.max_overflow is None:
            return chosen
        kept = chosen if self.max_pool_size is None else self.max_pool_size
        further = OVERFLOW if self.max_overflow is None else self.max_overflow
        return _MOST_READERS if kept == 0 or further == -1 else min(_MOST_READERS, kept + further)


#: No wish at all.
USUAL: Final = Connections()
