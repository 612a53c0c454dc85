"""What a template will make, and what a type, property or function is: documentation as lines of plain text.

The command line prints them, the language server shows `type_help` and its siblings when one points at a word.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hearth.graph import dag
from hearth.model.constraints import SECRET_SHOWN, Constraint
from hearth.resources import contract, registry
from hearth.resources import schema as declarations
from hearth.template import versions
from hearth.template.functions import base
from hearth.template.parameter_schema import ParameterSchema
from hearth.tools import validation


def template(checked: validation.Checked, documentation: Mapping[str, str]) -> Iterator[str]:
    """What a checked template is about.

    Args:
        documentation: `{type name: what it is}`.
    """
    parsed, bound = checked.template, checked.bound
    if parsed is None or bound is None:
        return
    if parsed.description:
        yield from (*parsed.description.strip().splitlines(), "")
    yield from _parameters(parsed.parameters)
    total = count(checked)
    yield f"It makes {total} resource{'s' if total != 1 else ''}" + (", in this order:" if total else ".")
    yield from _tree(checked, documentation, "  ")
    disabled = [name for name in parsed.resources if name not in bound.resources]
    if disabled:
        yield f"  (not made with these parameters: {', '.join(disabled)})"
    if bound.outputs:
        yield ""
        yield "It gives:"
        width = max(map(len, bound.outputs))
        for output in bound.outputs.values():
            yield f"  {output.name:<{width}}  {output.description}".rstrip()


def count(checked: validation.Checked) -> int:
    """How many resources a template has, those of templates nested in it included."""
    own = len(checked.bound.resources) if checked.bound is not None else 0
    return own + sum(count(inside) for inside in checked.nested.values())


def _parameters(parameters: Mapping[str, ParameterSchema]) -> Iterator[str]:
    needed = [schema for schema in parameters.values() if not schema.has_default]
    given = [schema for schema in parameters.values() if schema.has_default]
    width = max(map(len, parameters), default=0)
    for title, schemas in (("It needs:", needed), ("It takes, with defaults:", given)):
        if not schemas:
            continue
        yield title
        for schema in schemas:
            yield f"  {schema.name:<{width}}  {parameter_line(schema)}".rstrip()
        yield ""


def parameter_line(schema: ParameterSchema) -> str:
    """One parameter in a line: type, description, default, constraints."""
    parts = [schema.type]
    if schema.has_default:
        parts.append(f"default {SECRET_SHOWN if schema.hidden else _short(schema.default)}")
    parts += [constraint_text(one) for one in schema.constraints]
    about = ", ".join(parts)
    described = schema.description or schema.label
    return f"{described} ({about})" if described else f"({about})"


def _tree(checked: validation.Checked, documentation: Mapping[str, str], indent: str) -> Iterator[str]:
    bound = checked.bound
    if bound is None:
        return
    needs = {name: sorted(one.requires & bound.resources.keys()) for name, one in bound.resources.items()}
    try:
        order = dag.order(needs)
    except dag.CycleError:
        order = list(needs)
    for name in order:
        one = bound.resources[name]
        about = one.description or _first_sentence(documentation.get(one.type, ""))
        after = f", after {', '.join(needs[name])}" if needs[name] else ""
        yield f"{indent}{name}: {one.type}{after}"
        if about:
            yield f"{indent}    {about}"
        if one.deletion_policy != "Delete":
            yield f"{indent}    kept when the stack is deleted ({one.deletion_policy})"
        if name in checked.nested:
            yield from _tree(checked.nested[name], documentation, indent + "    ")


# --- types and properties --------------------------------------------------------------------------------------------


def type_help(kind: contract.Resource, about: str) -> Iterator[str]:
    """A resource type: what it is, its properties and attributes."""
    yield kind.type_name + _status(declarations.status_of(kind.support))
    if about:
        yield from ("", *about.splitlines())
    properties = declarations.visible(kind.properties)
    if properties:
        yield from ("", "Properties:")
        for one in sorted(properties.values(), key=lambda one: (not one.required, one.name)):
            yield f"  {one.name}: {_summary(one)}"
            if one.description:
                yield f"      {one.description}"
    attributes = {name: one for name, one in kind.attributes.items() if one.status != declarations.HIDDEN}
    if attributes:
        yield from ("", "Attributes:")
        for name, attribute in sorted(attributes.items()):
            yield f"  {name}: {attribute.type_name}" + (f"; {attribute.description}" if attribute.description else "")


def property_help(name: str, one: declarations.Property) -> Iterator[str]:
    """A property: what it is, what it takes, what a change does."""
    yield f"{name}: {_summary(one)}"
    if one.description:
        yield from ("", one.description)
    for constraint in one.constraints:
        yield f"- {constraint_text(constraint)}"
    if one.immutable:
        yield "- cannot be changed"
    else:
        yield "- is changed in place" if one.updatable else "- a change replaces the resource"
    if one.moved_to:
        yield f"- older name of {one.moved_to}"
    inner = declarations.visible((one.items or one).fields)
    if inner:
        yield from ("", "Each item has:" if one.items is not None else "It has:")
        for field in sorted(inner.values(), key=lambda field: (not field.required, field.name)):
            yield f"  {field.name}: {_summary(field)}" + (f"; {field.description}" if field.description else "")


def _summary(one: declarations.Property) -> str:
    parts = [one.type_name + (f" of {one.items.type_name}" if one.items is not None else "")]
    if one.required:
        parts.append("required")
    if one.has_default and one.default not in (None, "", [], {}):
        parts.append(f"default {_short(one.default)}")
    return ", ".join(parts) + _status(one.status)


def _status(status: str) -> str:
    return f" [{status.lower()}]" if status != "SUPPORTED" else ""


def constraint_text(constraint: Constraint) -> str:
    """What a constraint asks for, in words."""
    key, value = next((key, value) for key, value in constraint.to_wire().items() if key != "description")
    if key == "allowed_values":
        return "one of " + ", ".join(map(str, value))
    if key == "allowed_pattern":
        return f"matches {value}"
    if key == "custom_constraint":
        return f"names an existing {str(value).replace('.', ' ')}" if "." in str(value) else f"is a valid {value}"
    if isinstance(value, dict):
        bounds = " and ".join(f"{side} {bound}" for side, bound in value.items())
        return f"{key}: {bounds}"
    return f"{key}: {value}"


# --- functions -------------------------------------------------------------------------------------------------------


def functions() -> dict[str, type[base.Function]]:
    """Every function of every version, the newest form of each."""
    found: dict[str, type[base.Function]] = {}
    for version in versions.VERSIONS:
        found |= version.condition_functions
        found |= version.functions
    return found


def function_help(name: str, function: type[base.Function]) -> Iterator[str]:
    """A function: what it gives, what it takes, which versions have it."""
    yield name
    yield ""
    yield function.summary
    having = versions.versions_with(name)
    conditions = [one.name for one in versions.VERSIONS if name in one.condition_functions]
    if having:
        yield f"Versions: {having}."
    if conditions:
        yield f"In conditions: {', '.join(conditions)}."


def parameter_help(schema: ParameterSchema) -> Iterator[str]:
    """A parameter of the template at hand."""
    yield f"{schema.name}: {schema.type}" + (f" ({schema.label})" if schema.label else "")
    if schema.description:
        yield from ("", schema.description)
    if schema.has_default:
        yield f"- default {SECRET_SHOWN if schema.hidden else _short(schema.default)}"
    for constraint in schema.constraints:
        yield f"- {constraint_text(constraint)}"


def names(types: registry.TypeRegistry) -> Collection[str]:
    """All that can be asked about."""
    return [*(kind.type_name for kind in types.listed()), *functions()]


def find_property(kind: contract.Resource, steps: Sequence[str]) -> declarations.Property | None:
    """The property at a path such as `networks.port`; items of lists need no step of their own."""
    found: declarations.Property | None = None
    level: Mapping[str, declarations.Property] = kind.properties
    for step in steps:
        found = level.get(step)
        if found is None:
            return None
        level = (found.items or found).fields
    return found


def _first_sentence(text: str) -> str:
    return text.partition("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".")


def _short(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
