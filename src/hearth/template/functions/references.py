"""Functions that ask for something: parameters, resources, files, mappings, the resource a template stands for."""

from typing import Any, ClassVar

from hearth.model import values
from hearth.model.diagnostics import Path, nearest
from hearth.model.values import UNKNOWN
from hearth.template.functions import base
from hearth.template.functions.base import Evaluation, Function, Misuse, Reader


class GetParam(Function):
    """`name`, or `[name, step, ...]` to pick something inside of the value; "" when it is not there.

    Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#get-param
    """

    summary = "Gives the value of a parameter. Takes its name, or a list of the name and the path to an element."
    #: What an unknown name is called; Ref can also name resources.
    missing_kind: ClassVar[str] = "UserParameterMissing"

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if isinstance(args, (Function, str)) and args != "":
            return
        if isinstance(args, list) and args:
            if not isinstance(args[0], (str, Function)):
                raise Misuse(f"{self.name} needs the name of a parameter, not {base.kind_of(args[0])}", "TypeError")
            return
        if not args and not isinstance(args, (bool, int, float)):
            raise Misuse(f"{self.name} needs the name of a parameter")
        raise Misuse(f"{self.name} takes a name or a list, not {base.kind_of(args)}", "TypeError")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`; a path that is not final yet leaves a walk through the value for later."""
        residual, unknown = evaluation.residual, evaluation.unknown
        args = evaluation.operand(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        self.check(args)
        name, *path = args if isinstance(args, list) else [args]
        if isinstance(name, Function):
            raise Misuse(f"{self.name} needs a name that is known before any resource exists")
        value = self.fetch(evaluation, name)
        if evaluation.unknown != unknown:
            return UNKNOWN if path else value
        if evaluation.residual != residual:
            return ParameterWalk(self.name, [value, *path], self.path, self.source)
        return _walked(value, path)

    def fetch(self, evaluation: Evaluation, name: str) -> Any:
        """The parameter's value. Raises Misuse."""
        return evaluation.parameter(name)


def _walked(value: Any, path: list[Any]) -> Any:
    for step in path:
        try:
            if isinstance(value, dict):
                value = value[step]
            elif isinstance(value, (list, str)) and isinstance(step, (int, str)):
                value = value[int(step)]
            else:
                return ""
        except (LookupError, ValueError, TypeError):
            return ""
    return value


class ParameterWalk(Function):
    """What stays of a get_param whose path depends on resources: `[value, step, ...]`."""

    def compute(self, args: Any) -> Any:
        """See `Function.compute`."""
        return _walked(args[0], args[1:])


class GetFile(Function):
    """`key`: the text given with the request under that key."""

    # heat-tempest-plugin compares this sentence.
    summary = "A function for including a file inline."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_text(args, f"the argument of {self.name}")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        unknown = evaluation.unknown
        key = evaluation.operand(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        self.check(key)
        if isinstance(key, Function):
            raise Misuse(f"{self.name} needs a key that is known before any resource exists")
        return evaluation.file(key)


class GetResource(Function):
    """`resource`: its reference, which is mostly its physical id."""

    summary = "Gives the reference of a resource, mostly its id. Takes the resource's name."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_text(args, f"the argument of {self.name}")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        residual, unknown = evaluation.residual, evaluation.unknown
        name = evaluation.operand(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        if evaluation.residual != residual:
            return self.with_args(name)
        self.check(name)
        return evaluation.reference(self, name)


class GetAttr(Function):
    """`[resource, attribute, step, ...]`: the path is walked by the resource, so that groups can interpret it."""

    summary = (
        "Gives an attribute of a resource. Takes a list of the resource, the attribute and the path to an element."
    )
    least: ClassVar[int] = 2
    most: ClassVar[int | None] = None
    #: Whether the whole attribute is asked for, and the path walked here.
    walks: ClassVar[bool] = False

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", self.least, self.most)
        if isinstance(args, list):
            base.need_text(args[0], f"the resource of {self.name}")
            for step in args[1:2] if self.walks else args[1:]:
                if isinstance(step, (dict, list)):
                    raise Misuse(f"a step of {self.name} is a key or an index, not {base.kind_of(step)}", "TypeError")
            if len(args) > 1:
                base.need_text(args[1], f"the attribute of {self.name}")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        residual, unknown = evaluation.residual, evaluation.unknown
        args = evaluation.operands(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        if evaluation.residual != residual and not (isinstance(args, list) and isinstance(args[0], str)):
            return self.with_args(args)
        self.check(args)
        resource, *path = args
        if self.walks and isinstance(path[0], str):
            found = evaluation.attribute(self.with_args(args), resource, tuple(path[:1]))
            return found if found is UNKNOWN or isinstance(found, Function) else values.walk(found, path[1:])
        return evaluation.attribute(self.with_args(args), resource, tuple(path))


class GetAttrWalked(GetAttr):
    """2013-05-23: the whole attribute is fetched, then the path applied."""

    walks = True


class GetAttrAll(GetAttr):
    """From 2015-10-15: `[resource]` gives all attributes."""

    summary = "Gives one or all attributes of a resource. Takes a list of the resource, the attribute and a path."
    least = 1


class FnGetAtt(GetAttr):
    """CloudFormation's form: exactly a resource and an attribute."""

    summary = "Gives an attribute of a resource. Takes a list of the resource and the attribute."
    most = 2


class RefParameter(GetParam):
    """CloudFormation's `Ref` to a parameter."""

    missing_kind = "InvalidTemplateReference"

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_text(args, f"the argument of {self.name}")

    def fetch(self, evaluation: Evaluation, name: str) -> Any:
        """See `GetParam.fetch`."""
        if name in evaluation.parameter_names():
            return evaluation.parameter(name)
        raise Misuse(
            f"{self.name} names {name!r}, which is neither a resource nor a parameter",
            "InvalidTemplateReference",
            kind=self.missing_kind,
            advice=nearest(name, evaluation.parameter_names()),
        )


class Ref(Function):
    """CloudFormation's `Ref`: what the name is, a resource or a parameter, is settled when the template is read."""

    summary = "Gives the value of a parameter or the reference of a resource. Takes the name."

    @classmethod
    def parse(cls, name: str, args: Any, path: Path, reader: Reader) -> Function:
        """See `Function.parse`."""
        is_resource = isinstance(args, str) and args in reader.resources
        return (GetResource if is_resource else RefParameter).parse(name, args, path, reader)


class FindInMap(Function):
    """CloudFormation's `[map, key, name]` in the Mappings section."""

    summary = "Gives a value of the Mappings section. Takes a list of the map, the key in it and the name."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if not isinstance(args, Function) and (not isinstance(args, list) or len(args) != 3):
            raise Misuse(f"{self.name} takes a list of three: map, key, name", "KeyError")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        residual, unknown = evaluation.residual, evaluation.unknown
        args = evaluation.operands(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        self.check(args)
        if evaluation.residual != residual:
            return evaluation.keep(MappingWalk(self.name, [evaluation.mappings(), args], self.path, self.source))
        return _mapped(evaluation.mappings(), args, self.name)


class MappingWalk(Function):
    """What stays of a Fn::FindInMap whose steps depend on resources: `[mappings, [map, key, name]]`."""

    def compute(self, args: Any) -> Any:
        """See `Function.compute`."""
        return _mapped(args[0], args[1], self.name)


def _mapped(mappings: Any, steps: list[Any], name: str) -> Any:
    found = mappings
    for step in steps:
        base.need_text(step, f"each item of {name}")
        if not isinstance(found, dict) or step not in found:
            known = found if isinstance(found, dict) else ()
            raise Misuse(f"the Mappings have no entry {step!r} here", "KeyError", advice=nearest(step, known))
        found = found[step]
    return found


class ResourceFacade(Function):
    """A part of the resource that this template, used as a type, stands for."""

    summary = "Gives a part of the resource this template stands for. Takes metadata, deletion_policy or update_policy."
    parts: ClassVar[dict[str, str]] = {
        "metadata": "metadata",
        "deletion_policy": "deletion_policy",
        "update_policy": "update_policy",
    }

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        if not isinstance(args, Function) and (not isinstance(args, str) or args not in self.parts):
            raise Misuse(f"{self.name} takes one of {', '.join(self.parts)}")

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        unknown = evaluation.unknown
        part = evaluation.operand(self.args)
        if evaluation.unknown != unknown:
            return UNKNOWN
        self.check(part)
        if isinstance(part, Function):
            raise Misuse(f"{self.name} needs an argument that is known before any resource exists")
        return evaluation.facade(self.parts[part])


class FnResourceFacade(ResourceFacade):
    """CloudFormation's spellings."""

    summary = "Gives a part of the resource this template stands for. Takes Metadata, DeletionPolicy or UpdatePolicy."
    parts = {"Metadata": "metadata", "DeletionPolicy": "deletion_policy", "UpdatePolicy": "update_policy"}


class GetAvailabilityZones(Function):
    """CloudFormation's `Fn::GetAZs`; the region is ignored."""

    summary = "Gives the names of the compute availability zones. Takes a region, which is ignored."

    def evaluate(self, evaluation: Evaluation) -> Any:
        """See `Function.evaluate`."""
        return evaluation.zones()
