"""What a call of a template function is: a node in a tree of plain data, and the rules it is computed by.

A function is a class: what its arguments look like (`check`, on the arguments as written) and what it gives (`compute`,
on final arguments). The few that ask for something from outside (a parameter, a resource) override `evaluate` instead.
Evaluation happens twice with the same code: `hearth.template.binding` folds away all that depends on parameters only,
and resolves the rest when the resources exist.

    text ──parse──► tree with calls ──fold──► tree with residual calls ──resolve──► plain data
                    (get_param, if, ...)       (get_attr, get_resource)

Functions report misuse by raising `Misuse`; nothing else may come out of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, Final, Protocol, Self, final

from hearth.model.diagnostics import Diagnostic, Path, Place
from hearth.model.values import UNKNOWN
from hearth.template.source import Source

#: Longest text a function may build, in characters, and the most copies it may make.
MAX_TEXT: Final = 16 * 1024 * 1024
MAX_ITEMS: Final = 10_000
#: What all functions of a request may build together, in characters: what a machine makes in some tenths of a second.
MAX_TOGETHER: Final = 128 * 1024 * 1024
#: What an item of a list or map counts, in characters: about its weight.
ITEM: Final = 64


class Misuse(Exception):
    """A function was used wrongly. `label` is the error's name in front of messages, `kind` the error type."""

    def __init__(
        self, message: str, label: str = "ValueError", *, kind: str = "StackValidationFailed", advice: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.label = label
        self.kind = kind
        self.advice = advice


class Allowance:
    """What functions may still build, of one template or of all templates of a request: few lines ask for gigabytes."""

    def __init__(self, characters: int = MAX_TOGETHER) -> None:
        self._given = self._left = characters
        #: Calls of yaql functions so far.
        self.yaql_calls = 0

    def take(self, amount: int) -> None:
        """Take the characters of a text, or `ITEM` for each item, before they are made. Raises Misuse."""
        self._left -= amount
        if self._left < 0:
            raise Misuse(
                f"the functions of this request make more than {self._given} characters altogether",
                advice="Split it into several stacks, or make the texts and lists shorter.",
            )

    def take_value(self, value: Any) -> None:
        """Take what a value would be as text. Raises Misuse, without looking further."""
        if isinstance(value, str):
            self.take(len(value))
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self.take(ITEM + len(key))
                self.take_value(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.take(ITEM)
                self.take_value(item)


@final
class Removed:
    """The type of `REMOVED`: an `if` without else that is false makes the entry it stands in vanish."""

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = Removed()


class Reader(Protocol):
    """What a function may ask while it is parsed."""

    source: Source
    #: Names of all resources and conditions of the template.
    resources: frozenset[str]

    def read(self, raw: Any, path: Path) -> Any:
        """The tree of raw data: calls of functions of this context become `Function` nodes."""

    def read_condition(self, raw: Any, path: Path) -> Any:
        """The tree of a condition: a bool, the name of a condition, or a call of a condition function."""

    def read_later(self, raw: Any, path: Path) -> "Callable[[Evaluation], Any]":
        """Raw data that is only parsed, once, when the answer is called; problems go to that evaluation."""


class Evaluation:
    """One pass over trees. The counters let a call see whether its arguments were final, without another walk."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self.allowance = Allowance() if allowance is None else allowance
        #: How many calls had to stay as they are.
        self.residual = 0
        #: How many values were `UNKNOWN`.
        self.unknown = 0

    def value(self, tree: Any) -> Any:
        """The tree with every call evaluated as far as possible; may be `REMOVED`."""
        kind = type(tree)
        if kind is str:
            return tree
        if kind is dict:
            entries = {}
            for key, item in tree.items():
                if type(item) is not str:
                    item = self.value(item)
                    if item is REMOVED:
                        continue
                entries[key] = item
            return entries
        if kind is list:
            return [item for item in map(self.value, tree) if item is not REMOVED]
        if isinstance(tree, Function):
            try:
                return tree.evaluate(self)
            except Misuse as misuse:
                return self.misused(tree, misuse)
        if tree is UNKNOWN:
            self.unknown += 1
        return tree

    def operand(self, tree: Any) -> Any:
        """Like `value`, at a place that cannot vanish."""
        value = self.value(tree)
        return None if value is REMOVED else value

    def operands(self, args: Any) -> Any:
        """The arguments of a call: the outermost list or map keeps its shape."""
        if type(args) is list:
            return [self.operand(item) for item in args]
        if type(args) is dict:
            return {key: self.operand(item) for key, item in args.items()}
        return self.operand(args)

    def condition_value(self, tree: Any) -> Any:
        """What the call in the place of a condition gives."""
        return self.value(tree)

    def give_unknown(self) -> Any:
        """`UNKNOWN`, counted."""
        self.unknown += 1
        return UNKNOWN

    def keep(self, function: "Function") -> Any:
        """A call that has to stay, counted."""
        self.residual += 1
        return function

    def report(self, found: Iterable[Diagnostic]) -> None:
        """Take over what was found when a part was parsed late."""
        raise NotImplementedError

    def misused(self, function: "Function", misuse: Misuse) -> Any:
        """What to do about a wrong call: note it and give `UNKNOWN`, or raise."""
        raise NotImplementedError

    # What functions ask for from outside. A pass that cannot tell never meets such a call.

    def parameter(self, name: str) -> Any:
        """The value of a parameter. Raises Misuse."""
        raise NotImplementedError

    def parameter_names(self) -> Collection[str]:
        """The names of all parameters, pseudo parameters included."""
        raise NotImplementedError

    def file(self, key: str) -> str:
        """The text of a file of the request. Raises Misuse."""
        raise NotImplementedError

    def condition(self, name: str) -> Any:
        """Whether a named condition holds; may be UNKNOWN. Raises Misuse."""
        raise NotImplementedError

    def mappings(self) -> Mapping[str, Any]:
        """The Mappings section."""
        raise NotImplementedError

    def facade(self, part: str) -> Any:
        """A part (metadata, deletion_policy, update_policy) of the resource this template stands for. Raises Misuse."""
        raise NotImplementedError

    def zones(self) -> list[str]:
        """The compute availability zones."""
        raise NotImplementedError

    def yaql_limits(self) -> tuple[int, int]:
        """Items a collection may have and bytes an expression may take, in yaql."""
        raise NotImplementedError

    def reference(self, function: "Function", resource: str) -> Any:
        """The reference of a resource, or the call itself (kept) when that is for later. Raises Misuse."""
        raise NotImplementedError

    def attribute(self, function: "Function", resource: str, path: tuple[Any, ...]) -> Any:
        """An attribute of a resource, or the call itself (kept) when that is for later. Raises Misuse."""
        raise NotImplementedError


class Function:
    """A call. `args` is a tree, `path` leads to the call's own key."""

    __slots__ = ("args", "name", "path", "source")

    #: A macro gets its arguments raw and reads what it wants of them.
    macro: ClassVar[bool] = False
    #: Whether an argument that vanishes (an `if` without else) leaves no gap; else it counts as null.
    closes_gaps: ClassVar[bool] = False
    #: One sentence for the list of functions.
    summary: ClassVar[str] = ""

    def __init__(self, name: str, args: Any, path: Path, source: Source) -> None:
        self.name = name
        self.args = args
        self.path = path
        self.source = source

    def __repr__(self) -> str:
        return f"{type(self).__name__}({{{self.name!r}: {self.args!r}}})"

    def __eq__(self, other: object) -> bool:
        """Two calls are equal when they would give the same: same function, same arguments."""
        if not isinstance(other, Function):
            return NotImplemented
        return type(self) is type(other) and self.name == other.name and bool(self.args == other.args)

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return self.source.place(self.path)

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> "Function":
        """The node of a call. Raises Misuse."""
        call = cls(name, args, path, reader.source)
        call.check(args)
        return call

    def with_args(self, args: Any) -> Self:
        """The same call with other arguments."""
        return type(self)(self.name, args, self.path, self.source)

    def to_raw(self) -> dict[str, Any]:
        """The call as it is written in a template."""
        return {self.name: to_raw(self.args)}

    def check(self, args: Any) -> None:
        """Check the shape of arguments in which calls may still stand. Raises Misuse."""

    def evaluate(self, evaluation: Evaluation) -> Any:
        """The value, or the call with evaluated arguments when one of them is for later. Raises Misuse."""
        residual, unknown = evaluation.residual, evaluation.unknown
        args = evaluation.operand(self.args) if self.closes_gaps else evaluation.operands(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        if evaluation.residual != residual:
            return self.with_args(args)
        self.check(args)
        return self.build(args, evaluation.allowance)

    def build(self, args: Any, allowance: Allowance) -> Any:
        """As `compute`, for functions whose result may be much larger than what is written. Raises Misuse."""
        return self.compute(args)

    def compute(self, args: Any) -> Any:
        """The value for final arguments that passed `check`. Raises Misuse."""
        raise NotImplementedError


class Broken(Function):
    """A call of an output that is known not to work: it fails again whenever the output is asked for."""

    __slots__ = ("_misuse",)

    def __init__(self, function: Function, misuse: Misuse) -> None:
        super().__init__(function.name, to_raw(function.args), function.path, function.source)
        self._misuse = misuse

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        raise self._misuse


def to_raw(tree: Any) -> Any:
    """A tree as plain data, calls as they are written; UNKNOWN stays."""
    if isinstance(tree, Function):
        return tree.to_raw()
    if isinstance(tree, dict):
        return {key: to_raw(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [to_raw(item) for item in tree]
    return tree


def kind_of(value: Any) -> str:
    """What a value is, in a user's words; messages name this instead of values, which may be secret."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a map"


def need_list(value: Any, what: str, least: int = 0, most: int | None = None) -> None:
    """Check that an argument is a list of so many items, unless a call stands in its place. Raises Misuse."""
    if isinstance(value, Function):
        return
    if not isinstance(value, list):
        raise Misuse(f"{what} must be a list, not {kind_of(value)}", "TypeError")
    if len(value) < least or (most is not None and len(value) > most):
        if least == most:
            wanted = f"exactly {least}"
        elif most is None:
            wanted = f"at least {least}"
        else:
            wanted = f"{least} to {most}"
        raise Misuse(f"{what} must have {wanted} items, not {len(value)}")


def need_map(value: Any, what: str, required: tuple[str, ...] = (), allowed: tuple[str, ...] | None = None) -> None:
    """Check that an argument is a map with these keys, unless a call stands in its place. Raises Misuse."""
    if isinstance(value, Function):
        return
    if not isinstance(value, dict):
        raise Misuse(f"{what} must be a map, not {kind_of(value)}", "TypeError")
    for key in required:
        if key not in value:
            raise Misuse(f"{what} need {key!r}", "KeyError", advice=f"Needed: {', '.join(required)}.")
    if allowed is not None:
        for key in value:
            if key not in allowed:
                raise Misuse(f"{what} have an unknown key {key!r}", "KeyError", advice=f"Known: {', '.join(allowed)}.")


def need_text(value: Any, what: str) -> None:
    """Check that an argument is text, unless a call stands in its place. Raises Misuse."""
    if not isinstance(value, (str, Function)):
        raise Misuse(f"{what} must be text, not {kind_of(value)}", "TypeError")


def need_size(characters: int, what: str, allowance: Allowance) -> None:
    """Check that a text to be built is not too long, and take it from the allowance. Raises Misuse."""
    if characters > MAX_TEXT:
        raise Misuse(f"{what} would have {characters} characters; the limit is {MAX_TEXT}")
    allowance.take(characters)
