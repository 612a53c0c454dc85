"""What the server knows of one open document: its text, its outline, and what the tools say about it."""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence
from typing import Any

from hearth.lsp import outline
from hearth.resources import contract, registry
from hearth.template import environment as environments
from hearth.template import versions
from hearth.tools import local_files, validation
from hearth.tools.lint import linting
from hearth.tools.lint.rule import Level

#: Keys only environments have.
_ENVIRONMENT = frozenset({"resource_registry", "parameter_defaults", "encrypted_param_names", "event_sinks"})
_NEWEST = versions.VERSIONS[-1]


@dataclasses.dataclass(frozen=True)
class Document:
    """One text as it is now. `path` is None for what is not saved yet."""

    text: str
    path: pathlib.Path | None = None

    @functools.cached_property
    def lines(self) -> Sequence[str]:
        """The lines, line ends included."""
        return self.text.splitlines(keepends=True) or [""]

    @functools.cached_property
    def outline(self) -> outline.Outline:
        """The keys by indentation."""
        return outline.Outline(self.lines)

    @functools.cached_property
    def is_template(self) -> bool:
        """Whether the text says that it is a template; other YAML is none of our business."""
        return any(f"{key}:" in self.text or f'"{key}"' in self.text for key in versions.KEYS)

    @functools.cached_property
    def version(self) -> versions.Version:
        """The template's version; the newest while it is not readable."""
        for key in versions.KEYS:
            entry = self.outline.at((key,))
            found = versions.find(key, entry.value.strip("\"'")) if entry is not None else None
            if found is not None:
                return found
        if self.outline.at(("Resources",)) is not None:
            return versions.VERSIONS[0]
        return _NEWEST

    @property
    def is_cfn(self) -> bool:
        """Whether it speaks CloudFormation."""
        return self.version.kind == "cfn"

    def key(self, name: str) -> str:
        """HOT's name of a section or key, in the document's language."""
        known = {"deletion_policy": "DeletionPolicy", "depends_on": "DependsOn", "update_policy": "UpdatePolicy"}
        return known.get(name, name.capitalize()) if self.is_cfn else name

    def names(self, section: str) -> list[str]:
        """The names declared in a section."""
        return [str(entry.path[-1]) for entry in self.outline.children((self.key(section),))]

    def type_name(self, resource: str) -> str:
        """The type of a resource as written; "" while there is none."""
        path = (self.key("resources"), resource)
        entry = self.outline.at((*path, self.key("type")))
        if entry is not None:
            return entry.value.strip("\"'")
        found = self.outline.at(path)
        _, colon, rest = (found.value if found is not None else "").partition(f"{self.key('type')}:")
        return rest.strip().split(",")[0].split("}")[0].strip(" \"'") if colon else ""

    def type_of(self, resource: str) -> contract.Resource | None:
        """The type of a resource; template files too."""
        return _type(self.type_name(resource), self)

    @functools.cached_property
    def checked(self) -> validation.Checked | None:
        """What validation says; None for what is no template."""
        if not self.is_template:
            return None
        return validation.check(self.text, registry.installed(), name=self._name, files=self._files)

    @property
    def _name(self) -> str:
        return str(self.path) if self.path is not None else "template"

    @property
    def _files(self) -> local_files.LocalFiles:
        return local_files.LocalFiles(self.path.parent if self.path is not None else pathlib.Path())

    def reports(self) -> list[linting.Report]:
        """The findings in this document itself."""
        if self.checked is not None:
            found = linting.lint(self.checked, registry.installed())
            return [one for one in found if one.place.source == self._name]
        if any(self.outline.at((key,)) is not None for key in _ENVIRONMENT):
            _, findings = environments.parse(self.text, self._name)
            return [
                linting.Report(linting.INVALID, "invalid", Level.ERROR, one.message, one.place, one.advice)
                for one in findings
            ]
        return []

    def schema(self, parameter: str) -> Any:
        """The declaration of a parameter, when the template can be read; None otherwise."""
        template = self.checked.template if self.checked is not None else None
        return template.parameters.get(parameter) if template is not None else None


def _type(name: str, document: Document) -> contract.Resource | None:
    found = registry.installed().find(name) if name else None
    if found is None and name.endswith((".yaml", ".template")) and document.checked is not None:
        checked = document.checked
        for resource, kind in checked.types.items():
            if checked.bound is not None and checked.bound.resources[resource].type == name:
                return kind
    return found
