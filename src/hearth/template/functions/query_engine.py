"""Parses and evaluates yaql expressions, held to limits.

Called by `hearth.template.functions.query` only, which imports this when an expression is met: the library takes 60 ms
to import, and few templates need it. An engine costs 20 ms to make, so there is one for each pair of limits, and parsed
expressions are remembered. The expression sees `$.data` and the standard library, nothing of the host. The engine's own
options limit items and memory; `query_library` limits the rest.
"""

import datetime
import functools
import threading
from typing import Any, Final

import yaql
from yaql.language import exceptions

from hearth.template.functions import query_library
from hearth.template.functions.base import Allowance, Misuse

#: Longest expression in characters.
_LONGEST: Final = 16_384

_parsing = threading.Lock()


def evaluated(args: Any, limits: tuple[int, int], allowance: Allowance) -> Any:
    """The value of a call. Raises Misuse."""
    expression = parsed(args["expression"], limits)
    try:
        with query_library.evaluation(allowance) as context:
            result = expression.evaluate(data={"data": args.get("data", {})}, context=context)
    except Misuse:
        raise
    except exceptions.CollectionTooLargeException as error:
        raise Misuse(f"the yaql expression handles a collection of more than {limits[0]} items") from error
    except exceptions.MemoryQuotaExceededException as error:
        raise Misuse(f"the yaql expression needs more than {limits[1]} bytes") from error
    except Exception as error:  # the expression is the user's program: whatever it raises is an error in it
        cause = error.wrapped if isinstance(error, exceptions.WrappedException) else error
        if isinstance(cause, Misuse):
            raise cause from error
        raise Misuse(f"the yaql expression failed: {_reason(cause)}") from error
    return _as_data(result)


def _reason(error: BaseException) -> str:
    """What went wrong, without any of the data: they may be secret."""
    match error:
        case RecursionError():
            return "it is nested too deep, or calls itself without end"
        case exceptions.NoFunctionRegisteredException() | exceptions.NoMethodRegisteredException():
            name = _named(error)
            told = name.removeprefix("#property#")
            return f"there is no function {name!r}" if told == name else f"a value has no {told!r}"
        case exceptions.NoMatchingFunctionException() | exceptions.NoMatchingMethodException():
            name = _named(error)
            told = name.removeprefix("#operator_") if name.startswith("#") else f"{name}()"
            return f"{told} does not take such values"
        case ZeroDivisionError():
            return "a division by zero"
        case KeyError() | IndexError():
            return "something is asked for that is not there"
        case _:
            return type(error).__name__


def _named(error: exceptions.ResolutionError) -> str:
    """The function that the library speaks of: the first name in its message, which goes on with the data."""
    return str(error).split('"', 2)[1]


@functools.lru_cache(maxsize=16)
def _engine(limits: tuple[int, int]) -> Any:
    return yaql.YaqlFactory().create(
        {
            "yaql.limitIterators": limits[0],
            "yaql.memoryQuota": limits[1],
            "yaql.convertTuplesToLists": True,
            "yaql.convertSetsToLists": True,
        }
    )


@functools.lru_cache(maxsize=2048)
def parsed(expression: str, limits: tuple[int, int]) -> Any:
    """The expression, parsed. Raises Misuse."""
    if len(expression) > _LONGEST:
        raise Misuse(f"the yaql expression has {len(expression)} characters; the limit is {_LONGEST}")
    try:
        with _parsing:  # an engine's parser holds state
            return _engine(limits)(expression)
    except exceptions.YaqlParsingException as error:
        at = f" at character {error.position + 1}" if isinstance(error.position, int) else " at its end"
        raise Misuse(f"not a valid yaql expression: unexpected {error.value!r}{at}") from error
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, exceptions.YaqlException) as error:
        raise Misuse(f"not a valid yaql expression: {type(error).__name__}") from error


def _as_data(value: Any) -> Any:
    """A result as plain data. Raises Misuse for what no document can hold."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_as_data(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    raise Misuse(
        f"the yaql expression gives a {type(value).__name__}, which is no plain value",
        advice="Turn it into text with str().",
    )
