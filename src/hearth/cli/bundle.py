"""From template and environment files on disk (or URLs) to what a request to the API holds.

Files named by `get_file`, by `type: x.yaml` and by a resource registry are collected under their absolute URL, as
clients of the orchestration API have always done, and the references are made absolute. The rewriting replaces just
those words in the text, so that the lines the API complains about are the lines of the user's file; `findings.Source`
remembers the columns.
A text that is not YAML goes out as it is: the API says best what is wrong with it.
"""

import base64
import dataclasses
import pathlib
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import msgspec
import yaml

from hearth.cli import findings, problems

#: The name the API gives to the root template in diagnostics.
TEMPLATE = "template"
#: The name of the environment made of `--parameter` options when environment files are given as well.
COMMAND_LINE = "command-line"

_TEMPLATE_ENDINGS = (".yaml", ".template")
_ANCHOR = re.compile(r"(?:[&!]\S*\s+)*")
_FETCH_SECONDS = 30


@dataclasses.dataclass
class Bundle:
    """What create, update, preview and validate send, and the texts behind it by the names the API uses."""

    template: str | None = None
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    environment_files: list[str] = dataclasses.field(default_factory=list)
    parameters: dict[str, str] = dataclasses.field(default_factory=dict)
    sources: dict[str, findings.Source] = dataclasses.field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The request's fields."""
        body: dict[str, Any] = {"files": self.files, "parameters": self.parameters}
        if self.template is not None:
            body["template"] = self.template
        if self.environment_files:
            body["environment_files"] = self.environment_files
        return body


def collect(
    template: str | None, environments: Sequence[str] = (), parameters: Mapping[str, str] | None = None
) -> Bundle:
    """Read a template and environments (paths or URLs) with every file they refer to.

    Raises:
        problems.CliError: a file cannot be read, or is not text where text is needed.
    """
    collector = _Collector()
    if template is not None:
        collector.root(template)
    for environment in environments:
        collector.environment(environment)
    found = collector.bundle
    found.parameters = dict(parameters or {})
    if found.environment_files and found.parameters:
        # The API lets environment files win over the request's parameters; what the user typed last must win instead.
        document = msgspec.json.encode({"parameters": found.parameters}).decode()
        found.files[COMMAND_LINE] = document
        found.environment_files.append(COMMAND_LINE)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class _Value:
    """A scalar and where it stands: line and column from 1, offsets in characters."""

    text: str
    line: int
    column: int
    start: int
    end: int


class _Collector:
    def __init__(self) -> None:
        self.bundle = Bundle()

    def root(self, where: str) -> None:
        url = to_url(where)
        text = _text(url, shown=where)
        self.bundle.template = self._rewritten(TEMPLATE, where, text, self._template_edits(url, where, text))

    def environment(self, where: str) -> None:
        url = to_url(where)
        text = _text(url, shown=where)
        self.bundle.files[url] = self._rewritten(url, where, text, self._environment_edits(url, where, text))
        self.bundle.environment_files.append(url)

    def _template_edits(self, url: str, shown: str, text: str) -> Iterator[tuple[_Value, str]]:
        for path, value in _values(text):
            key = path[-1]
            if key == "get_file":
                target = _join(url, value.text)
                self._content(target, f"{shown}:{value.line}")
                yield value, target
            elif _is_type(path) and value.text.endswith(_TEMPLATE_ENDINGS):
                target = _join(url, value.text)
                self._nested(target, f"{shown}:{value.line}")
                yield value, target

    def _environment_edits(self, url: str, shown: str, text: str) -> Iterator[tuple[_Value, str]]:
        values = [(list(path), value) for path, value in _values(text) if path[0] == "resource_registry"]
        bases = {tuple(path[:-1]): value.text for path, value in values if path[-1] == "base_url"}
        for path, value in values:
            if not _names_template(path, value.text):
                continue
            # The nearest base_url above counts; without one, files are looked for beside the environment.
            above = [bases[tuple(path[:end])] for end in range(len(path) - 1, 0, -1) if tuple(path[:end]) in bases]
            base = _join(url, above[0].rstrip("/") + "/") if above else url
            target = _join(base, value.text)
            self._nested(target, f"{shown}:{value.line}")
            yield value, target

    def _nested(self, url: str, asker: str) -> None:
        if url in self.bundle.files:
            return
        shown = _shown(url)
        text = _text(url, shown=shown, asker=asker)
        self.bundle.files[url] = text  # before its own references: a template may name itself
        self.bundle.files[url] = self._rewritten(url, shown, text, self._template_edits(url, shown, text))

    def _content(self, url: str, asker: str) -> None:
        if url in self.bundle.files:
            return
        raw = _read(url, shown=_shown(url), asker=asker)
        try:
            self.bundle.files[url] = raw.decode()
        except UnicodeDecodeError:
            self.bundle.files[url] = base64.b64encode(raw).decode()

    def _rewritten(self, name: str, shown: str, text: str, edits: Iterator[tuple[_Value, str]]) -> str:
        pieces: list[str] = []
        moved: list[findings.Edit] = []
        done = 0
        for value, target in edits:
            if target == value.text:
                continue
            written = text[value.start : value.end]
            keep = _ANCHOR.match(written)
            prefix = keep.group() if keep else ""
            new = prefix + msgspec.json.encode(target).decode() + ("\n" if written.endswith("\n") else "")
            pieces += [text[done : value.start], new]
            done = value.end
            moved.append(findings.Edit(value.line, value.column, len(written), len(new)))
        self.bundle.sources[name] = findings.Source(shown, text, tuple(moved))
        return "".join([*pieces, text[done:]])


def _is_type(path: Sequence[str]) -> bool:
    """Whether a value is the type of a resource, in either language; `Type` stands for other things elsewhere."""
    return path[-1] == "type" or (path[0] == "Resources" and len(path) == 3 and path[2] == "Type")


def _names_template(path: Sequence[str], value: str) -> bool:
    """Whether a value in a resource registry is a template file: not a type, hook, restriction or base URL."""
    return (
        path[-1] not in ("base_url", "hooks", "restricted_actions")
        and "::" not in value
        and value.endswith(_TEMPLATE_ENDINGS)
    )


def _values(text: str) -> Iterator[tuple[list[str], _Value]]:
    """Each scalar that is a value in a mapping, with the keys that lead to it (a list that changes afterwards).

    Walks events, not nodes: neither deep nesting nor aliases of aliases cost anything here. Ends early where the text
    is not YAML.
    """
    path: list[str] = []
    frames: list[bool] = []  # True: a mapping, whose key is path[-1] ("" while none was read)
    reading_key: list[bool] = []
    anchors: dict[str, str] = {}
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                mapping = isinstance(event, yaml.MappingStartEvent)
                frames.append(mapping)
                reading_key.append(mapping)
                path.append("")
                continue
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                frames.pop()
                reading_key.pop()
                path.pop()
            elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                anchor = event.anchor or ""
                value = anchors.get(anchor, "") if isinstance(event, yaml.AliasEvent) else event.value
                if anchor:
                    anchors[anchor] = value
                if frames and frames[-1]:
                    if reading_key[-1]:
                        path[-1] = value
                        reading_key[-1] = False
                        continue
                    if value:
                        yield path, _placed(value, event)
            else:
                continue
            if frames and frames[-1]:
                # A value ended. (A collection as a key ends here too; YAML allows it, templates do not.)
                reading_key[-1] = True
    except yaml.YAMLError:
        return


def _placed(text: str, event: yaml.Event) -> _Value:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        raise ValueError("events of a parsed text have marks")
    return _Value(text, start.line + 1, start.column + 1, start.index, end.index)


def to_url(where: str) -> str:
    """A path or URL as an absolute URL."""
    if urlsplit(where).scheme in ("http", "https", "file"):
        return where
    return pathlib.Path(where).expanduser().absolute().as_uri()


def _join(base: str, reference: str) -> str:
    if urlsplit(reference).scheme in ("http", "https", "file"):
        return reference
    return urljoin(base, quote(reference) if base.startswith("file:") else reference)


def _shown(url: str) -> str:
    """A URL as a user would name it: local files relative to where they are."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return url
    path = pathlib.Path(unquote(parts.path))
    here = pathlib.Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _text(url: str, *, shown: str, asker: str = "") -> str:
    raw = _read(url, shown=shown, asker=asker)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise problems.CliError(
            f"{shown} is not UTF-8 text (byte {error.start}).", "Templates and environments are UTF-8 YAML or JSON."
        ) from error


def _read(url: str, *, shown: str, asker: str) -> bytes:
    wanted = f" (named in {asker})" if asker else ""
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            return pathlib.Path(unquote(parts.path)).read_bytes()
        with urllib.request.urlopen(url, timeout=_FETCH_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        raise problems.CliError(f"Cannot fetch {shown}{wanted}: status {error.code}.") from error
    except OSError as error:  # URLError is one
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise problems.CliError(
            f"Cannot read {shown}{wanted}: {reason}.", "Paths count from the file that names them."
        ) from error
