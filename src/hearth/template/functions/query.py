"""`yaql`: a query over data, in a language of its own. How one is evaluated is `query_engine`'s affair."""

from types import ModuleType
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.template.functions import base
from hearth.template.functions.base import Evaluation, Function


class Yaql(Function):
    """`{expression: text, data: map}`.

    Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#yaql
    """

    summary = "Evaluates a YAQL expression over data. Takes a map of expression and data."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_map(args, f"the arguments of {self.name}", ("expression",), ("expression", "data"))
        if isinstance(args, Function):
            return
        expression = args["expression"]
        base.need_text(expression, f"the expression of {self.name}")
        if isinstance(expression, str):
            _engine().parsed(expression, (-1, -1))

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`; the limits in force are kept for a call that stays."""
        residual, unknown = evaluation.residual, evaluation.unknown
        args = evaluation.operands(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        limits = evaluation.yaql_limits()
        if evaluation.residual != residual:
            return LimitedYaql(self.name, [limits, args], self.path, self.source)
        self.check(args)
        return _engine().evaluated(args, limits, evaluation.allowance)


class LimitedYaql(Function):
    """What stays of a yaql call that depends on resources: `[limits, arguments]`."""

    def to_raw(self) -> dict[str, Any]:
        """See `Function.to_raw`."""
        return {self.name: base.to_raw(self.args[1])}

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        residual, unknown = evaluation.residual, evaluation.unknown
        limits, args = self.args
        args = evaluation.operands(args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        if evaluation.residual != residual:
            return self.with_args([limits, args])
        call = Yaql(self.name, args, self.path, self.source)
        call.check(args)
        return _engine().evaluated(args, limits, evaluation.allowance)


def _engine() -> ModuleType:
    """What evaluates. It is imported when it is needed: few templates do, and its library takes long to import."""
    from hearth.template.functions import query_engine

    return query_engine
