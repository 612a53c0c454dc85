"""Write docs/reference/generated/: resource types, template functions, options, commands, REST API.

Everything is read from the declarations that the program itself runs on, so the pages cannot lag behind. `make docs`
runs this before the site is built.
"""

import inspect
import json
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
import msgspec
import resource_pages
from resource_pages import cell, code

from hearth.api import openapi
from hearth.cloud import options
from hearth.model import plan_document as document
from hearth.process import main
from hearth.template import versions

TARGET = pathlib.Path(__file__).parent / "reference" / "generated"


def write(name: str, lines: Iterable[str]) -> None:
    """Write one page."""
    path = TARGET / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n")


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
    """An index and a page for each type, in the folder of its service."""
    write(resource_pages.INDEX, resource_pages.index())
    for name in resource_pages.TYPES.names():
        write(f"resource-types/{resource_pages.place(name)}", resource_pages.page(name))


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


# ---- the REST API


def rest_api() -> None:
    """The routes, and the OpenAPI document beside them."""
    described = openapi.document()
    (TARGET / "openapi.json").write_text(json.dumps(described, indent=1) + "\n")
    lines = [
        "# REST API",
        "",
        "[OpenAPI 3.1 document](openapi.json); a running service has its own at `/v1/openapi.json`.",
        "",
        "| Request | Parameters | Answers | Policy | |",
        "|---|---|---|---|---|",
    ]
    for path, operations in described["paths"].items():
        for method, one in operations.items():
            parameters = ", ".join(f"`{each['name']}`" for each in one["parameters"] if each["in"] == "query")
            answers = ", ".join(status for status in one["responses"] if int(status) < 400)
            rule = code(one.get("x-policy-rule"))
            lines.append(f"| `{method.upper()} {path}` | {parameters} | {answers} | {rule} | {cell(one['summary'])} |")
    write("rest-api", lines)


if __name__ == "__main__":
    shutil.rmtree(TARGET, ignore_errors=True)
    plan_document()
    resource_types()
    functions()
    configuration()
    commands()
    rest_api()
