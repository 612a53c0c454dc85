"""What a client asks of a stack, after the face has checked its form and before the engine has looked inside."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hearth.model.drift import Treatment


@dataclasses.dataclass(frozen=True, slots=True)
class DriftTarget:
    """What a decision about drift is about. `resource`: its name, after the names of the nested stacks' owners, with
    slashes between them. `property` None: all that has drifted of the resource.
    """

    resource: str
    property: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DriftRequest:
    """What a client decides about drift."""

    accept: Sequence[DriftTarget] = ()
    ignore: Sequence[DriftTarget] = ()
    revert: Sequence[DriftTarget] = ()
    undo: Sequence[DriftTarget] = ()
    accept_all: bool = False
    revert_all: bool = False

    def targets(self) -> Iterator[tuple[Treatment | None, Sequence[DriftTarget]]]:
        """What is decided about single targets; None takes decisions back."""
        yield None, self.undo
        yield Treatment.IGNORE, self.ignore
        yield Treatment.ACCEPT, self.accept
        yield Treatment.REVERT, self.revert

    def everything(self) -> Iterator[Treatment]:
        """What is decided about all drift that nothing else is decided about."""
        if self.accept_all:
            yield Treatment.ACCEPT
        if self.revert_all:
            yield Treatment.REVERT

    def __bool__(self) -> bool:
        return any(targets for _, targets in self.targets()) or self.accept_all or self.revert_all


@dataclasses.dataclass(frozen=True, slots=True)
class StackRequest:
    """The body of create, update, preview and validate. None means "not given"."""

    stack_name: str | None = None
    template: str | Mapping[str, Any] | None = None
    template_url: str | None = None
    environment: str | Mapping[str, Any] | None = None
    environment_files: Sequence[str] | None = None
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    files_container: str | None = None
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    timeout_mins: int | None = None
    disable_rollback: bool | None = None
    tags: Sequence[str] | None = None
    adopt_stack_data: str | None = None
    clear_parameters: Sequence[str] = ()
    converge: bool = False
    existing: bool = False
    deletion_protection: bool | None = None
    targets: Sequence[str] = ()
    excludes: Sequence[str] = ()
    drift: DriftRequest = dataclasses.field(default_factory=DriftRequest)
