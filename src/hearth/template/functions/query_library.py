"""What a yaql expression may call: the standard library, with what could not end replaced or counted.

Called by `hearth.template.functions.query` only. The engine's options do not cover arithmetic (squaring a number 200
times), regular expressions (`(a+)+b`) and loops in loops in loops.
"""
# mypy: disable-error-code="untyped-decorator"
# The library's decorators have no types.

import contextlib
import contextvars
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaql
from yaql.language import contexts, conventions, specs, yaqltypes
from yaql.standard_library import regex as library_regex

from hearth.model import patterns
from hearth.template.functions.base import Allowance, Misuse

#: Longest number in bits.
_WIDEST: Final = 4_096
#: Calls of yaql functions and operators in one evaluation, and in all of a request: half a second, and some seconds.
_MOST_CALLS: Final = 10_000
_MOST_TOGETHER: Final = 50_000
#: How much of the search with a regular expression takes as long as a call.
_SEARCH_OF_A_CALL: Final = patterns.MOST_SEARCH // _MOST_CALLS

_REGULAR_EXPRESSIONS: Final[tuple[Callable[..., Any], ...]] = (
    library_regex.matches,
    library_regex.matches_,
    library_regex.matches_operator_string,
    library_regex.matches_operator_regex,
    library_regex.not_matches_operator_string,
    library_regex.not_matches_operator_regex,
    library_regex.search,
    library_regex.search_all,
    library_regex.split,
    library_regex.split_string,
    library_regex.replace,
    library_regex.replace_by,
    library_regex.replace_string,
    library_regex.replace_by_string,
)


class _Effort:
    """What one evaluation may still do, and all of the request."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._left = _MOST_CALLS

    def take(self, calls: int = 1) -> None:
        """Take some calls. Raises Misuse."""
        self._left -= calls
        self._allowance.yaql_calls += calls
        if self._left < 0:
            raise Misuse(f"the yaql expression makes more than {_MOST_CALLS} calls")
        if self._allowance.yaql_calls > _MOST_TOGETHER:
            raise Misuse(
                f"the yaql expressions of this request make more than {_MOST_TOGETHER} calls altogether",
                advice="Split it into several stacks.",
            )


_effort: contextvars.ContextVar[_Effort] = contextvars.ContextVar("effort of the present yaql evaluation")


@contextlib.contextmanager
def evaluation(allowance: Allowance) -> Iterator[contexts.Context]:
    """A fresh context for one evaluation, while it lasts."""
    effort = _Effort(allowance)
    token = _effort.set(effort)
    try:
        yield _CountingContext(_context(), effort)
    finally:
        _effort.reset(token)


class _CountingContext(contexts.Context):  # type: ignore[misc]  # the library has no types
    """A context that ends an evaluation which calls too much. Its child contexts share the count."""

    def __init__(self, parent: Any = None, effort: _Effort | None = None) -> None:
        super().__init__(parent)
        self._taken: _Effort = parent._taken if effort is None else effort

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._taken.take()
        return super().__call__(*args, **kwargs)


@functools.lru_cache(maxsize=1)
def _context() -> Any:
    context = yaql.create_context().create_child_context()
    for function in (_multiply, _power, _shift_left):
        context.register_function(function)
    for function in _REGULAR_EXPRESSIONS:
        context.register_function(_held(function))
    return context


def _held(function: Callable[..., Any]) -> Any:
    """A function of the library that searches with a regular expression, for searches that come to an end."""
    definition = specs.get_function_definition(function, convention=conventions.CamelCaseConvention())
    signature = inspect.signature(function)

    def held(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        _need_quick(given.get("regexp", given.get("pattern")), given["string"])
        return function(*args, **kwargs)

    definition.payload = held
    return definition


def _need_quick(pattern: Any, text: str) -> None:
    """Check that the search for a pattern in a text ends soon. Raises Misuse."""
    try:
        amount = patterns.search_amount(pattern if isinstance(pattern, str) else pattern.pattern, len(text))
    except (re.error, ValueError) as error:
        raise Misuse(f"the yaql expression has a wrong regular expression: {error}") from error
    if amount > patterns.MOST_SEARCH:
        raise Misuse(
            f"a regular expression in yaql could take too long on a text of {len(text)} characters",
            advice="Make it simpler (repeats of repeats, as in (a+)+, are the worst) or the text shorter.",
        )
    _effort.get().take(amount // _SEARCH_OF_A_CALL)


def _need_bits(bits: float) -> None:
    if bits > _WIDEST:
        raise Misuse(f"the yaql expression makes a number of {int(bits)} bits; the limit is {_WIDEST}")


@specs.parameter("left", yaqltypes.Number())
@specs.parameter("right", yaqltypes.Number())
@specs.name("#operator_*")
def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _need_bits(left.bit_length() + right.bit_length())
    return left * right


@specs.parameter("a", yaqltypes.Number())
@specs.parameter("b", yaqltypes.Number())
@specs.parameter("c", yaqltypes.Integer(nullable=True))
@specs.name("pow")
def _power(a: Any, b: Any, c: Any = None) -> Any:
    if c is None and isinstance(a, int) and isinstance(b, int):
        _need_bits(a.bit_length() * b)
    return pow(a, b, c)


@specs.parameter("value", yaqltypes.Integer())
@specs.parameter("bits_number", yaqltypes.Integer())
@specs.name("shiftBitsLeft")
def _shift_left(value: int, bits_number: int) -> int:
    _need_bits(value.bit_length() + bits_number)
    return value << bits_number
