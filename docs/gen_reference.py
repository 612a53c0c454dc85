"""Write docs/reference/generated/: resource types, template functions, options, commands.

Everything is read from the declarations that the program itself runs on, so the pages cannot lag behind. `make docs`
runs this before the site is built.
"""

import inspect
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
import msgspec

from hearth.cloud import options
from hearth.model import plan_document as document
from hearth.process import main
from hearth.resources import registry, schema
from hearth.template import versions

TARGET = pathlib.Path(__file__).parent / "reference" / "generated"


def write(name: str, lines: Iterable[str]) -> None:
    """Write one page."""
    path = TARGET / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n")


def cell(value: Any) -> str:
    """A value inside a table."""
    return str("" if value is None else value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").strip()


def code(value: Any) -> str:
    """A value inside a table, as code; nothing for nothing."""
    return f"`{cell(value)}`" if value not in (None, "", [], {}) else ""


def anchor(name: str) -> str:
    """A file name for a type's name."""
    return name.replace("::", "-").lower()


# ---- the form of plans


def plan_document() -> None:
    """The schema of plans, from the records that the service fills."""
    schema_text = msgspec.json.format(
        msgspec.json.encode(msgspec.json.schema(document.PlanDocument)), indent=2
    ).decode()
    lines = ["# The document of a plan", "", "What `hearth stack plan -f json` and the API give as `document`.", ""]
    for record in (
        document.PlanDocument,
        document.Summary,
        document.StackChanges,
        document.ResourceChange,
        document.PropertyChange,
        document.WorkItem,
        document.Batches,
    ):
        lines += [f"**{record.__name__}.** {inspect.cleandoc(record.__doc__ or '')}", ""]
    write("plan", [*lines, "## JSON schema", "", "```json", schema_text, "```"])


# ---- resource types


def resource_types() -> None:
    """An index and a page for each type."""
    types = registry.TypeRegistry()
    index = ["# Resource types", "", "| Type | |", "|---|---|"]
    for name in sorted(types.names()):
        kind = types.get(name)
        summary = (type(kind).__doc__ or "").strip().splitlines()
        index.append(f"| [{name}]({anchor(name)}.md) | {cell(summary[0] if summary else '')} |")
        write(anchor(name), resource_type(name, kind, schema_of(types, name)))
    write("resource-types", index)


def schema_of(types: registry.TypeRegistry, name: str) -> dict[str, dict[str, Any]]:
    """Properties and attributes as the resource schema API shows them."""
    kind = types.get(name)
    declared = {} if kind.properties is schema.ANYTHING else schema.visible(kind.properties)
    return {
        "properties": {key: schema.property_to_wire(one) for key, one in declared.items()},
        "attributes": {key: schema.attribute_to_wire(one) for key, one in kind.attributes.items()},
    }


def resource_type(name: str, kind: Any, wire: Mapping[str, Any]) -> Iterator[str]:
    """The page of one type."""
    yield f"# {name}"
    yield ""
    yield cell(" ".join((type(kind).__doc__ or "").split()))
    yield ""
    properties = wire.get("properties", {})
    if properties:
        yield "## Properties"
        yield ""
        yield "| Name | Type | Required | Default | On change | Constraints | |"
        yield "|---|---|---|---|---|---|---|"
        yield from property_rows(properties)
        yield ""
    attributes = wire.get("attributes", {})
    if attributes:
        yield "## Attributes"
        yield ""
        yield "| Name | Type | |"
        yield "|---|---|---|"
        for key, one in sorted(attributes.items()):
            yield f"| `{key}` | {cell(one.get('type'))} | {cell(one.get('description'))} |"


def property_rows(properties: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Rows of properties, nested ones under their path."""
    for key, one in sorted(properties.items(), key=lambda pair: (not pair[1].get("required"), pair[0])):
        change = (
            "" if prefix else "update" if one.get("update_allowed") else "refuse" if one.get("immutable") else "replace"
        )
        limits = "; ".join(constraint(each) for each in one.get("constraints", ()))
        required = "yes" if one.get("required") else ""
        yield (
            f"| `{prefix}{key}` | {cell(one.get('type'))} | {required} | {code(one.get('default'))} | {change} "
            f"| {limits} | {cell(one.get('description'))} |"
        )
        nested = one.get("schema")
        if isinstance(nested, Mapping):
            yield from nested_rows(nested, f"{prefix}{key}")


def nested_rows(nested: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Rows of the items of a list, or the fields of a map."""
    if set(nested) == {"*"}:
        inner = nested["*"].get("schema")
        if isinstance(inner, Mapping):
            yield from property_rows(inner, f"{prefix}[].")
    else:
        yield from property_rows(nested, f"{prefix}.")


def constraint(one: Mapping[str, Any]) -> str:
    """One constraint in words."""
    [(kind, limit)] = [(key, value) for key, value in one.items() if key != "description"]
    if isinstance(limit, Mapping):
        limit = ", ".join(f"{key} {value}" for key, value in limit.items())
    elif isinstance(limit, list | tuple):
        limit = ", ".join(str(value) for value in limit)
    return f"{cell(kind.replace('_', ' '))}: {code(limit)}"


# ---- template functions


def functions() -> None:
    """Versions of the template language and the functions of each."""
    listed: dict[str, dict[str, Mapping[str, Any]]] = {}
    for version in versions.listed_versions():
        name = version["version"]
        listed[name] = {one["functions"]: one for one in versions.listed_functions(name, True) or ()}
    write("functions", function_page(listed))


def spans(versions_in_order: list[str], known: set[str]) -> Iterator[str]:
    """Where a function is known, by kind of document: all versions, since one, until one, or those few."""
    for key in dict.fromkeys(version.partition(".")[0] for version in versions_in_order):
        names = [version.partition(".")[2] for version in versions_in_order if version.startswith(f"{key}.")]
        there = [name for name in names if f"{key}.{name}" in known]
        if not there:
            continue
        if there == names:
            yield f"{key}: all"
        elif there == names[names.index(there[0]) :]:
            yield f"{key}: since {there[0]}"
        elif there == names[: len(there)]:
            yield f"{key}: until {there[-1]}"
        else:
            yield f"{key}: {', '.join(there)}"


def function_page(listed: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    """All versions on one page."""
    yield "# Template versions and functions"
    everything: dict[str, Mapping[str, Any]] = {}
    for found in listed.values():
        everything |= found
    yield ""
    yield "| Function | Versions | |"
    yield "|---|---|---|"
    for name in sorted(everything):
        span = "; ".join(spans(list(listed), {version for version, found in listed.items() if name in found}))
        yield f"| `{name}` | {cell(span)} | {cell(everything[name].get('description'))} |"
    yield ""
    yield "## Versions"
    yield ""
    for version, found in listed.items():
        yield f"* `{version}`: {len(found)} functions"


# ---- options and commands


def configuration() -> None:
    """The configuration file's options."""
    lines = ["# Configuration options", "", "Names and sections are those of `heat.conf`."]
    for section, declared in options.DECLARED.items():
        lines += ["", f"## [{section}]", "", "| Option | Default | |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {code(one.default)} | {cell(one.help)} |" for one in declared]
    names = ", ".join(f"`[clients_{name}]`" for name in options.CLIENT_SECTIONS)
    lines += ["", "## Sections for single services", "", f"{names}: as `[clients]`, for one service.", ""]
    lines += ["| Option | Default | |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {code(one.default)} | {cell(one.help)} |" for one in options.client_options("heat")]
    write("options", lines)


def commands() -> None:
    """The help of every command."""
    write("commands", ["# Commands", *command_pages(main.root, click.Context(main.root, info_name="hearth"))])


def command_pages(command: click.Command, context: click.Context) -> Iterator[str]:
    """The help of a command and of those below it."""
    yield from ("", f"## {context.command_path}", "", "```text", command.get_help(context), "```")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from command_pages(inner, click.Context(inner, info_name=name, parent=context))


if __name__ == "__main__":
    shutil.rmtree(TARGET, ignore_errors=True)
    plan_document()
    resource_types()
    functions()
    configuration()
    commands()
