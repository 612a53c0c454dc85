"""What groups of all kinds share about their members: definitions as they are kept, members by age, attributes."""

from typing import Any

import msgspec


def as_stored(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition as it comes back from the store, so that both can be compared."""
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    return stored
