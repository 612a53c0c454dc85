"""What is wrong with configuration files, each with its file and line.

`check` reads the files by itself, line by line, since the library that reads them for good tells of no places and says
nothing of what it does not know. The process's entry point logs what it finds; `hearth config check` shows it.
"""

import dataclasses
import difflib
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keystoneauth1.exceptions
import keystoneauth1.loading
import oslo_log._options
import oslo_policy.opts

from hearth.cloud import options, unheeded

_SECTION = re.compile(r"\[(.*)\]\s*")
#: The only pipeline of Heat's in which requests carry passwords.
_WITH_PASSWORDS = "standalone"
#: Sections that hold the options of an authentication plugin.
_AUTH_SECTIONS = ("keystone_authtoken", "trustee")


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """`name = value` in a file. `line` counts from 1."""

    file: str
    line: int
    section: str
    name: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class ConfigProblem:
    """Something an operator should look at. `is_error`: it is surely not meant so, rather than without effect here."""

    file: str
    line: int
    message: str
    is_error: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def check(files: Sequence[str]) -> list[ConfigProblem]:
    """All problems of files that are read one after the other. Raises OSError for one that cannot be read."""
    found: list[ConfigProblem] = []
    given: list[Assignment] = []
    for file in files:
        for one in _read(file):
            if isinstance(one, Assignment):
                given.append(one)
            else:
                found.append(one)
    known = _Known(given)
    told: set[tuple[str, str]] = set()
    for one in given:
        problem = known.judge(one, told)
        if problem is not None:
            found.append(problem)
    return sorted(found, key=lambda problem: (files.index(problem.file), problem.line))


def assignments(file: str) -> list[Assignment]:
    """What a file assigns, in order; lines that assign nothing are passed over."""
    return [one for one in _read(file) if isinstance(one, Assignment)]


def _read(file: str) -> Iterator[Assignment | ConfigProblem]:
    section, begun = "DEFAULT", None
    for number, line in enumerate(pathlib.Path(file).read_text("utf-8", "replace").split("\n"), 1):
        text = line.rstrip()
        if begun is not None and text.startswith((" ", "\t")) and text.strip():
            begun = dataclasses.replace(begun, value=f"{begun.value}\n{text.strip()}")
            continue
        if begun is not None:
            yield begun
            begun = None
        if not text or text.startswith(("#", ";")):
            continue
        if found := _SECTION.fullmatch(text):
            section = found[1].strip()
            continue
        at = min((place for place in (text.find("="), text.find(":")) if place > 0), default=-1)
        if at < 0 or text.startswith((" ", "\t", "[")):
            yield ConfigProblem(file, number, f"{text.strip()!r} is neither a [section] nor `name = value`.", True)
            continue
        value = text[at + 1 :].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        begun = Assignment(file, number, section, text[:at].strip(), value)
    if begun is not None:
        yield begun


class _Known:
    """The options there are, for the files that are checked: plugins and further sections depend on them."""

    def __init__(self, given: Iterable[Assignment]) -> None:
        self._sections: dict[str, dict[str, Any]] = {}
        for section, declared in options.DECLARED.items():
            self._add(section, declared)
        for name in options.CLIENT_SECTIONS:
            self._add(f"clients_{name}", options.client_options(name))
        for library in (oslo_log._options, oslo_policy.opts):
            for section, declared in library.list_opts():
                self._add(section or "DEFAULT", declared)
        latest = {(one.section, _plain(one.name)): one.value for one in given}
        self._passwords = latest.get(("paste_deploy", "flavor")) == _WITH_PASSWORDS
        elsewhere = {latest.get((section, "auth_section"), section) for section in _AUTH_SECTIONS}
        for section in {*_AUTH_SECTIONS, *elsewhere}:
            self._add(section, keystoneauth1.loading.get_auth_common_conf_options())
            self._add(section, _plugin_options(latest.get((section, "auth_type"), "password")))

    def _add(self, section: str, declared: Iterable[Any]) -> None:
        known = self._sections.setdefault(section, {})
        for option in declared:
            known[option.dest] = option
            for former in option.deprecated_opts:
                if former.name:
                    known.setdefault(_plain(former.name), option)

    def judge(self, one: Assignment, told: set[tuple[str, str]]) -> ConfigProblem | None:
        """The problem of an assignment. `told`: what without effect was told of already."""
        name = _plain(one.name)
        why = self._without_effect(one.section, name)
        option = self._sections.get(one.section, {}).get(name)
        if why is not None:
            subject = (one.section, unheeded.EVERY if self._is_whole(one.section) else name)
            if subject in told or (option is not None and _is_default(option, one.value)):
                return None
            told.add(subject)
            what = f"[{one.section}]" if subject[1] == unheeded.EVERY else f"[{one.section}] {one.name}"
            return ConfigProblem(one.file, one.line, f"{what} has no effect: {why}.", False)
        if option is None:
            return ConfigProblem(one.file, one.line, self._unknown(one.section, name), True)
        refused = unheeded.UNHEEDED_VALUES.get(one.section, {}).get(name, {}).get(one.value)
        if refused is not None:
            return ConfigProblem(
                one.file, one.line, f"[{one.section}] {one.name} = {one.value} has no effect: {refused}.", False
            )
        if "$" not in one.value:
            try:
                option.type(one.value)
            except ValueError as error:
                shown = "the value" if option.secret else repr(one.value)
                told_why = "it is not of the right form" if option.secret else str(error)
                message = f"[{one.section}] {one.name}: {shown} cannot be used: {told_why}."
                return ConfigProblem(one.file, one.line, message, True)
        if one.section == "auth_password" and not self._passwords and not _is_default(option, one.value):
            if (one.section, unheeded.EVERY) in told:
                return None
            told.add((one.section, unheeded.EVERY))
            message = f"[auth_password] has no effect without [paste_deploy] flavor = {_WITH_PASSWORDS}."
            return ConfigProblem(one.file, one.line, message, False)
        if name != option.dest:
            message = f"[{one.section}] {one.name} is called {option.dest} now."
            return ConfigProblem(one.file, one.line, message, False)
        return None

    @staticmethod
    def _is_whole(section: str) -> bool:
        of_section = unheeded.UNHEEDED.get(section, {})
        return (unheeded.EVERY in of_section and all(of_section.values())) or section.startswith("ec2authtoken.")

    @staticmethod
    def _without_effect(section: str, name: str) -> str | None:
        of_section = unheeded.UNHEEDED.get(section.partition(".")[0], {})
        return of_section.get(name, of_section.get(unheeded.EVERY)) or None

    def _unknown(self, section: str, name: str) -> str:
        if section not in self._sections:
            near = difflib.get_close_matches(section, self._sections, n=1)
            return f"There is no section [{section}]." + (f" Did you mean [{near[0]}]?" if near else "")
        text = f"[{section}] {name}: there is no such option."
        if near := difflib.get_close_matches(name, self._sections[section], n=1, cutoff=0.75):
            return f"{text} Did you mean {near[0]}?"
        if places := [f"[{other}]" for other, known in self._sections.items() if name in known]:
            return f"{text} It belongs into {' or '.join(places[:3])}."
        return text


def effect(section: str, name: str) -> str | None:
    """Why an option has no effect; None: it has."""
    return _Known._without_effect(section, name)


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _is_default(option: Any, value: str) -> bool:
    try:
        return bool(option.type(value) == option.default)
    except ValueError:
        return False


def _plugin_options(auth_type: str) -> Iterable[Any]:
    try:
        found: Mapping[str, Any] | Iterable[Any] = keystoneauth1.loading.get_auth_plugin_conf_options(auth_type)
    except keystoneauth1.exceptions.NoMatchingPlugin:
        return ()  # told when the configuration is used
    return list(found)
