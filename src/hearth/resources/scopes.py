"""What `get_resource` and `get_attr` give before anything exists: for checks, and for types that ask who needs whom.

Called where blueprints are built and definitions judged. Values of rows are `hearth.engine.scope`'s affair.
"""

from typing import Any, Final

from hearth.model.values import UNKNOWN
from hearth.resources import contract


class BlindScope:
    """Knows nothing."""

    def reference(self, resource: str) -> Any:
        return UNKNOWN

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        return UNKNOWN


class ReferringScope(BlindScope):
    """References stand for themselves, so that types can see who refers to the same resource."""

    def reference(self, resource: str) -> Any:
        return contract.Reference(resource)


BLIND: Final = BlindScope()
REFERRING: Final = ReferringScope()
