"""What a yaql expression may call: the standard library, with what could not end replaced or counted.

Called by `hearth.template.functions.query` only. The engine's options do not cover arithmetic (squaring a number 200
times), regular expressions (`(a+)+b`) and loops in loops in loops.
"""
# mypy: disable-error-code="untyped-decorator"
# The library's decorators have no types.

import functools
import re
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser has had no public name since 3.11
from typing import Any, Final

import yaql
from yaql.language import contexts, specs, yaqltypes
from yaql.standard_library import regex as library_regex

from hearth.template.functions.base import Misuse

#: Longest number in bits.
_WIDEST: Final = 4_096
#: Calls of yaql functions and operators in one evaluation: a second or two.
_MOST_CALLS: Final = 20_000
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def context() -> contexts.Context:
    """A fresh context for one evaluation."""
    return _CountingContext(_context())


class _CountingContext(contexts.Context):  # type: ignore[misc]  # the library has no types
    """A context that ends an evaluation which calls too much. Its child contexts share the count."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._left: list[int] = parent._left if isinstance(parent, _CountingContext) else [_MOST_CALLS]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise Misuse(f"the yaql expression makes more than {_MOST_CALLS} calls")
        return super().__call__(*args, **kwargs)


@functools.lru_cache(maxsize=1)
def _context() -> Any:
    context = yaql.create_context().create_child_context()
    for function in (_multiply, _power, _shift_left, _regex, _matches, _matches_operator, _matches_not_operator):
        context.register_function(function)
    return context


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


@specs.parameter("pattern", yaqltypes.String())
@specs.parameter("ignore_case", bool)
@specs.parameter("multi_line", bool)
@specs.parameter("dot_all", bool)
@specs.name("regex")
def _regex(pattern: str, ignore_case: bool = False, multi_line: bool = False, dot_all: bool = False) -> Any:
    _need_tame(pattern)
    return library_regex.regex(pattern, ignore_case, multi_line, dot_all)


@specs.parameter("string", yaqltypes.String())
@specs.parameter("regexp", yaqltypes.String())
@specs.name("matches")
@specs.method
def _matches(string: str, regexp: str) -> bool:
    _need_tame(regexp)
    return re.search(regexp, string) is not None


@specs.parameter("string", yaqltypes.String())
@specs.parameter("pattern", yaqltypes.String())
@specs.name("#operator_=~")
def _matches_operator(string: str, pattern: str) -> bool:
    return bool(_matches(string, pattern))


@specs.parameter("string", yaqltypes.String())
@specs.parameter("pattern", yaqltypes.String())
@specs.name("#operator_!~")
def _matches_not_operator(string: str, pattern: str) -> bool:
    return not _matches(string, pattern)


def _need_tame(pattern: str) -> None:
    try:
        tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Misuse(f"the yaql expression has a wrong regular expression: {error}") from error
    if _nests_repeats(tree):
        raise Misuse("a regular expression in yaql must not repeat what repeats, as in (a+)+")


def _nests_repeats(tree: Any, inside: bool = False) -> bool:
    """Whether a choice is repeated in a repeat: what makes the time of a match grow exponentially."""
    return any(_nests(kind, argument, inside) for kind, argument in tree)


def _nests(kind: Any, argument: Any, inside: bool) -> bool:
    if kind in _REPEATS:
        repeats = argument[1] > 1
        return (inside and repeats) or _nests_repeats(argument[2], inside or repeats)
    if kind is _constants.BRANCH:
        return inside or any(_nests_repeats(branch, inside) for branch in argument[1])
    if kind in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.SUBPATTERN):
        return _nests_repeats(argument[-1], inside)
    return False
