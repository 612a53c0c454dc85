"""The table of template versions: what each one knows.

One row a version: sections, keys, parameter constraints, functions. Everything that differs between versions is here;
the readers ask the row. Also the two listings of the API that show the table.

Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#heat-template-version
"""

import dataclasses
import functools
import types
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from hearth.template.functions import collections, logic, query, references, text
from hearth.template.functions.base import Function

Kind = Literal["hot", "cfn"]
Functions = Mapping[str, type[Function]]

HOT_KEY: Final = "heat_template_version"
CFN_KEY: Final = "HeatTemplateFormatVersion"
AWS_KEY: Final = "AWSTemplateFormatVersion"


@dataclasses.dataclass(frozen=True, eq=False)
class Version:
    """What templates of one version may contain. `code_name` is the version's other spelling, "" when there is none."""

    key: str
    name: str
    kind: Kind
    sections: frozenset[str]
    resource_keys: frozenset[str]
    output_keys: frozenset[str]
    parameter_keys: frozenset[str]
    parameter_constraints: frozenset[str]
    deletion_policies: Mapping[str, str]
    functions: Functions
    condition_functions: Functions = dataclasses.field(default_factory=dict)
    #: Functions that an earlier version had: a call is an error, not data.
    removed: frozenset[str] = frozenset()
    code_name: str = ""

    @property
    def has_conditions(self) -> bool:
        """Whether templates may define conditions."""
        return bool(self.condition_functions)

    def __str__(self) -> str:
        return f"{self.key}.{self.name}"


def _without(functions: Functions, names: Iterable[str]) -> dict[str, type[Function]]:
    return {name: function for name, function in functions.items() if name not in set(names)}


_POLICIES: Final = {name: name for name in ("Delete", "Retain", "Snapshot")}
_LOWER_POLICIES: Final = _POLICIES | {name.lower(): name for name in _POLICIES}

# --- HOT -------------------------------------------------------------------------------------------------------------

_HOT_SECTIONS: Final = frozenset({HOT_KEY, "description", "parameter_groups", "parameters", "resources", "outputs"})
_HOT_RESOURCE_KEYS: Final = frozenset(
    {"type", "properties", "metadata", "depends_on", "deletion_policy", "update_policy", "description"}
)
_HOT_PARAMETER_KEYS: Final = frozenset(
    {"type", "description", "default", "schema", "constraints", "hidden", "label", "immutable"}
)
_HOT_CONSTRAINTS: Final = frozenset({"length", "range", "allowed_values", "allowed_pattern", "custom_constraint"})

_FROM_CFN: Final[dict[str, type[Function]]] = {
    "Fn::Base64": collections.Base64,
    "Fn::GetAZs": references.GetAvailabilityZones,
    "Fn::Join": text.ListJoin,
    "Fn::MemberListToMap": collections.MemberListToMap,
    "Fn::Replace": text.FnReplace,
    "Fn::ResourceFacade": references.FnResourceFacade,
    "Fn::Split": text.FnSplit,
    "Ref": references.Ref,
}
_SELECT: Final[dict[str, type[Function]]] = {"Fn::Select": collections.Select}
_CONDITIONS_2016: Final[dict[str, type[Function]]] = {
    "and": logic.And,
    "equals": logic.Equals,
    "get_param": references.GetParam,
    "not": logic.Not,
    "or": logic.Or,
}

_HOT_2013 = Version(
    key=HOT_KEY,
    name="2013-05-23",
    kind="hot",
    sections=_HOT_SECTIONS,
    resource_keys=_HOT_RESOURCE_KEYS,
    output_keys=frozenset({"description", "value"}),
    parameter_keys=_HOT_PARAMETER_KEYS,
    parameter_constraints=_HOT_CONSTRAINTS,
    deletion_policies=_POLICIES,
    functions=_FROM_CFN
    | _SELECT
    | {
        "get_attr": references.GetAttrWalked,
        "get_file": references.GetFile,
        "get_param": references.GetParam,
        "get_resource": references.GetResource,
        "list_join": text.ListJoin,
        "resource_facade": references.ResourceFacade,
        "str_replace": text.StrReplace,
    },
)


def _after(before: Version, name: str, added: Functions = types.MappingProxyType({}), /, **changes: Any) -> Version:
    """The version that follows another one: its functions and the added ones, its other columns unless changed."""
    changes.setdefault("functions", {**before.functions, **added})
    return dataclasses.replace(before, name=name, code_name=changes.pop("code_name", ""), **changes)


_HOT_2014 = _after(
    _HOT_2013,
    "2014-10-16",
    functions={**_without(_HOT_2013.functions, _FROM_CFN), "get_attr": references.GetAttr},
    removed=frozenset(_FROM_CFN),
)
_HOT_2015_04 = _after(_HOT_2014, "2015-04-30", {"digest": text.Digest, "repeat": collections.Repeat})
_HOT_2015_10 = _after(
    _HOT_2015_04,
    "2015-10-15",
    functions={
        **_without(_HOT_2015_04.functions, _SELECT),
        "get_attr": references.GetAttrAll,
        "list_join": text.ListJoinSeveral,
        "str_replace": text.StrReplaceJson,
        "str_split": text.StrSplit,
    },
    removed=frozenset(_FROM_CFN | _SELECT),
)
_HOT_2016_04 = _after(_HOT_2015_10, "2016-04-08", {"map_merge": collections.MapMerge})
_HOT_2016_10 = _after(
    _HOT_2016_04,
    "2016-10-14",
    {
        "if": logic.If,
        "map_replace": collections.MapReplace,
        "repeat": collections.RepeatMaps,
        "yaql": query.Yaql,
    },
    code_name="newton",
    sections=_HOT_SECTIONS | {"conditions"},
    resource_keys=_HOT_RESOURCE_KEYS | {"external_id", "condition"},
    output_keys=frozenset({"description", "value", "condition"}),
    deletion_policies=_LOWER_POLICIES,
    condition_functions=_CONDITIONS_2016,
)
_HOT_2017_02 = _after(
    _HOT_2016_10,
    "2017-02-24",
    {"filter": collections.Filter, "str_replace_strict": text.StrReplaceStrict},
    code_name="ocata",
    parameter_constraints=_HOT_CONSTRAINTS | {"modulo"},
)
_HOT_2017_09 = _after(
    _HOT_2017_02,
    "2017-09-01",
    {
        "contains": logic.Contains,
        "list_concat": collections.ListConcat,
        "list_concat_unique": collections.ListConcatUnique,
        "make_url": text.MakeUrl,
        "repeat": collections.RepeatPermutations,
        "str_replace_vstrict": text.StrReplaceVeryStrict,
    },
    code_name="pike",
    condition_functions={**_CONDITIONS_2016, "contains": logic.Contains, "yaql": query.Yaql},
)
_HOT_2018_03 = _after(_HOT_2017_09, "2018-03-02", code_name="queens", parameter_keys=_HOT_PARAMETER_KEYS | {"tags"})
_HOT_2018_08 = _after(_HOT_2018_03, "2018-08-31", code_name="rocky")
_HOT_2021 = _after(_HOT_2018_08, "2021-04-16", {"if": logic.IfElseOptional}, code_name="wallaby")

# --- CloudFormation --------------------------------------------------------------------------------------------------

_CFN_2012 = Version(
    key=CFN_KEY,
    name="2012-12-12",
    kind="cfn",
    sections=frozenset({AWS_KEY, CFN_KEY, "Description", "Mappings", "Parameters", "Resources", "Outputs"}),
    resource_keys=frozenset(
        {"Type", "Properties", "Metadata", "DependsOn", "DeletionPolicy", "UpdatePolicy", "Description"}
    ),
    output_keys=frozenset({"Description", "Value"}),
    parameter_keys=frozenset(
        {
            "Type",
            "Default",
            "NoEcho",
            "AllowedValues",
            "AllowedPattern",
            "MaxLength",
            "MinLength",
            "MaxValue",
            "MinValue",
            "Description",
            "ConstraintDescription",
            "Label",
        }
    ),
    parameter_constraints=frozenset(),
    deletion_policies=_POLICIES,
    functions=_FROM_CFN | _SELECT | {"Fn::FindInMap": references.FindInMap, "Fn::GetAtt": references.FnGetAtt},
)
_AWS_2010 = _after(
    _CFN_2012,
    "2010-09-09",
    {"Fn::If": logic.If},
    key=AWS_KEY,
    sections=_CFN_2012.sections | {"Conditions"},
    resource_keys=_CFN_2012.resource_keys | {"Condition"},
    output_keys=_CFN_2012.output_keys | {"Condition"},
    condition_functions={
        "Fn::And": logic.And,
        "Fn::Equals": logic.Equals,
        "Fn::FindInMap": references.FindInMap,
        "Fn::Not": logic.FnNot,
        "Fn::Or": logic.Or,
        "Ref": references.RefParameter,
    },
)

#: In the order the API lists them.
VERSIONS: Final = (
    _AWS_2010,
    _CFN_2012,
    _HOT_2013,
    _HOT_2014,
    _HOT_2015_04,
    _HOT_2015_10,
    _HOT_2016_04,
    _HOT_2016_10,
    _HOT_2017_02,
    _HOT_2017_09,
    _HOT_2018_03,
    _HOT_2018_08,
    _HOT_2021,
)
_BY_SPELLING: Final = {
    (version.key, spelling): version
    for version in VERSIONS
    for spelling in (version.name, version.code_name)
    if spelling
}
KEYS: Final = (HOT_KEY, CFN_KEY, AWS_KEY)


def find(key: str, name: str) -> Version | None:
    """The version that a template's key and value name; None when there is none."""
    return _BY_SPELLING.get((key, name))


def spellings(key: str) -> list[str]:
    """All values that a version key may have."""
    return [name for one, name in _BY_SPELLING if one == key]


@functools.cache
def versions_with(function: str, *, in_conditions: bool = False) -> str:
    """The versions that have a function (a condition function) of this name, for advice; "" when none has."""
    parts = []
    for key in KEYS:
        all_of_key = [version for version in VERSIONS if version.key == key]
        names = [version.name for version in all_of_key]
        having = [
            version.name
            for version in all_of_key
            if function in (version.condition_functions if in_conditions else version.functions)
        ]
        if len(having) > 1:
            until = "and later" if having[-1] == names[-1] else f"to {having[-1]}"
            parts.append(f"{key} {having[0]} {until}")
        elif having:
            parts.append(f"{key} {having[0]}")
    return ", ".join(parts)


def listed_versions() -> list[dict[str, Any]]:
    """The answer of GET template_versions: `[{version, type, aliases}]`."""
    return [
        {
            "version": str(version),
            "type": version.kind,
            "aliases": [f"{version.key}.{version.code_name}"] if version.code_name else [],
        }
        for version in VERSIONS
    ]


def listed_functions(version: str, with_conditions: bool = False) -> list[dict[str, str]] | None:
    """The answer of GET template_versions/<version>/functions: `[{functions, description}]`; None: no such version.

    `version` is a full name such as `heat_template_version.2018-08-31` or `heat_template_version.rocky`.
    """
    key, _, name = version.partition(".")
    found = find(key, name)
    if found is None:
        return None
    functions = {**found.condition_functions, **found.functions} if with_conditions else found.functions
    return [{"functions": name, "description": functions[name].summary} for name in sorted(functions)]
