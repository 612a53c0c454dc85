"""Is this request body well formed? Small rules put together into shapes.

Nova and cinder check bodies with them. A rule looks at one value and names the problem or returns None; a shape is
the set of fields an object may have. The first problem refuses the request with 400, in the words clients of both
services know. What a value means (does this volume exist?) is not decided here.
"""

import base64
import dataclasses
import re
import uuid as uuids
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from hearth.localcloud.core import errors

#: The problem with a value, or None.
Rule = Callable[[Any], str | None]

TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
FALSE = frozenset({"0", "f", "false", "off", "n", "no"})


@dataclasses.dataclass(frozen=True)
class Shape:
    """The fields of an object: a rule each, which are required, and whether others may come."""

    fields: Mapping[str, Rule]
    required: Sequence[str] = ()
    open: bool = False

    def extended(self, **fields: Rule) -> "Shape":
        """The shape with more fields."""
        return dataclasses.replace(self, fields={**self.fields, **fields})

    def __call__(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"{value!r} is not of type 'object'"
        for name in self.required:
            if name not in value:
                return f"{name!r} is a required property"
        for name, item in value.items():
            rule = self.fields.get(name)
            if rule is None:
                if not self.open:
                    return f"Additional properties are not allowed ({name!r} was unexpected)"
            elif problem := rule(item):
                return f"{name}: {problem}"
        return None


def read(body: Any, key: str, shape: Shape) -> dict[str, Any]:
    """The object a body wraps in `key`, checked. Raises ApiError 400 naming field, value and problem."""
    if not isinstance(body, dict) or key not in body:
        raise errors.ApiError(400, f"{key!r} is a required property")
    value = body[key]
    if not isinstance(value, dict):
        raise invalid(key, value, f"{value!r} is not of type 'object'")
    for name, item in value.items():
        rule = shape.fields.get(name)
        if rule is not None and (problem := rule(item)):
            raise invalid(name, item, problem)
    if problem := shape(value):
        raise invalid(key, value, problem)
    return value


def invalid(field: str, value: Any, problem: str) -> errors.ApiError:
    """The refusal of one field's value."""
    return errors.ApiError(400, f"Invalid input for field/attribute {field}. Value: {value}. {problem}")


def anything(value: Any) -> str | None:
    """Whatever JSON can say."""
    return None


def nothing(value: Any) -> str | None:
    """null only."""
    return None if value is None else f"{value!r} is not of type 'null'"


def text(minimum: int = 0, maximum: int = 255, *, pattern: str | None = None) -> Rule:
    """Text of a length between the limits, matching the pattern as a whole if there is one."""
    compiled = re.compile(pattern) if pattern else None

    def rule(value: Any) -> str | None:
        if not isinstance(value, str):
            return f"{value!r} is not of type 'string'"
        if len(value) < minimum:
            return f"{value!r} should be non-empty" if minimum == 1 else f"{value!r} is too short"
        if len(value) > maximum:
            return f"{value[:40]!r}... is too long: {len(value)} characters, at most {maximum}"
        if compiled is not None and not compiled.fullmatch(value):
            return f"{value!r} does not match {pattern!r}"
        return None

    return rule


def name(value: Any) -> str | None:
    """A name people give: 1 to 255 characters, no space at either end."""
    if problem := _NAME(value):
        return problem
    return f"{value!r} has leading or trailing spaces" if value != value.strip() else None


_NAME = text(1, 255)


def integer(minimum: int, maximum: int = 0x7FFFFFFF) -> Rule:
    """A whole number between the limits, as number or text."""

    def rule(value: Any) -> str | None:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
            value = int(value)
        if isinstance(value, str):
            return f"{value!r} does not match '^[0-9]+$'"
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{value!r} is not of type 'integer'"
        if value < minimum:
            return f"{value} is less than the minimum of {minimum}"
        if value > maximum:
            return f"{value} is greater than the maximum of {maximum}"
        return None

    return rule


def number(value: Any) -> str | None:
    """A number of 0 or more, as number or text."""
    try:
        return None if not isinstance(value, bool) and float(value) >= 0 else f"{value!r} is less than the minimum of 0"
    except (TypeError, ValueError):
        return f"{value!r} is not of type 'number'"


def boolean(value: Any) -> str | None:
    """true or false, or a word for one of them."""
    if isinstance(value, bool) or str(value).lower() in TRUE | FALSE:
        return None
    return f"{value!r} is not of type 'boolean'"


def truth(value: Any) -> bool:
    """What a checked boolean says."""
    return value if isinstance(value, bool) else str(value).lower() in TRUE


def one_of(*allowed: Any) -> Rule:
    """One of these values."""

    def rule(value: Any) -> str | None:
        return None if value in allowed else f"{value!r} is not one of {list(allowed)!r}"

    return rule


def uuid(value: Any) -> str | None:
    """A UUID."""
    return None if is_uuid(value) else f"{value!r} is not a 'uuid'"


def is_uuid(value: Any) -> bool:
    """Does it look like a UUID, with or without dashes?"""
    if not isinstance(value, str):
        return False
    try:
        return uuids.UUID(value).hex == value.replace("-", "").lower()
    except ValueError:
        return False


def encoded(maximum: int) -> Rule:
    """Text in base64 of at most so many characters."""
    limited = text(0, maximum)

    def rule(value: Any) -> str | None:
        if problem := limited(value):
            return problem
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            return f"{value[:40]!r} is not a 'base64'"
        return None

    return rule


def texts(value: Any) -> str | None:
    """Metadata: names of 1 to 255 characters, text of up to 255 to each."""
    if not isinstance(value, dict):
        return f"{value!r} is not of type 'object'"
    for key, item in value.items():
        if not 1 <= len(key) <= 255:
            return f"{key[:40]!r}: a name has 1 to 255 characters, this one {len(key)}"
        if not isinstance(item, str):
            return f"{item!r} is not of type 'string'"
        if len(item) > 255:
            return f"{item[:40]!r}... is too long: {len(item)} characters, at most 255"
    return None


def list_of(rule: Rule, *, maximum: int | None = None) -> Rule:
    """A list whose items all follow the rule."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return f"{value!r} is not of type 'array'"
        if maximum is not None and len(value) > maximum:
            return f"{len(value)} items are too many: at most {maximum}"
        return next((problem for item in value if (problem := rule(item))), None)

    return check


def either(*rules: Rule) -> Rule:
    """A value that follows one of the rules; the last one's problem is told."""

    def check(value: Any) -> str | None:
        problem = None
        for rule in rules:
            problem = rule(value)
            if problem is None:
                return None
        return problem

    return check


def optional(rule: Rule) -> Rule:
    """null, or a value that follows the rule."""
    return lambda value: None if value is None else rule(value)


def without(value: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The object less these fields."""
    return {key: item for key, item in value.items() if key not in names}
