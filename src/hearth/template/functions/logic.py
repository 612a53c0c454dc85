"""Choosing: `if`, and the functions that conditions are made of."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from hearth.model.diagnostics import Path
from hearth.model.values import UNKNOWN
from hearth.template.functions import base
from hearth.template.functions.base import REMOVED, Evaluation, Function, Misuse, Reader


def holds(condition: Any, evaluation: Evaluation, *, may_be_null: bool = True) -> Any:
    """Whether a condition (a bool, a name, a call) holds; may be UNKNOWN. Raises Misuse.

    A call that gives null says nothing against it, unless it defines a condition (not `may_be_null`).
    """
    if isinstance(condition, str):
        found = evaluation.condition(condition)
    else:
        found = evaluation.condition_value(condition)
    if found is UNKNOWN or isinstance(found, bool):
        return found
    if found is None and may_be_null:
        return True
    raise Misuse(f"a condition must give true or false, not {base.kind_of(found)}", "Condition validation error")


def conditions_named(tree: Any) -> Iterator[str]:
    """The names of conditions that a condition asks for."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Not):
        yield from conditions_named(tree.args)
    elif isinstance(tree, _Junction):
        for operand in tree.args:
            yield from conditions_named(operand)


class If(Function):
    """`[condition, then, else]`. The branch not taken is never read: what is wrong in it does not count.

    Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#if
    """

    summary = "Gives one of two values. Takes a list of a condition, the value when it holds and the other value."
    macro = True
    least: ClassVar[int] = 3

    __slots__ = ("_branches",)
    _branches: tuple[Callable[[Evaluation], Any], ...]

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> Function:
        """See `Function.parse`."""
        base.need_list(args, f"the arguments of {name}", cls.least, 3)
        condition = reader.read_condition(args[0], (*path, 0))
        call = cls(name, [condition, *args[1:]], path, reader.source)
        call._branches = tuple(reader.read_later(branch, (*path, number)) for number, branch in enumerate(args[1:], 1))
        return call

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        taken = holds(self.args[0], evaluation)
        if taken is UNKNOWN:
            return UNKNOWN
        number = 0 if taken else 1
        if number == len(self._branches):
            return REMOVED
        return evaluation.value(self._branches[number](evaluation))


class IfElseOptional(If):
    """From 2021-04-16: without an else, the entry the call stands in vanishes when the condition does not hold."""

    summary = "Gives one of two values; without the second, the entry vanishes. Takes a list of condition and values."
    least = 2


class Equals(Function):
    """`[a, b]`: plain equality; `1` and `"1"` differ."""

    summary = "Tells whether two values are equal. Takes a list of two values."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if not isinstance(args, Function) and (not isinstance(args, list) or len(args) != 2):
            raise Misuse(f"{self.name} takes a list of exactly two values")

    def compute(self, args: Any) -> bool:
        """See `Function.compute`."""
        return bool(args[0] == args[1])


class _Junction(Function):
    """`and` and `or`: the first operand that equals `decisive` decides, and those after it are not looked at."""

    macro = True
    decisive: ClassVar[bool]

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> Function:
        """See `Function.parse`."""
        if not isinstance(args, list) or len(args) < 2:
            raise Misuse(f"{name} takes a list of at least two conditions")
        operands = [reader.read_condition(item, (*path, number)) for number, item in enumerate(args)]
        return cls(name, operands, path, reader.source)

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        unknown = evaluation.unknown
        answer: Any = not self.decisive
        for operand in self.args:
            found = holds(operand, evaluation)
            if found is self.decisive:
                evaluation.unknown = unknown
                return self.decisive
            if found is UNKNOWN:
                answer = UNKNOWN
        return answer


class And(_Junction):
    """`[condition, condition, ...]`: all hold."""

    summary = "Tells whether all conditions hold. Takes a list of conditions."
    decisive = False


class Or(_Junction):
    """`[condition, condition, ...]`: one of them holds."""

    summary = "Tells whether one of the conditions holds. Takes a list of conditions."
    decisive = True


class Not(Function):
    """`condition`: its opposite."""

    summary = "Tells whether a condition does not hold. Takes the condition."
    macro = True

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> Function:
        """See `Function.parse`."""
        if args is None or args == "":
            raise Misuse(f"{name} needs a condition")
        return cls(name, reader.read_condition(args, path), path, reader.source)

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        found = holds(self.args, evaluation)
        return UNKNOWN if found is UNKNOWN else not found


class FnNot(Not):
    """CloudFormation's form: a list of one condition."""

    summary = "Tells whether a condition does not hold. Takes a list of the condition."

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> Function:
        """See `Function.parse`."""
        if not isinstance(args, list) or len(args) != 1:
            raise Misuse(f"{name} takes a list of exactly one condition")
        return cls(name, reader.read_condition(args[0], (*path, 0)), path, reader.source)


class Contains(Function):
    """`[value, list or text]`."""

    summary = "Tells whether a list has a value or a text has a part. Takes a list of the value and the list or text."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, 2)
        if isinstance(args, list) and not isinstance(args[1], (str, list, Function)):
            raise Misuse(f"{self.name} looks in a list or a text, not in {base.kind_of(args[1])}", "TypeError")

    def compute(self, args: Any) -> bool:
        """See `Function.compute`."""
        value, sequence = args
        if isinstance(sequence, str):
            base.need_text(value, f"what {self.name} looks for in a text")
        return value in sequence
