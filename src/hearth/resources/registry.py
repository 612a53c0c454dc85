"""Which resource types there are: our own, those of installed packages, and those of plugin directories.

Wired once at the entry point. Types are stateless, so one object of each serves everybody. Aliases are older names of
types that are in the registry. Mapping types to templates is the environment's work, not done here.
"""

import dataclasses
import functools
import importlib.util
import inspect
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hearth.model import errors
from hearth.model.diagnostics import nearest
from hearth.resources import (
    aodh,
    aws,
    barbican,
    base,
    blazar,
    cinder,
    designate,
    glance,
    heat,
    ironic,
    keystone,
    magnum,
    manila,
    mistral,
    neutron,
    nova,
    octavia,
    placeholders,
    schema,
    swift,
    trove,
    zaqar,
    zun,
)
from hearth.resources.contract import Resource

ENTRY_POINTS: Final = "hearth.resources"
#: `{older name: present name}`; a trailing `*` stands for the rest of the name.
ALIASES: Final[Mapping[str, str]] = {
    "OS::Quantum*": "OS::Neutron*",
    "OS::Heat::ScaledResource": "AWS::EC2::Instance",  # what environments map to have other members in groups
    "OS::Metering::Alarm": "OS::Aodh::Alarm",
    "OS::Ceilometer::Alarm": "OS::Aodh::Alarm",
    "OS::Ceilometer::CombinationAlarm": "OS::Aodh::CombinationAlarm",
    "OS::Ceilometer::GnocchiAggregationByMetricsAlarm": "OS::Aodh::GnocchiAggregationByMetricsAlarm",
    "OS::Ceilometer::GnocchiAggregationByResourcesAlarm": "OS::Aodh::GnocchiAggregationByResourcesAlarm",
    "OS::Ceilometer::GnocchiResourcesAlarm": "OS::Aodh::GnocchiResourcesAlarm",
}

_PACKAGES: Final = (
    heat,
    aws,
    neutron,
    nova,
    cinder,
    glance,
    swift,
    zaqar,
    keystone,
    octavia,
    designate,
    barbican,
    aodh,
    manila,
    mistral,
    magnum,
    ironic,
    blazar,
    zun,
    trove,
    placeholders,
)


class TypeRegistry:
    """All resource types by name."""

    def __init__(
        self,
        plugin_dirs: Iterable[Path] = (),
        *,
        entry_points: bool = False,
        operator: Mapping[str, Any] | None = None,
    ) -> None:
        """`entry_points`: whether types of installed packages are taken in.

        `operator`: values of options that types name, in `Property.option`, `Resource.operated` and
        `Resource.enabled_by`; a type whose option is not among them is there.

        Raises:
            ValueError: a plugin cannot be loaded; the message names it.
        """
        self._operator = operator or {}
        self._types: dict[str, base.Base] = {}
        for package in _PACKAGES:
            self.add(package.TYPES)
        if entry_points:
            for point in metadata.entry_points(group=ENTRY_POINTS):
                self.add(_types_in(point.load()))
        for directory in plugin_dirs:
            for path in sorted(directory.glob("*.py")):
                self.add(_types_in(_load(path)))

    def add(self, types: Iterable[type[base.Base]]) -> None:
        """Take in types; a later one of the same name wins."""
        for one in types:
            if one.enabled_by and not self._operator.get(one.enabled_by, True):
                continue
            self._types[one.type_name] = self._as_operated(one())

    def _as_operated(self, kind: base.Base) -> base.Base:
        """The type as the operator wants it; what is set is of this object only."""
        chosen = {
            name: dataclasses.replace(declared, default=self._operator[declared.option])
            for name, declared in kind.properties.items()
            if declared.option in self._operator
        }
        if chosen:
            kind.properties = schema.Schema({**kind.properties, **chosen})  # type: ignore[misc]
        for name, option in kind.operated.items():
            if option in self._operator:
                setattr(kind, name, self._operator[option])
        return kind

    def find(self, name: str) -> base.Base | None:
        """The type of that name or alias; None when there is none."""
        found = self._types.get(name)
        return found if found is not None else self._types.get(_present_name(name))

    def get(self, name: str) -> base.Base:
        """The type of that name or alias. Raises NotFound with the nearest name."""
        found = self.find(name)
        if found is None:
            error = errors.NotFound("Resource Type", name)
            error.message = f"{error.message} {nearest(name, self.names())}".rstrip()
            raise error
        return found

    def names(self) -> list[str]:
        """The names of all types, hidden ones too."""
        return list(self._types)

    def listed(
        self, *, status: str | None = None, pattern: str | None = None, since: str | None = None
    ) -> list[base.Base]:
        """The types that are shown in a list, by name.

        Args:
            pattern: a regular expression that matches the name from its start; an invalid one matches nothing.
        """
        try:
            matcher = re.compile(pattern or "")
        except re.error:
            return []
        return [
            one
            for name, one in sorted(self._types.items())
            if one.support[0][0] != schema.HIDDEN
            and (status is None or one.support[0][0] == status)
            and (since is None or one.support[0][1] == since)
            and matcher.match(name)
        ]


@functools.cache
def installed() -> TypeRegistry:
    """The types that are installed on this machine, for faces that work without a server; loaded once."""
    return TypeRegistry(entry_points=True)


def _present_name(name: str) -> str:
    for old, new in ALIASES.items():
        if old.endswith("*") and name.startswith(old[:-1]):
            return new[:-1] + name[len(old) - 1 :]
        if name == old:
            return new
    return name


def _types_in(module: ModuleType) -> list[type[base.Base]]:
    return [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Resource) and issubclass(one, base.Base) and "type_name" in vars(one)
    ]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hearth_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python module; plugin directories hold .py files")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, AttributeError, TypeError, NameError) as error:
        raise ValueError(f"the plugin {path} cannot be loaded: {error}") from error
    return module
