"""What zones and record sets share. The service works in the background: all is PENDING until it has been done."""

from hearth.model.states import Action
from hearth.resources.remote import Readiness

SERVICE = "dns"
READINESS = Readiness(ready=("ACTIVE",), on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}))


def is_same(given: str, shown: str, zone: str) -> bool:
    """Whether a name that a template gives is the one that the service shows. Names have no case."""
    full = given if given.endswith(".") else f"{given}.{zone}"
    return full.lower() == shown.lower()
