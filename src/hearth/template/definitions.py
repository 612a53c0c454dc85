"""What a template says, as values: what `load` makes and `bind` takes.

Property values, outputs and the like are trees: plain data with `functions.base.Function` nodes where calls stand. They
share structure with the raw data, so nobody may change them in place.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.model.diagnostics import Path, Place
from hearth.template import versions
from hearth.template.parameter_schema import ParameterSchema
from hearth.template.source import Source

Tree = Any

#: How CloudFormation spells what HOT calls so.
CFN_KEYS = {
    "type": "Type",
    "properties": "Properties",
    "metadata": "Metadata",
    "depends_on": "DependsOn",
    "deletion_policy": "DeletionPolicy",
    "update_policy": "UpdatePolicy",
    "description": "Description",
    "condition": "Condition",
    "value": "Value",
    "parameters": "Parameters",
    "resources": "Resources",
    "outputs": "Outputs",
    "conditions": "Conditions",
    "mappings": "Mappings",
}


def key_of(rules: versions.Version, name: str) -> str:
    """The spelling of a HOT key in the language of a version."""
    return name if rules.kind == "hot" else CFN_KEYS.get(name, name)


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceDefinition:
    """One resource as written. `condition`: a bool, a condition's name or a call."""

    name: str
    type: str
    path: Path
    properties: Tree = dataclasses.field(default_factory=dict)
    metadata: Tree = dataclasses.field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    deletion_policy: Tree = None
    update_policy: Tree = dataclasses.field(default_factory=dict)
    description: str = ""
    external_id: Tree = None
    condition: Tree = True


@dataclasses.dataclass(frozen=True, slots=True)
class OutputDefinition:
    """One output as written."""

    name: str
    path: Path
    value: Tree = None
    description: str = ""
    condition: Tree = True


@dataclasses.dataclass(frozen=True, eq=False)
class Template:
    """One template. `version` is the text given, `rules` the row of the table it names, `raw` what was written.

    `resources` and `outputs` are read from `raw` when they are asked for: ask once.
    """

    version: str
    rules: versions.Version
    description: str
    raw: Mapping[str, Any]
    source: Source
    files: Mapping[str, str]
    parameters: Mapping[str, ParameterSchema] = dataclasses.field(default_factory=dict)
    parameter_groups: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    resources: Mapping[str, ResourceDefinition] = dataclasses.field(default_factory=dict)
    outputs: Mapping[str, OutputDefinition] = dataclasses.field(default_factory=dict)
    conditions: Mapping[str, Tree] = dataclasses.field(default_factory=dict)
    mappings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def kind(self) -> versions.Kind:
        """The language: "hot" or "cfn"."""
        return self.rules.kind

    def place(self, path: Path) -> Place:
        """The place of a path of the template."""
        return self.source.place(path)

    def key(self, name: str) -> str:
        """The spelling of a HOT key in this template's language."""
        return key_of(self.rules, name)
