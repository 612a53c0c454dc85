"""`hearth resource-types`: whether the types are declared as published, and the beginning of types of one's own.

Works with a folder of facts as they stand under `tests/facts/resource_types` of the source; no server is asked.
"""

import pathlib
from typing import Any

import click
import yaml

from hearth.cli import type_skeleton
from hearth.resources import registry
from hearth.resources import verify as verification

_FACTS = pathlib.Path("tests", "facts", "resource_types")
_REASONS = "differences.yaml"


@click.group("resource-types")
def group() -> None:
    """Look after the declarations of resource types."""


@group.command()
@click.argument("facts", type=click.Path(path_type=pathlib.Path), default=_FACTS)
@click.option("--missing", is_flag=True, help="List the types that are not there.")
def verify(facts: pathlib.Path, missing: bool) -> None:
    """Compare all declarations with a folder of published FACTS, one file a type.

    Differences that have a reason in `differences.yaml` beside the folder are counted only. Exit status: 1 when there
    are others.

    \b
    Examples:
      hearth resource-types verify
      hearth resource-types verify --missing ../facts/resource_types
    """
    if not any(facts.glob("*.json")):
        raise click.UsageError(f"{facts} has no facts (*.json). Run this in the source tree, or name the folder.")
    report = verification.compare(registry.installed(), facts, _reasons(facts.parent / _REASONS))
    for name, sentences in report.unexplained.items():
        for sentence in sentences:
            click.echo(f"{name}: {sentence}")
    if missing:
        for name in report.missing:
            click.echo(f"{name}: not there")
    there, published = len(report.there), len(report.there) + len(report.missing)
    click.echo(
        f"{there} of {published} published types are there; they differ in {_count(report.unexplained)} points "
        f"without a reason and in {_count(report.explained)} with one."
    )
    if report.unexplained:
        raise SystemExit(1)


@group.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=pathlib.Path), help="Where to write; by default a new folder here.")
def new(name: str, folder: pathlib.Path | None) -> None:
    """Begin a package with a resource type of your own: the type NAME, its test, and what makes Hearth find it.

    The test passes as it stands. Files that are there are left alone.

    \b
    Example:
      hearth resource-types new My::Network::AddressGroup
    """
    if wrong := type_skeleton.problem(name):
        raise click.UsageError(wrong)
    wanted = type_skeleton.files(name)
    where = folder or pathlib.Path("-".join(name.lower().split("::")))
    taken = [path for path in wanted if (where / path).exists()]
    if taken:
        raise click.UsageError(f"{where / taken[0]} is there already. Choose another --folder.")
    for path, text in wanted.items():
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        (where / path).write_text(text)
        click.echo(f"{where / path}")
    click.echo(f"Try it: cd {where} && python -m pytest")


def _count(several: Any) -> int:
    return sum(map(len, several.values()))


def _reasons(path: pathlib.Path) -> verification.Reasons:
    if not path.exists():
        return verification.Reasons()
    stated = yaml.safe_load(path.read_text()) or {}
    return verification.Reasons(stated.get("everywhere") or {}, stated.get("types") or {})
