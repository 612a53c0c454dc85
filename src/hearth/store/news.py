"""What a transaction has to tell once it is durable: named queries note topics, the writer passes them on afterwards.

A topic only says "look": whoever hears of one reads the store. A note of a unit that was undone is told all the same.
"""

import sqlalchemy as sa

#: There are new events.
EVENTS = "events"
#: There are notifications to be sent.
NOTIFICATIONS = "notifications"
#: Lite alarms have datapoints or signals that somebody is to look at.
ALARMS = "alarms"
#: Other stacks' events are to be brought somewhere.
SINKS = "sinks"

_KEY = "hearth.news"


def note(connection: sa.Connection, topic: str) -> None:
    """Tell of a topic when the transaction is committed."""
    connection.info.setdefault(_KEY, set()).add(topic)


def take(connection: sa.Connection) -> frozenset[str]:
    """The topics noted since the last time."""
    return frozenset(connection.info.pop(_KEY, ()))
