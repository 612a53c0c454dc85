"""Types that own a nested stack: what such types share, and the type made of a template file.

The engine makes, updates and deletes the nested stack; a type only says what is in it (`child`) and reads from it
(`attribute_path`, `reference`). Groups of members are `hearth.resources.heat.resource_group`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hearth.model import names, values
from hearth.model.constraints import Custom
from hearth.model.plan import Decision, Verdict
from hearth.model.values import is_known
from hearth.resources import base, schema
from hearth.resources.contract import (
    BrokenAttribute,
    Call,
    Change,
    ChildResource,
    ChildStack,
    Neighbour,
    Neighbours,
    Permanent,
    Reference,
)
from hearth.resources.neutron import topology
from hearth.resources.schema import Attribute, Property
from hearth.template import template

#: The output of a nested template that stands for the whole stack where its resource is referred to.
STACK_ID_OUTPUT = "OS::stack_id"
#: How attributes reach single resources of the nested stack: `resource.<name>` and `resource.<name>.<attribute>`.
_RESOURCE = "resource."
_LIST = "comma_delimited_list"
_JSON = "json"


class NestedStack(base.Base):
    """A type whose resource is a stack of its own."""

    nests = True
    supports_check = True

    def has_attribute(self, name: str) -> bool:
        """See `Resource.has_attribute`; single resources can be asked too."""
        return super().has_attribute(name) or name.startswith(_RESOURCE)

    def decide(self, change: Change, call: Call) -> Decision:
        """A change is the nested stack's affair; only what cannot be changed in place replaces it."""
        decision = super().decide(change, call)
        if decision.verdict is not Verdict.UPDATE:
            return decision
        return Decision(Verdict.UPDATE, "its nested stack is brought up to date", decision.keys)

    def wishes(self, me: Neighbour, others: Neighbours) -> set[str]:
        """Subnets of the networks it is given: servers and ports inside cannot be made without them."""
        return topology.subnets_of(others, _leaves(me.properties))

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """See `Resource.attribute_path`; types add their own names."""
        name = str(path[0])
        if call.child is None or not name.startswith(_RESOURCE):
            return None
        member, _, attribute = name.removeprefix(_RESOURCE).partition(".")
        found = call.child.resources.get(member)
        return await of_member(found, [attribute, *path[1:]] if attribute else path[1:])


def arn(call: Call) -> str | None:
    """The ARN of a resource's nested stack; None before there is one."""
    if call.physical_id is None:
        return None
    return names.StackIdentity(call.stack.project_id, call.physical_name, call.physical_id).arn()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, (str, Reference)):
        yield value


async def of_member(member: ChildResource | None, path: Sequence[Any]) -> Any:
    """An attribute of a resource of the nested stack, or its reference where the path is empty."""
    if member is None:
        return None
    return await member.attribute(path) if path else member.reference()


class TemplateResource(NestedStack):
    """A resource whose type is a template: properties are its parameters, attributes its outputs."""

    looks_inside = False
    made_as = "template"
    template_key: ClassVar[str] = ""
    parsed: ClassVar[template.Template | None] = None

    def reference(self, call: Call) -> Any:
        """What the template says stands for it, or the ARN of the nested stack."""
        if call.child is not None:
            if STACK_ID_OUTPUT in call.child.output_names:
                return call.child.output(STACK_ID_OUTPUT)
            return call.child.arn
        return arn(call)

    def child(self, call: Call) -> ChildStack:
        """The template, with the properties that were given as parameters."""
        if self.parsed is None:
            raise Permanent(f"the template {self.type_name!r} is not known any more", kind="NotFound")
        text = self.parsed.source.text
        return ChildStack(
            template=text if text is not None else self.parsed.raw,
            parameters={
                name: _as_list(value) if _simple(self.parsed.parameters[name].type) == _LIST else value
                for name, value in call.properties.items()
                if value is not None
            },
            source=self.template_key,
            own_type=self.template_key,
        )

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """Outputs by name; single resources as all nested stacks show them."""
        name = str(path[0])
        if call.child is not None and name in call.child.output_names:
            try:
                return values.walk(call.child.output(name), path[1:])
            except template.FunctionError as error:
                # heat-tempest-plugin compares this sentence.
                raise BrokenAttribute(f"Error in {call.name} output {name}: {error.cause}") from error
        return await super().attribute_path(call, path)


def _as_list(value: Any) -> Any:
    """A list as the value of a list parameter, which holds text only: maps are taken apart into numbered texts."""
    if not isinstance(value, list) or not is_known(value):
        return value
    if value and isinstance(value[0], Mapping):
        return [f".member.{index}.{key}={one}" for index, item in enumerate(value) for key, one in item.items()]
    return ["" if item is None else item for item in value]


@base.resource("")
class LostTemplate(TemplateResource):
    """For resources whose template is gone: their nested stack can still be deleted."""


LOST_TEMPLATE = LostTemplate()

_KINDS = {
    "string": str,
    "number": float,
    "boolean": bool,
    _LIST: list,
    _JSON: object,  # a map, a list, or the text of one: the parameter reads it
}


def template_type(key: str, parsed: template.Template) -> type[TemplateResource]:
    """The type that a template makes. `key`: its name among the files, or its URL."""

    class TemplateType(TemplateResource):
        attributes = {name: Attribute(object, one.description) for name, one in parsed.outputs.items()}
        template_key = key

    TemplateType.__doc__ = parsed.description
    TemplateType.parsed = parsed
    made = base.resource(key)(TemplateType)
    made.properties = schema.Schema({name: _property(one) for name, one in parsed.parameters.items()})
    return made


def _property(parameter: template.ParameterSchema) -> Property:
    """The property that gives a parameter its value.

    It has no default and is never required: what is not given is chosen in the nested stack, where the environment's
    parameter_defaults count too.
    """
    kind = _KINDS.get(_simple(parameter.type), str)
    declared = Property(
        kind,
        parameter.description,
        updatable=True,
        immutable=parameter.immutable,
        secret=parameter.hidden,
        convertible=True,
        name=parameter.name,
    )
    if kind is not object:
        # Custom constraints are checked where the parameter is, once.
        declared.constraints = tuple(one for one in parameter.constraints if not isinstance(one, Custom))
    return declared


def _simple(parameter_type: str) -> str:
    """The HOT name of a parameter's type, whichever language it is from."""
    return {"commadelimitedlist": _LIST}.get(parameter_type.lower(), parameter_type.lower())
