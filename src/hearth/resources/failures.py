"""From what a service refused to what the engine does about it: the one place that sorts `CloudError`s.

Used around every call of a type to the cloud. What the service said, its status and the request id stay in the message.
"""

import contextlib
from collections.abc import Iterator

from hearth.cloud import errors
from hearth.resources.contract import Conflict, Gone, Permanent, PutOff, Temporary

#: Answers of a service that is away or overloaded; 0: none at all. Other 5xx do not pass.
_PASSING = (0, 500, 502, 503, 504)


@contextlib.contextmanager
def sorted_out(*, creating: bool = False) -> Iterator[None]:
    """Turn refusals into the contract's failures.

    Args:
        creating: the call makes something, so "not found" means that something it refers to is missing.
    """
    try:
        yield
    except errors.NotFound as error:
        if creating:
            raise Permanent(str(error), kind="NotFound") from error
        raise Gone(str(error)) from error
    except errors.TooMany as error:
        raise Temporary(str(error), after=error.retry_after or None, kind="TooMany") from error
    except errors.Conflict as error:
        raise Conflict(str(error)) from error
    except errors.LeftAlone as error:
        raise PutOff(str(error), error.retry_after, error.failing_for) from error
    except errors.Unavailable as error:
        if error.status not in _PASSING:
            raise Permanent(str(error), kind="Unavailable") from error
        raise Temporary(str(error), after=error.retry_after or None, kind="Unavailable") from error
    except errors.CloudError as error:
        raise Permanent(str(error), kind=type(error).__name__) from error
