"""The errors Hearth raises on purpose, with the name clients know and the HTTP status that fits.

Wrong templates are diagnostics first; `Invalid` carries them across a border. Each error holds fields, and its
message names the thing, the value and the limit.
"""

from collections.abc import Iterable

from hearth.model.diagnostics import Diagnostic, Findings


class HearthError(Exception):
    """Base of all deliberate errors. `kind` is the error type on the wire, `status` the HTTP status hint."""

    kind = "HTTPInternalServerError"
    status = 500

    def __init__(self, message: str, *, kind: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if kind is not None:
            self.kind = kind
        if status is not None:
            self.status = status


class Invalid(HearthError):
    """An input that has problems; all of them are in `diagnostics`, in the order of their places."""

    kind = "StackValidationFailed"
    status = 400

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = list(Findings(diagnostics))
        if not self.diagnostics:
            raise ValueError("an invalid input needs at least one diagnostic")
        first = self.diagnostics[0]
        super().__init__(first.as_text(), kind=first.kind)


class BadRequest(HearthError):
    """A request that cannot be understood or has a wrong value outside a template."""

    kind = "HTTPBadRequest"
    status = 400


class NotFound(HearthError):
    """No such thing for this caller."""

    kind = "EntityNotFound"
    status = 404

    def __init__(self, entity: str, name: str, *, kind: str | None = None) -> None:
        super().__init__(f"The {entity} ({name}) could not be found.", kind=kind)
        self.entity = entity
        self.name = name


class Forbidden(HearthError):
    """The caller may not do this."""

    kind = "Forbidden"
    status = 403


class StackExists(HearthError):
    """A live stack of the project has this name."""

    kind = "StackExists"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"The Stack ({name}) already exists.")
        self.name = name


class ActionInProgress(HearthError):
    """The stack is busy and this request cannot supersede what runs."""

    kind = "ActionInProgress"
    status = 409

    def __init__(self, name: str, action: str) -> None:
        super().__init__(f"Stack {name} already has an action ({action}) in progress.")


class NotSupported(HearthError):
    """A feature that is switched off or that the present state does not allow."""

    kind = "NotSupported"
    status = 400

    def __init__(self, feature: str, advice: str = "") -> None:
        super().__init__(f"{feature} is not supported. {advice}".rstrip())


class LimitExceeded(HearthError):
    """More than the operator allows of something."""

    kind = "RequestLimitExceeded"
    status = 400
