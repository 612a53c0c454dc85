"""The ways by which a server tells how something went, and which of them this installation lacks.

Used by wait condition handles and by software deployments.
"""

from collections.abc import Iterable
from typing import Final

from hearth.resources.contract import Issue, Values

CFN: Final = "CFN_SIGNAL"
TEMP_URL: Final = "TEMP_URL_SIGNAL"
HEAT: Final = "HEAT_SIGNAL"
NONE: Final = "NO_SIGNAL"
ZAQAR: Final = "ZAQAR_SIGNAL"
TOKEN: Final = "TOKEN_SIGNAL"

#: Those that software deployments know.
DEPLOYMENTS: Final = (CFN, TEMP_URL, HEAT, NONE, ZAQAR)
#: Those that wait condition handles know.
HANDLES: Final = (*DEPLOYMENTS, TOKEN)

_MISSING = {
    ZAQAR: "needs queues, which are not supported yet",
}


def check(properties: Values, known: Iterable[str]) -> Iterable[Issue]:
    """Transports whose service is not there are refused at once."""
    wanted = properties.get("signal_transport")
    if isinstance(wanted, str) and wanted in _MISSING:
        others = ", ".join(one for one in known if one not in _MISSING)
        yield Issue(("signal_transport",), f"{wanted} {_MISSING[wanted]}.", f"Use one of {others}.")
