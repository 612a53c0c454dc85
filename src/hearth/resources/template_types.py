"""Templates as resource types: where the text of one comes from, and whether it may stand in for another type.

Called by `hearth.resources.blueprint` for every type that the environment maps to a template. Fetching is the caller's:
here a URL that is not among the files is only noted.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from hearth.model.diagnostics import Findings, Where
from hearth.resources import contract, nested
from hearth.template import environment as environments
from hearth.template import template as templates
from hearth.template.registry import Registry, Target

_MOST_KEPT: Final = 256
_REMOTE: Final = ("http://", "https://")
_LOCAL: Final = "file:"
_KIND_NAMES: Final = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "list",
    dict: "map",
    object: "map",
}

Parse = Callable[[str, str, Mapping[str, str]], tuple[templates.Template | None, Findings]]


@dataclasses.dataclass(frozen=True, slots=True)
class Operator:
    """What the operator maps for every stack; `files` are the texts behind its file: URLs."""

    registry: Registry | None = None
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


NO_OPERATOR: Final = Operator()


def load_operator(folder: pathlib.Path) -> Operator:
    """The registry of all files of the environment folder, in the order of their names; a missing folder is empty.

    Raises:
        ValueError: a file cannot be used; the message names it.
    """
    if not folder.is_dir():
        return NO_OPERATOR
    entries: dict[str, Any] = {}
    for path in sorted(one for one in folder.iterdir() if one.is_file()):
        environment, findings = environments.parse(_text(path), str(path))
        if findings.errors:
            raise ValueError(f"environment_dir: {findings.errors[0].place}: {findings.errors[0].message}")
        resources = {**entries.get("resources", {}), **(environment.registry_entries.get("resources") or {})}
        entries |= environment.registry_entries
        entries["resources"] = resources
    files = {url: _text(pathlib.Path(unquote(urlsplit(url).path))) for url in _local_urls(entries)}
    return Operator(Registry(entries), files)


def _local_urls(entries: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for value in entries.values():
        if isinstance(value, Mapping):
            found |= _local_urls(value)
        elif isinstance(value, str) and value.startswith(_LOCAL):
            found.add(value)
    return found


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"environment_dir: {path} cannot be read: {error}") from error


class TemplateTypes:
    """The types made of templates, kept by name and text."""

    def __init__(self, parse: Parse, operator: Operator) -> None:
        self._parse = parse
        self._operator = operator
        self._kept: dict[tuple[str, str], contract.Resource] = {}

    def find(
        self,
        target: Target,
        facade: contract.Resource | None,
        defaults: Mapping[str, Any],
        files: Mapping[str, str],
        findings: Findings,
        where: Where,
        unfetched: set[str] | None,
    ) -> contract.Resource | None:
        """The type of a template; None when it is missing or wrong (noted).

        `facade`: the known type whose name the template answers to, which it must then resemble.
        """
        text = self._operator.files.get(target.name) if target.by_operator else files.get(target.name)
        if text is None:
            self._note_missing(target.name, findings, where, unfetched)
            return None
        found = self._kept.get((target.name, text))
        if found is None:
            parsed, problems = self._parse(text, target.name, files)
            findings.extend(problems)
            if parsed is None or problems.errors:
                return None
            found = nested.template_type(target.name, parsed)()
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[target.name, text] = found
        if facade is not None and isinstance(found, nested.TemplateResource):
            _check_facade(found, facade, defaults, findings, where)
        return found

    @staticmethod
    def _note_missing(key: str, findings: Findings, where: Where, unfetched: set[str] | None) -> None:
        if key.startswith(_REMOTE) and unfetched is not None:
            unfetched.add(key)
        elif key.startswith(_LOCAL):
            findings.add(
                f"the template {key!r} cannot be used: only the operator may name templates by file: URLs",
                where(),
                advice="Send its text in `files`, or give a http or https URL.",
            )
        else:
            findings.add(
                f"the template file {key!r} is not among the files",
                where(),
                advice="Requests send its text in `files` under exactly this key; on disk, paths count from this file.",
            )


def _check_facade(
    stand_in: nested.TemplateResource,
    facade: contract.Resource,
    defaults: Mapping[str, Any],
    findings: Findings,
    where: Where,
) -> None:
    """Note where a template cannot stand in for the type whose name it answers to."""
    who = f"the template {stand_in.template_key!r} cannot stand in for {facade.type_name}"
    for name, wanted in facade.properties.items():
        given = stand_in.properties.get(name)
        if given is None:
            if wanted.required:
                findings.add(f"{who}: it has no parameter for the required property {name!r}", where())
        elif wanted.kind is not object and _KIND_NAMES[wanted.kind] != _KIND_NAMES.get(given.kind):
            findings.add(
                f"{who}: its parameter {name!r} is a {_KIND_NAMES.get(given.kind)}, "
                f"the property is a {_KIND_NAMES[wanted.kind]}",
                where(),
            )
    parameters = stand_in.parsed.parameters if stand_in.parsed is not None else {}
    for name, parameter in parameters.items():
        if not parameter.has_default and name not in defaults and name not in facade.properties:
            findings.add(f"{who}: its required parameter {name!r} is no property of that type", where())
    for name in facade.attributes:
        if name not in stand_in.attributes:
            findings.add(
                f"{who}: it has no output for the attribute {name!r}", where(), advice=f"Add an output named {name!r}."
            )
