"""The last step of a value: bound trees become plain data once resources can be asked.

The engine calls `resolve` when it starts a resource or shows an output, with a `Scope` that knows the resources;
`uses` tells beforehand what will be asked.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol

from hearth.model.diagnostics import Path, Place
from hearth.model.errors import HearthError
from hearth.model.values import is_known
from hearth.template.functions import base
from hearth.template.functions import references as functions

Tree = Any


class Scope(Protocol):
    """What residual calls ask. Both may answer `UNKNOWN`, and then all that depends on it is UNKNOWN."""

    def reference(self, resource: str) -> Any:
        """What get_resource gives for a resource."""

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        """What get_attr gives: `(attribute, step, ...)`; the empty path asks for the map of all attributes."""


class FunctionError(HearthError):
    """A call could not be computed from the values that resources gave. `path` leads to the call."""

    kind = "StackValidationFailed"
    status = 400

    def __init__(self, message: str, path: Path, label: str = "") -> None:
        text = ": ".join(part for part in (label, Place(path=path).path_text(), message) if part)
        super().__init__(text)
        #: What is wrong, without the place.
        self.cause = message
        self.path = path
        self.label = label


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """One get_resource (`path` None) or get_attr of a resource; the empty path stands for all attributes."""

    resource: str
    path: tuple[Any, ...] | None
    function: base.Function

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return self.function.place


def resolve(tree: Tree, scope: Scope) -> Any:
    """The final value of a bound tree; UNKNOWN where something it needs is. Raises FunctionError."""
    return _Resolving(scope).operand(tree)


def references(tree: Tree) -> Iterator[Use]:
    """Every get_resource and get_attr in a bound tree."""
    if isinstance(tree, base.Function):
        args = tree.args
        if isinstance(tree, functions.GetResource) and isinstance(args, str):
            yield Use(args, None, tree)
        elif isinstance(tree, functions.GetAttr) and isinstance(args, list) and isinstance(args[0], str):
            yield Use(args[0], tuple(args[1:]), tree)
        tree = args
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for item in tree:
            if isinstance(item, (dict, list, tuple, base.Function)):
                yield from references(item)
    elif isinstance(tree, base.Function):
        yield from references(tree)


def attributes_used(tree: Tree) -> set[tuple[str, tuple[Any, ...]]]:
    """The attributes a bound tree asks for: resource and path (steps that are still calls end it)."""
    found = set()
    for use in references(tree):
        if use.path is not None:
            path: list[Any] = []
            for step in use.path:
                if not isinstance(step, (str, int)):
                    break
                path.append(step)
            found.add((use.resource, tuple(path)))
    return found


class _Resolving(base.Evaluation):
    """Evaluates what bind left."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def misused(self, function: base.Function, misuse: base.Misuse) -> Any:
        """See `Evaluation.misused`."""
        raise FunctionError(misuse.message, function.path, misuse.label) from misuse

    def reference(self, function: base.Function, resource: str) -> Any:
        """See `Evaluation.reference`."""
        return self._counted(self._scope.reference(resource))

    def attribute(self, function: base.Function, resource: str, path: tuple[Any, ...]) -> Any:
        """See `Evaluation.attribute`."""
        return self._counted(self._scope.attribute(resource, path))

    def _counted(self, value: Any) -> Any:
        if not is_known(value):
            self.unknown += 1
        return value
