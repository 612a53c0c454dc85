"""Functions on lists and maps: repeating, merging, concatenating, filtering, renaming, picking."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hearth.template.functions import base
from hearth.template.functions.base import Allowance, Function, Misuse


class Repeat(Function):
    """`{template: anything, for_each: {variable: list}}`.

    Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#repeat
    """

    summary = "Makes one copy of a template for each item of a list. Takes a map of template and for_each."
    takes_maps: ClassVar[bool] = False
    takes_permutations: ClassVar[bool] = False

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_map(args, f"the arguments of {self.name}", ("template", "for_each"))
        if isinstance(args, Function):
            return
        base.need_map(args["for_each"], f"for_each of {self.name}")
        together = self.takes_permutations and self._permutations(args) is False
        if isinstance(args["for_each"], Function):
            return
        if not args["for_each"]:
            raise Misuse(f"for_each of {self.name} must name at least one variable")
        for variable, items in args["for_each"].items():
            if isinstance(items, dict) and (not self.takes_maps or together):
                raise Misuse(f"for_each variable {variable!r} must be a list, not a map", "TypeError")
            if items is not None and not isinstance(items, (dict, list, Function)):
                raise Misuse(f"for_each variable {variable!r} must be a list, not {base.kind_of(items)}", "TypeError")

    def _permutations(self, args: Mapping[str, Any]) -> Any:
        permutations = args.get("permutations", True)
        if not isinstance(permutations, (bool, Function)):
            raise Misuse(
                f"permutations of {self.name} must be a boolean, not {base.kind_of(permutations)}", "TypeError"
            )
        return permutations

    def build(self, args: Any, allowance: Allowance) -> list[Any]:
        """See `Function.build`."""
        variables = list(args["for_each"])
        lists = [list(items or ()) for items in args["for_each"].values()]
        together = self.takes_permutations and not self._permutations(args)
        if None in args["for_each"].values():
            return []
        if together and len({len(items) for items in lists}) > 1:
            raise Misuse("without permutations all lists of for_each must have the same length")
        copies = len(lists[0]) if together else _product(map(len, lists))
        if copies > base.MAX_ITEMS:
            raise Misuse(f"{self.name} would make {copies} copies; the limit is {base.MAX_ITEMS}")
        budget = _Budget(self.name, allowance)
        rows = zip(*lists, strict=True) if together else itertools.product(*lists)
        return [_substituted(args["template"], list(zip(variables, row, strict=True)), budget) for row in rows]


class RepeatMaps(Repeat):
    """From 2016-10-14: a map stands for its keys."""

    takes_maps = True


class RepeatPermutations(RepeatMaps):
    """From 2017-09-01: `permutations: false` advances all variables together."""

    summary = "Makes one copy of a template for each item of a list. Takes a map of template, for_each, permutations."
    takes_permutations = True


def _product(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


class _Budget:
    """How much a repeat may still make; a short call can ask for gigabytes."""

    def __init__(self, name: str, allowance: Allowance) -> None:
        self._name = name
        self._allowance = allowance
        self._left = base.MAX_TEXT

    def take(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise Misuse(f"the result of {self._name} would be larger than {base.MAX_TEXT} characters")
        self._allowance.take(amount)


def _substituted(template: Any, row: Sequence[tuple[str, Any]], budget: _Budget) -> Any:
    if isinstance(template, str):
        for variable, item in row:
            if not isinstance(item, str):
                raise Misuse(
                    f"for_each variable {variable!r} has an item that is {base.kind_of(item)}; items must be text",
                    "TypeError",
                )
            template = _replaced(template, variable, item, budget)
        budget.take(len(template))
        return template
    budget.take(base.ITEM)
    if isinstance(template, dict):
        return {_substituted(key, row, budget): _substituted(item, row, budget) for key, item in template.items()}
    if isinstance(template, list):
        return [_substituted(item, row, budget) for item in template]
    return template


def _replaced(text: str, variable: str, item: str, budget: _Budget) -> str:
    if not variable:
        raise Misuse("a variable of for_each must not be empty")
    growth = text.count(variable) * len(item)
    if growth > base.MAX_TEXT:
        budget.take(growth)
    return text.replace(variable, item)


class MapMerge(Function):
    """`[map, map, ...]`; later maps win, the first level only."""

    summary = "Merges maps, later ones win. Takes a list of maps."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}")
        if isinstance(args, list):
            for number, item in enumerate(args, 1):
                if item is not None:
                    base.need_map(item, f"item {number} of {self.name}")

    def compute(self, args: Any) -> dict[str, Any]:
        """See `Function.compute`."""
        merged: dict[str, Any] = {}
        for item in args:
            merged.update(item or {})
        return merged


class MapReplace(Function):
    """`[map, {keys: {old: new}, values: {old: new}}]`."""

    closes_gaps = True
    summary = "Renames keys and exchanges values of a map. Takes a list of the map and a map of keys and values."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if isinstance(args, Function):
            return
        if not isinstance(args, list) or len(args) != 2:
            raise Misuse(f"{self.name} takes a list of two maps", "TypeError")
        if args[0] is not None:
            base.need_map(args[0], f"item 1 of {self.name}")
        if args[1] is not None:
            base.need_map(args[1], f"item 2 of {self.name}")
        if isinstance(args[1], dict):
            for key, item in args[1].items():
                if key not in ("keys", "values"):
                    raise Misuse(f"item 2 of {self.name} has an unknown key {key!r}", advice="Known: keys, values.")
                if item is not None:
                    base.need_map(item, f"{key} of {self.name}")

    def compute(self, args: Any) -> dict[str, Any]:
        """See `Function.compute`."""
        given, changes = args[0] or {}, args[1] or {}
        renamed, exchanged = changes.get("keys") or {}, changes.get("values") or {}
        result: dict[str, Any] = {}
        for key, value in given.items():
            new = renamed.get(key)
            if new is None:
                new = key
            elif not isinstance(new, str):
                raise Misuse(f"key {key!r} can only be renamed to text, not to {base.kind_of(new)}", "TypeError")
            elif new != key and new in given:
                raise Misuse(f"key {key!r} cannot be renamed to {new!r}, which the map has already")
            if new in result:
                raise Misuse(f"two keys would both be named {new!r}")
            result[new] = exchanged.get(_as_key(value), value) if _as_key(value) is not None else value
        return result


def _as_key(value: Any) -> str | None:
    """A value as the key of a map, to look up what replaces it; keys of documents are text."""
    return value if isinstance(value, str) else None


class ListConcat(Function):
    """`[list, list, ...]`."""

    summary = "Concatenates lists. Takes a list of lists."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}")
        if isinstance(args, list):
            for number, item in enumerate(args, 1):
                if item is not None:
                    base.need_list(item, f"item {number} of {self.name}")

    def build(self, args: Any, allowance: Allowance) -> list[Any]:
        """See `Function.build`."""
        allowance.take(base.ITEM * sum(len(operand or ()) for operand in args))
        return [item for operand in args for item in operand or ()]


class ListConcatUnique(ListConcat):
    """The same without repeated values; the first one stays."""

    summary = "Concatenates lists and keeps the first of equal items. Takes a list of lists."

    def build(self, args: Any, allowance: Allowance) -> list[Any]:
        """See `Function.build`."""
        found: dict[str, Any] = {}
        for item in super().build(args, allowance):
            allowance.take_value(item)
            found.setdefault(_identity(item), item)
        return list(found.values())


def _identity(value: Any) -> str:
    """A text that is equal for equal values (1 and 1.0 and True are equal, as they always are in Python)."""
    if isinstance(value, (bool, float)) and value == value and value not in (float("inf"), float("-inf")):
        value = int(value) if value == int(value) else value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_identity(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_identity, value)) + "]"
    return json.dumps(value)


class Filter(Function):
    """`[values, list]`: the list without these values."""

    summary = "Removes values from a list. Takes a list of the values to remove and the list."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, 2)
        if isinstance(args, list):
            for number, item in enumerate(args, 1):
                if item is not None:
                    base.need_list(item, f"item {number} of {self.name}")

    def compute(self, args: Any) -> Any:
        """See `Function.compute`."""
        values, items = args
        if not values or not items:
            return items
        refused = set(map(_identity, values))
        return [item for item in items if _identity(item) not in refused]


class Select(Function):
    """CloudFormation's `[index, list]` or `[key, map]`; "" when absent."""

    summary = "Picks one item of a list or map. Takes a list of the index or key and the collection."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, 2)

    def compute(self, args: Any) -> Any:
        """See `Function.compute`."""
        step, collection = args
        if collection is None or collection == "":
            return ""
        if isinstance(collection, str):
            try:
                collection = json.loads(collection)
            except (ValueError, RecursionError) as error:
                raise Misuse(f"{self.name} got text that is not JSON instead of a list or map") from error
        if isinstance(collection, dict):
            base.need_text(step, f"the key of {self.name}")
            return collection.get(step, "")
        if not isinstance(collection, list):
            raise Misuse(f"{self.name} picks from a list or map, not from {base.kind_of(collection)}", "TypeError")
        try:
            index = int(step) if isinstance(step, (int, str)) and not isinstance(step, bool) else None
        except ValueError:
            index = None
        if index is None:
            raise Misuse(f"the index of {self.name} must be an integer, not {base.kind_of(step)}", "TypeError")
        return collection[index] if -len(collection) <= index < len(collection) else ""


class MemberListToMap(Function):
    """CloudFormation's `[key name, value name, [".member.0.<key name>=k", ".member.0.<value name>=v", ...]]`."""

    summary = "Makes a map of numbered pairs. Takes a list of the key's name, the value's name and the pairs."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if isinstance(args, Function):
            return
        if not isinstance(args, list) or len(args) != 3:
            raise Misuse(f"{self.name} takes a list of three: key name, value name, pairs", "TypeError")
        base.need_text(args[0], f"the key name of {self.name}")
        base.need_text(args[1], f"the value name of {self.name}")
        base.need_list(args[2], f"the pairs of {self.name}")
        if isinstance(args[2], list):
            for item in args[2]:
                base.need_text(item, f"each pair of {self.name}")

    def compute(self, args: Any) -> dict[str, str]:
        """See `Function.compute`."""
        key_name, value_name, pairs = args
        members: dict[str, dict[str, str]] = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            parts = name.split(".")
            if len(parts) >= 4 and parts[:2] == ["", "member"]:
                members.setdefault(parts[2], {})[".".join(parts[3:])] = value
        return {
            member[key_name]: member[value_name]
            for member in members.values()
            if key_name in member and value_name in member
        }


class Base64(Function):
    """CloudFormation's `Fn::Base64`, which has always given the text unchanged; servers encode user data anyway."""

    summary = "Gives the text unchanged; user data is encoded where it is needed. Takes a text."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_text(args, f"the argument of {self.name}")

    def compute(self, args: Any) -> Any:
        """See `Function.compute`."""
        return args
