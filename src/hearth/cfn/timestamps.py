"""How the query APIs tell times."""

import datetime


def shown(value: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, to the second."""
    return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
