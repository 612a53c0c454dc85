"""What a client asks of a stack, after the face has checked its form and before the engine has looked inside."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


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
