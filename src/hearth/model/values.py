"""Values that are not known yet, and comparing what may hold them.

A plan is made before resources exist, so a property may depend on something only the cloud can tell. Such a value
is `UNKNOWN`; every function of the template languages passes it on, and a plan shows it as known after apply.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, final


@final
class Unknown:
    """The type of `UNKNOWN`; there is one instance."""

    _only: "Unknown | None" = None

    def __new__(cls) -> "Unknown":
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an unknown value is neither true nor false")


UNKNOWN: Final = Unknown()


def leaves(value: Any) -> Iterator[Any]:
    """What is in a value and is itself neither map nor list; keys do not count."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def is_known(value: Any) -> bool:
    """Whether nothing inside the value is `UNKNOWN`."""
    if value is UNKNOWN:
        return False
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_known, value))
    return True


def walk(value: Any, path: Sequence[Any]) -> Any:
    """What get_attr finds at a path of map keys and list indexes; None where a step leads nowhere.

    An index is a number; its text finds nothing.
    """
    for step in path:
        if value is UNKNOWN:
            return UNKNOWN
        try:
            if isinstance(value, Mapping) or (isinstance(step, int) and isinstance(value, (list, tuple, str))):
                value = value[step]
            else:
                return None
        except (LookupError, TypeError):
            return None
    return value
