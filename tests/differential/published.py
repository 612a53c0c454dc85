"""Ask a Heat and a Hearth what they say to the templates of a folder, one by one, and count what differs.

    export OS_CLOUD=...    # a project that both serve
    tests/differential/published.py --heat http://127.0.0.1:8004 --hearth http://127.0.0.1:8805 FOLDER... [--all]

For collections of templates that others have published; they stay where they are, for their licences differ. A
template is sent as the stock client sends it: with the files that it names, and, where one lies beside it, with an
environment (`NAME_env.yaml`, `NAME-env.yaml`, `NAME.env`, `env.yaml`, `environment.yaml`). Types that one of the two
does not know, or that Heat refuses because the cloud lacks their service, are mapped to OS::Heat::None on both sides,
so that the language is compared all the same; a table tells how often each was.

Compared are: taken or refused, description, parameters with all their keys, parameter groups, and the type of the
error. What Hearth refuses and Heat validates is asked for once more, as a preview with invented values for parameters
without one: Heat validates less than it then demands. Ends with 1 when there is a difference without explanation.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from asking import Answer, Asked
from heatclient.common import template_utils
from services import credentials

VERSION_KEYS = ("heat_template_version", "AWSTemplateFormatVersion", "HeatTemplateFormatVersion")
SUFFIXES = frozenset({".yaml", ".yml", ".json", ".template", ".hot"})
#: Of an answer, what is compared.
COMPARED = ("Description", "Parameters", "ParameterGroups")
NONE = "OS::Heat::None"
#: Short tags that stand for functions which Heat has, too.
TAGS = frozenset(
    ["Ref", "GetAtt", "Join", "Select", "Split", "FindInMap", "Base64", "GetAZs", "If", "And", "Or", "Not", "Equals"]
)
#: Values for parameters that have none, where a value must exist in the cloud.
EXISTING = {
    "nova.flavor": "m1.tiny",
    "glance.image": "cirros",
    "neutron.network": "private",
    "neutron.subnet": "private-subnet",
    "neutron.router": "router1",
    "cinder.vtype": "lab",
    "ip_addr": "10.0.0.9",
    "net_cidr": "10.9.0.0/24",
    "mac_addr": "fa:16:3e:00:00:01",
}


@dataclasses.dataclass
class Published:
    """A template with what belongs to it."""

    path: pathlib.Path
    name: str
    body: dict[str, Any]
    types: frozenset[str]
    unsendable: str = ""
    #: The template without CloudFormation's short tags, which Heat cannot read; none when it has none.
    long_form: Any = None


@dataclasses.dataclass
class Verdict:
    """What came of one template. `kind` is a row of the summary."""

    name: str
    kind: str
    heat: Any = None
    hearth: Any = None


def found(folder: pathlib.Path) -> Iterator[Published]:
    """All templates below a folder, each as the stock client would send it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        if any(re.search(rf"^\W{{0,8}}{key}\b", text, re.MULTILINE) for key in VERSION_KEYS):
            yield _published(path, str(path.relative_to(folder.parent)), text)


def _published(path: pathlib.Path, name: str, text: str) -> Published:
    try:
        files, template = template_utils.get_template_contents(template_file=str(path))
    except Exception as error:  # whatever keeps the stock client from sending it; then there is no answer to compare
        why = "" if _is_text_problem(text) else f"{type(error).__name__}: {error}"[:150]
        types = re.findall(r"\b[Tt]ype\W+(\w+(?:::\w+)+)", text)
        return Published(path, name, {"template": text, "files": {}}, frozenset(types), why, _without_tags(text))
    body = {"template": template, "files": dict(files)}
    for candidate in _environments(path):
        try:
            more, environment = template_utils.process_environment_and_files(str(candidate))
        except Exception:  # an environment that the stock client cannot read is not sent
            continue
        body["environment"] = environment
        body["files"] |= more
        break
    try:
        body["files"] = {key: _text(value) for key, value in body["files"].items()}
    except UnicodeDecodeError as error:
        return Published(path, name, body, frozenset(), str(error))
    return Published(path, name, body, frozenset(_types([template, *_documents(body["files"])], body)))


def _text(content: str | bytes) -> str:
    return content.decode() if isinstance(content, bytes) else content


def _is_text_problem(text: str) -> bool:
    """Whether it is the template itself that cannot be read, so that the services can be asked about it."""
    try:
        return not isinstance(yaml.safe_load(text), dict)
    except (yaml.YAMLError, ValueError):
        return True


class _LongForm(yaml.SafeLoader):
    """Reads `!Join x` as `{Fn::Join: x}`."""


def _untagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if tag not in TAGS:
        raise ValueError(f"Heat has no function for the tag !{tag}")
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        value = value.split(".", 1) if tag == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag == "Ref" else f"Fn::{tag}": value}


_LongForm.add_multi_constructor("!", _untagged)
_LongForm.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def _without_tags(text: str) -> Any:
    try:
        return yaml.load(text, _LongForm) if "!" in text else None
    except (yaml.YAMLError, ValueError):
        return None


def _environments(path: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in (f"{path.stem}_env.yaml", f"{path.stem}-env.yaml", f"{path.stem}.env", "env.yaml", "environment.yaml"):
        candidate = path.with_name(name)
        if candidate.exists() and candidate != path:
            yield candidate


def _documents(files: Mapping[str, Any]) -> Iterator[Any]:
    for text in files.values():
        try:
            document = yaml.safe_load(text) if isinstance(text, str) else text
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(document, dict) and any(key in document for key in VERSION_KEYS):
            yield document


def _types(documents: Iterable[Any], body: Mapping[str, Any]) -> Iterator[str]:
    """Names of types that documents use, and those that the environment maps to."""
    registry = (body.get("environment") or {}).get("resource_registry") or {}
    yield from (value for value in registry.values() if isinstance(value, str) and "::" in value)
    for document in documents:
        for section in ("resources", "Resources"):
            resources = document.get(section)
            yield from _named(list(resources.values()) if isinstance(resources, dict) else [])


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key in ("type", "Type"):
            name = value.get(key)
            if isinstance(name, str) and re.fullmatch(r"\w+(::\w+)+", name):
                yield name
        for one in value.values():
            yield from _named(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)


class Comparison:
    """One run over some templates."""

    def __init__(self, heat: Asked, hearth: Asked, mapped: bool) -> None:
        self._heat, self._hearth, self._mapped = heat, hearth, mapped
        self._known: dict[str, tuple[str, str]] = {}

    def learn(self, types: Iterable[str], pool: concurrent.futures.Executor) -> None:
        """Ask which types there are."""
        names = sorted(types)
        answers = pool.map(lambda name: (self._heat.type_state(name), self._hearth.type_state(name)), names)
        self._known = dict(zip(names, answers, strict=True))

    def missing(self, one: Published) -> list[str]:
        """Types of a template that at least one of the two cannot work with."""
        return sorted(name for name in one.types if self._known.get(name, ("there", "there")) != ("there", "there"))

    def state(self, name: str) -> tuple[str, str]:
        """What the two say about a type."""
        return self._known[name]

    def judge(self, one: Published) -> Verdict:
        """Ask both about one template."""
        if one.unsendable:
            return Verdict(one.name, "cannot be sent: a file that it names is missing, or is no text", one.unsendable)
        body = self._body(one)
        hearth = self._hearth.validate(body)
        body |= {} if one.long_form is None else {"template": one.long_form}
        heat = self._heat.validate(body)
        if heat["status"] == hearth["status"] == 200:
            before, after = ({key: answer["body"].get(key) for key in COMPARED} for answer in (heat, hearth))
            if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
                return Verdict(one.name, "taken by both, described alike")
            return Verdict(one.name, "DESCRIBED OTHERWISE", before, after)
        if heat["status"] != 200 and hearth["status"] != 200:
            if heat.get("type") == hearth.get("type"):
                return Verdict(one.name, f"refused by both: {heat.get('type')}", heat, hearth)
            return Verdict(one.name, f"refused by both: {heat.get('type')}, here {hearth.get('type')}", heat, hearth)
        if heat["status"] == 200:
            return self._doubt(one, body, hearth)
        valued = body | {"parameters": _values(body["template"], body.get("environment") or {})}
        if self._heat.validate(valued)["status"] == 200:
            return Verdict(one.name, "taken by Heat only with values for all parameters", heat, hearth)
        return Verdict(one.name, f"REFUSED BY HEAT ONLY: {heat.get('type')}", heat, hearth)

    def _doubt(self, one: Published, body: dict[str, Any], hearth: Answer) -> Verdict:
        """Heat validates what Hearth refuses: would Heat take it when it comes to the point?"""
        valued = body | {"parameters": _values(body["template"], body.get("environment") or {})}
        heat = self._heat.preview(valued)
        if heat["status"] != 200:
            return Verdict(one.name, f"told earlier; Heat refuses to create it: {heat.get('type')}", heat, hearth)
        return Verdict(one.name, "REFUSED HERE ONLY", heat, hearth)

    def _body(self, one: Published) -> dict[str, Any]:
        missing = self.missing(one)
        if not (self._mapped and missing):
            return one.body
        environment = dict(one.body.get("environment") or {})
        registry = dict(environment.get("resource_registry") or {})
        kept = {key: value for key, value in registry.items() if value not in missing}
        chained = {key: NONE for key, value in registry.items() if isinstance(value, str) and value in missing}
        added = {name: NONE for name in missing if name not in kept}
        return one.body | {"environment": environment | {"resource_registry": {**kept, **chained, **added}}}


def _values(template: Any, environment: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter that has none, as its constraints would have it, as far as that is simple."""
    if not isinstance(template, dict):
        return {}
    given = {**(environment.get("parameter_defaults") or {}), **(environment.get("parameters") or {})}
    declared = template.get("parameters") or template.get("Parameters") or {}
    values = {}
    for name, schema in declared.items() if isinstance(declared, dict) else ():
        if isinstance(schema, dict) and not {"default", "Default"} & schema.keys() and name not in given:
            values[name] = _value(schema)
    return values


def _value(schema: Mapping[str, Any]) -> Any:
    kind = str(schema.get("type") or schema.get("Type")).lower()
    allowed, least = schema.get("AllowedValues"), schema.get("MinLength") or 1
    for constraint in schema.get("constraints") or ():
        allowed = constraint.get("allowed_values", allowed)
        least = (constraint.get("length") or {}).get("min", least)
        if constraint.get("custom_constraint") in EXISTING:
            return EXISTING[constraint["custom_constraint"]]
    if allowed:
        return allowed[0]
    return {"number": 1, "json": {}, "boolean": True, "comma_delimited_list": "a", "commadelimitedlist": "a"}.get(
        kind, "a" * int(least)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about every template and print a summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="FOLDER", help="one folder a collection")
    parser.add_argument("--heat", default="http://127.0.0.1:8004")
    parser.add_argument("--hearth", required=True)
    parser.add_argument("--as-they-are", action="store_true", help="do not map missing types to OS::Heat::None")
    parser.add_argument("--only", default="", help="templates whose path has this text")
    parser.add_argument("--all", action="store_true", help="show what both said to refused templates, too")
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args(arguments)
    if strangers := [str(folder) for folder in given.folders if not folder.is_dir()]:
        parser.error(f"not a folder: {', '.join(strangers)}")
    token, project = credentials()
    heat, hearth = Asked(given.heat, project, token), Asked(given.hearth, project, token)
    comparison = Comparison(heat, hearth, mapped=not given.as_they_are)
    unexplained = 0
    with concurrent.futures.ThreadPoolExecutor(given.workers) as pool:
        for folder in given.folders:
            chosen = [one for one in found(folder) if given.only in one.name]
            comparison.learn({name for one in chosen for name in one.types}, pool)
            unexplained += _report(folder.name, chosen, list(pool.map(comparison.judge, chosen)), given.all)
            _report_types(comparison, chosen)
    return 1 if unexplained else 0


def _report(name: str, chosen: Sequence[Published], verdicts: Sequence[Verdict], everything: bool) -> int:
    counts = collections.Counter(verdict.kind for verdict in verdicts)
    print(f"\n{name}: {len(chosen)} templates")
    for kind, count in sorted(counts.items()):
        print(f"  {count:4}  {kind}")
    for verdict in verdicts:
        shouted = verdict.kind[:9].isupper()
        if shouted or (everything and not verdict.kind.startswith("taken")):
            print(
                f"{verdict.kind}: {verdict.name}\n   heat   {_short(verdict.heat)}\n   hearth {_short(verdict.hearth)}"
            )
    return sum(verdict.kind[:9].isupper() for verdict in verdicts)


def _report_types(comparison: Comparison, chosen: Sequence[Published]) -> None:
    counts = collections.Counter(name for one in chosen for name in comparison.missing(one))
    for name, count in counts.most_common():
        heat, hearth = comparison.state(name)
        print(f"  type in {count:4} templates: {name}: Heat {heat}, here {hearth}")


def _short(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)[:600]


if __name__ == "__main__":
    sys.exit(main())
