"""From raw data to trees: which single-key maps are calls of functions, and are their arguments well formed?

Called by `hearth.template.loading`. What can be judged without parameters is judged here; the rest is left to
evaluation. Data without calls come back as the very same objects, so a template without functions costs no copy.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

from hearth.model import spelling
from hearth.model.diagnostics import Findings, Path, Severity, nearest
from hearth.model.values import UNKNOWN
from hearth.template import versions
from hearth.template.functions import base
from hearth.template.source import Source

#: From which likeness on a key looks like a function with a typo.
_ALIKE: Final = 0.84
CONDITION_LABEL = "Condition validation error"


class TreeReader:
    """Reads the values of one template (or, `within_condition`, its conditions); see `functions.base.Reader`."""

    def __init__(
        self,
        version: versions.Version,
        source: Source,
        findings: Findings,
        resources: Collection[str],
        conditions: Collection[str],
        *,
        within_condition: bool = False,
    ) -> None:
        self.source = source
        self.resources = frozenset(resources)
        self.findings = findings
        self._broken = 0  # calls and conditions that were wrong; what contains one is not judged further
        self._version = version
        self._conditions = conditions
        self._within_condition = within_condition
        self._functions = version.condition_functions if within_condition else version.functions

    def read(self, raw: Any, path: Path) -> Any:
        """See `functions.base.Reader.read`."""
        if type(raw) is dict:
            if len(raw) == 1:
                (name,) = raw
                function = self._functions.get(name)
                if function is not None:
                    return self._call(function, name, raw[name], path)
                self._check_data_key(name, path)
            changed: dict[str, Any] | None = None
            for key, item in raw.items():
                if type(item) is dict or type(item) is list:
                    tree = self.read(item, (*path, key))
                    if tree is not item:
                        if changed is None:
                            changed = dict(raw)
                        changed[key] = tree
            return raw if changed is None else changed
        if type(raw) is list:
            trees = [
                self.read(item, (*path, index)) if type(item) is dict or type(item) is list else item
                for index, item in enumerate(raw)
            ]
            return raw if all(tree is item for tree, item in zip(trees, raw, strict=True)) else trees
        return raw

    def read_condition(self, raw: Any, path: Path) -> Any:
        """See `functions.base.Reader.read_condition`."""
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str):
            if raw in self._conditions:
                return raw
            self._problem(f"there is no condition named {raw!r}", path, advice=nearest(raw, self._conditions))
            return UNKNOWN
        before = len(self.findings)
        tree = self._for_conditions().read(raw, path)
        if isinstance(tree, base.Function) or tree is UNKNOWN:
            return tree
        if len(self.findings) > before:
            return UNKNOWN
        self._problem(
            f"a condition is a boolean, the name of a condition or a condition function, not {base.kind_of(raw)}",
            path,
            advice=f"Condition functions: {', '.join(sorted(self._version.condition_functions))}.",
        )
        return UNKNOWN

    def read_later(self, raw: Any, path: Path) -> Callable[[base.Evaluation], Any]:
        """See `functions.base.Reader.read_later`."""
        known: list[tuple[Any, Findings]] = []

        def tree(evaluation: base.Evaluation) -> Any:
            if not known:
                findings = Findings()
                known.append((self._copy(findings).read(raw, path), findings))
            read, findings = known[0]
            evaluation.report(findings)
            return read

        return tree

    def _for_conditions(self) -> "TreeReader":
        return self if self._within_condition else self._copy(self.findings, within_condition=True)

    def _copy(self, findings: Findings, *, within_condition: bool | None = None) -> "TreeReader":
        return TreeReader(
            self._version,
            self.source,
            findings,
            self.resources,
            self._conditions,
            within_condition=self._within_condition if within_condition is None else within_condition,
        )

    def _call(self, function: type[base.Function], name: str, raw: Any, path: Path) -> Any:
        here = (*path, name)
        before = self._broken
        try:
            args = raw if function.macro else self.read(raw, here)
            if self._broken != before:
                return UNKNOWN
            return function.parse(name, args, here, self)
        except base.Misuse as misuse:
            self._broken += 1
            self.findings.add(misuse.message, self.source.place(here), kind=misuse.kind, advice=misuse.advice)
            return UNKNOWN

    def _check_data_key(self, name: str, path: Path) -> None:
        """Look at a key that is no function here: was one meant?"""
        version = self._version
        if self._within_condition:
            having = versions.versions_with(name, in_conditions=True)
            if having:
                self._problem(
                    f"{name} is no condition function of version {version.name}",
                    (*path, name),
                    advice=f"Versions that have it: {having}.",
                )
            elif name in version.functions:
                self._problem(
                    f"{name} cannot be used in a condition",
                    (*path, name),
                    advice=f"Condition functions: {', '.join(sorted(version.condition_functions))}.",
                )
            return
        having = versions.versions_with(name)
        if not having:
            self._check_spelling(name, path)
            return
        # A word such as "filter" or "if" may well be data; "map_merge" and "Fn::Join" are never.
        surely_meant = name in version.removed or "_" in name or "::" in name
        self.findings.add(
            f"{name} is no function of version {version.name}",
            self.source.place((*path, name)),
            advice=f"Versions that have it: {having}.",
            severity=Severity.ERROR if surely_meant else Severity.WARNING,
        )

    def _check_spelling(self, name: str, path: Path) -> None:
        """Look at a key that is no function anywhere: is it one with a typo? It may be meant, so that is a doubt."""
        if "_" not in name and "::" not in name:
            return
        meant = spelling.closest(name, tuple(self._functions), _ALIKE)
        if meant is not None:
            self.findings.add(
                f"{name} is no function and is taken as data",
                self.source.place((*path, name)),
                advice=f"Did you mean {meant!r}?",
                severity=Severity.WARNING,
            )

    def _problem(self, message: str, path: Path, *, advice: str = "") -> None:
        self.findings.add(message, self.source.place(path), label=CONDITION_LABEL, advice=advice)
