"""How failures are told in the log that only the operator can do something about: everything in the background asks it.

A database that is away is no defect, and happens in many places at once: it is told in one line each. Everything else
that comes this far is a defect, and told with its traceback.
"""

import logging

from hearth.store import Unavailable


def tell(log: logging.Logger, what: str, failure: BaseException) -> None:
    """Tell that something failed. `what`: in words, with what happens next."""
    if isinstance(failure, Unavailable):
        log.error("%s: %s", what, failure)
    else:
        log.error(what, exc_info=failure)
