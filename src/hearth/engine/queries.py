"""Which stacks a client wants listed."""

import dataclasses
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class StackQuery:
    """The query of a stack list. `filters` holds only filter names the reference knows, each with wanted values."""

    limit: int | None = None
    marker: str | None = None
    sort_keys: Sequence[str] = ()
    sort_dir: str | None = None
    show_deleted: bool = False
    show_nested: bool = False
    show_hidden: bool = False
    tags: Sequence[str] = ()
    tags_any: Sequence[str] = ()
    not_tags: Sequence[str] = ()
    not_tags_any: Sequence[str] = ()
    filters: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    global_tenant: bool = False
