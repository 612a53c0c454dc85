"""What the verbs of resource types raise on purpose: failures of each kind, and other ends than success.

Part of the contract between types and engine, and imported from there (`hearth.resources.contract`). What the engine
does about each of them is its own affair.
"""

from hearth.model.drift import Condition


class ResourceFailure(Exception):
    """Base of what a verb may raise on purpose. The message goes into the resource's reason, so no secrets in it."""


class Permanent(ResourceFailure):
    """The action cannot succeed; trying again would not help. `kind` is the error type named in the reason."""

    def __init__(self, message: str, kind: str = "ResourceFailure") -> None:
        super().__init__(message)
        self.kind = kind


class InError(Permanent):
    """The object is there, but the service could not make it what it shall be; another one may come out better.

    At a creation the engine deletes the object and makes another, as often as the operator allows.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="ResourceInError")


class Unwell(Permanent):
    """A check found the object gone, broken, or in a state that is not expected."""

    def __init__(self, message: str, condition: Condition) -> None:
        super().__init__(message, kind="NotFound" if condition is Condition.GONE else "ResourceFailure")
        self.condition = condition


class Temporary(ResourceFailure):
    """The action may succeed later. `after`: seconds the service asked to wait, None when it did not say.

    `kind` is the error type named in the reason.
    """

    def __init__(self, message: str, after: float | None = None, kind: str = "ResourceFailure") -> None:
        super().__init__(message)
        self.after = after
        self.kind = kind


class PutOff(Temporary):
    """A call was not made, as its service had better be left alone for now. `failing_for`: see `errors.LeftAlone`."""

    def __init__(self, message: str, after: float, failing_for: float) -> None:
        super().__init__(message, after, kind="Unavailable")
        self.failing_for = failing_for


class Conflict(Temporary):
    """The present state of the object, or what uses it, stands against it; that may pass."""

    def __init__(self, message: str, kind: str = "Conflict") -> None:
        super().__init__(message, kind=kind)


class Busy(Conflict):
    """Something is in the midst of another change: the same will be taken when that has ended.

    The engine tries again as long as the action may take. Whether the change can end is the type's to find out.
    """


class Gone(ResourceFailure):
    """The object is not there (any more)."""


class NeedsReplacement(ResourceFailure):
    """The update cannot be done in place; the message says why."""


class Unfetched(ResourceFailure):
    """The nested stack's template is behind a URL that is not among the files of the stack."""

    def __init__(self, url: str) -> None:
        super().__init__(f"the template {url} has not been fetched")
        self.url = url


class BrokenAttribute(ResourceFailure):
    """An attribute of a nested stack cannot be computed: whoever reads it fails, the resource itself does not."""


class NothingToDo(ResourceFailure):
    """A signal changes nothing; that is no error, and nobody is told of it."""


class NotKnownYet(ResourceFailure):
    """What the nested stack holds depends on values that are `UNKNOWN` so far."""
