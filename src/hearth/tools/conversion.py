"""From CloudFormation to HOT: the same resources, parameters, conditions and outputs, in HOT's words.

Mappings become json parameters, `Fn::FindInMap` a `get_param` path into them. Resource types stay: they mean the same
in both languages. What has no counterpart is replaced by the nearest thing and noted with its place.

    Ref            get_param, get_resource          Fn::Join      list_join
    Fn::GetAtt     get_attr                         Fn::Split     str_split
    Fn::If         if                               Fn::Replace   str_replace
    Fn::FindInMap  get_param [mapping, key, name]   Fn::Select    an index or a yaql expression
    Fn::Base64     its argument: encoding is done where it is needed
"""

import copy
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from hearth.model.diagnostics import Findings, Path, Severity
from hearth.template import parameter_schema
from hearth.template import template as templates
from hearth.tools import formatting

VERSION: Final = "2021-04-16"

_PSEUDO: Final = {
    "AWS::StackName": "OS::stack_name",
    "AWS::StackId": "OS::stack_id",
}
_FACADE: Final = {"Metadata": "metadata", "DeletionPolicy": "deletion_policy", "UpdatePolicy": "update_policy"}
_NATIVE_TYPES: Final = {cfn: hot for hot, cfn in parameter_schema.TYPES.items()}
#: CloudFormation's own parameter types that name something in the cloud, as custom constraints.
_CLOUD_TYPES: Final = {
    "AWS::EC2::KeyPair::KeyName": "nova.keypair",
    "AWS::EC2::Image::Id": "glance.image",
    "AWS::EC2::Instance::Id": "nova.server",
    "AWS::EC2::SecurityGroup::Id": "neutron.security_group",
    "AWS::EC2::Subnet::Id": "neutron.subnet",
    "AWS::EC2::VPC::Id": "neutron.network",
    "AWS::EC2::Volume::Id": "cinder.volume",
}
_NO_VALUE: Final = {"Ref": "AWS::NoValue"}


def convert(template: templates.Template) -> tuple[str, Findings]:
    """The text of a HOT template that does what this CloudFormation template does, and what could not be kept.

    Raises:
        ValueError: the template is HOT already.
    """
    if template.kind != "cfn":
        raise ValueError("This is a HOT template already; only CloudFormation templates are converted.")
    converter = _Converter(template)
    return formatting.format_text(_written(converter.template())), converter.findings


def _written(data: Mapping[str, Any]) -> str:
    """The YAML text of a template, a blank line between resources."""
    text = f"heat_template_version: {VERSION}\n"
    for section, body in data.items():
        if section == "resources" and body:
            entries = [textwrap.indent(_dumped({name: one}), "  ") for name, one in body.items()]
            text += "resources:\n" + "\n".join(entries)
        else:
            text += _dumped({section: body})
    return text


def _dumped(data: dict[str, Any]) -> str:
    dumped: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    return dumped


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    several = text.rstrip("\n").count("\n") > 0 and text[:1] not in (" ", "\n")
    style = ("|" if several else '"') if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _write_list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    short = all(not isinstance(one, (dict, list)) and len(str(one)) < 30 and "\n" not in str(one) for one in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short and len(items) <= 6)


def _write_map(dumper: yaml.SafeDumper, entries: dict[str, Any]) -> yaml.MappingNode:
    (first, *more) = entries.values() or [None]
    short = not more and (isinstance(first, str) and len(first) < 60 and "\n" not in first)
    call = short or (not more and isinstance(first, list) and all(isinstance(one, (str, int)) for one in first))
    flow = bool(call and next(iter(entries), "") in ("get_param", "get_resource", "get_attr"))
    return dumper.represent_mapping("tag:yaml.org,2002:map", entries.items(), flow_style=flow)


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(list, _write_list)
_Dumper.add_representer(dict, _write_map)


class _Converter:
    """One template under conversion."""

    def __init__(self, template: templates.Template) -> None:
        self._template = template
        self.findings = Findings()
        self._taken = {*self._section("Parameters"), *self._section("Resources")}
        self._mappings = {name: self._free(name) for name in self._section("Mappings")}
        self._extra: dict[str, dict[str, Any]] = {}

    def _section(self, name: str) -> Mapping[str, Any]:
        found = self._template.raw.get(name)
        return found if isinstance(found, dict) else {}

    def _free(self, name: str) -> str:
        """A parameter's name that nothing else has."""
        while name in self._taken:
            name += "_mapping"
        self._taken.add(name)
        return name

    def _note(self, message: str, path: Path, advice: str = "") -> None:
        self.findings.add(message, self._template.place(path), advice=advice, severity=Severity.WARNING)

    # -- sections --

    def template(self) -> dict[str, Any]:
        resources = {
            name: self._resource(name, body, ("Resources", name)) for name, body in self._section("Resources").items()
        }
        outputs = {name: self._output(body, ("Outputs", name)) for name, body in self._section("Outputs").items()}
        conditions = {
            name: self._condition(body, ("Conditions", name)) for name, body in self._section("Conditions").items()
        }
        parameters = {
            name: self._parameter(name, body, ("Parameters", name))
            for name, body in self._section("Parameters").items()
        }
        for name, parameter in self._mappings.items():
            parameters[parameter] = {
                "type": "json",
                "description": f"The mapping {name}",
                "default": copy.deepcopy(self._section("Mappings")[name]),
            }
        parameters |= self._extra
        sections: dict[str, Any] = {
            "description": self._template.raw.get("Description"),
            "parameters": parameters,
            "conditions": conditions,
            "resources": resources,
            "outputs": outputs,
        }
        return {key: value for key, value in sections.items() if value or key == "resources"}

    def _parameter(self, name: str, body: Any, path: Path) -> dict[str, Any]:
        body = body if isinstance(body, dict) else {}
        written = str(body.get("Type", "String"))
        found: dict[str, Any] = {"type": _NATIVE_TYPES.get(written, "string")}
        constraints: list[dict[str, Any]] = []
        if written in _CLOUD_TYPES:
            constraints.append({"custom_constraint": _CLOUD_TYPES[written]})
        elif written.startswith(("List<", "AWS::SSM::")):
            found["type"] = "comma_delimited_list" if "List<" in written else "string"
            self._note(
                f"type {written} became {found['type']}", (*path, "Type"), "Its values are not checked any more."
            )
        elif written not in _NATIVE_TYPES:
            self._note(f"type {written} became string", (*path, "Type"), "Its values are not checked any more.")
        for old, new in (("Label", "label"), ("Description", "description"), ("Default", "default")):
            if old in body:
                found[new] = body[old]
        if str(body.get("NoEcho", "")).lower() == "true":
            found["hidden"] = True
        constraints += _constraints(body)
        if constraints:
            about = body.get("ConstraintDescription")
            found["constraints"] = [{**one, "description": about} if about else one for one in constraints]
        return found

    def _resource(self, name: str, body: Any, path: Path) -> dict[str, Any]:
        body = body if isinstance(body, dict) else {}
        found: dict[str, Any] = {"type": body.get("Type", "")}
        simple = {"Description": "description", "DependsOn": "depends_on"}
        trees = {"DeletionPolicy": "deletion_policy", "UpdatePolicy": "update_policy", "Metadata": "metadata"}
        for old, new in simple.items():
            if old in body:
                found[new] = body[old]
        if "Condition" in body:
            found["condition"] = self._condition(body["Condition"], (*path, "Condition"))
        for old, new in (trees | {"Properties": "properties"}).items():
            if old in body:
                found[new] = self._tree(body[old], (*path, old))
        for key in body:
            if key not in (*simple, *trees, "Type", "Condition", "Properties"):
                self._note(f"{key} of resource {name!r} was left out: HOT has no such key", (*path, key))
        return found

    def _output(self, body: Any, path: Path) -> dict[str, Any]:
        body = body if isinstance(body, dict) else {}
        found: dict[str, Any] = {}
        if "Description" in body:
            found["description"] = body["Description"]
        if "Condition" in body:
            found["condition"] = self._condition(body["Condition"], (*path, "Condition"))
        found["value"] = self._tree(body.get("Value"), (*path, "Value"))
        if "Export" in body:
            self._note("Export was left out: stacks do not share exports", (*path, "Export"))
        return found

    # -- conditions --

    def _condition(self, raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict) or len(raw) != 1:
            return raw
        ((name, args),) = raw.items()
        here = (*path, name)
        if name == "Condition":
            return args
        if name == "Fn::Not":
            inner = args[0] if isinstance(args, list) and args else args
            return {"not": self._condition(inner, (*here, 0))}
        if name in ("Fn::And", "Fn::Or") and isinstance(args, list):
            return {
                name.removeprefix("Fn::").lower(): [
                    self._condition(one, (*here, index)) for index, one in enumerate(args)
                ]
            }
        if name == "Fn::Equals":
            return {"equals": self._tree(args, here)}
        return self._tree(raw, path)

    # -- values --

    def _tree(self, raw: Any, path: Path) -> Any:
        if isinstance(raw, list):
            return [self._tree(item, (*path, index)) for index, item in enumerate(raw)]
        if not isinstance(raw, dict):
            return raw
        if len(raw) == 1:
            ((name, args),) = raw.items()
            convert = _FUNCTIONS.get(name)
            if convert is not None:
                return convert(self, args, (*path, name))
            if name.startswith("Fn::"):
                self._note(
                    f"{name} has no counterpart in HOT and was left as it is", (*path, name), "Replace it by hand."
                )
        return {key: self._tree(item, (*path, key)) for key, item in raw.items()}

    def _ref(self, args: Any, path: Path) -> Any:
        if not isinstance(args, str):
            return self._lost("Ref", args, path)
        if args in self._section("Resources"):
            return {"get_resource": args}
        if args in _PSEUDO:
            return {"get_param": _PSEUDO[args]}
        if args in ("AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix"):
            return {"get_param": self._pseudo_parameter(args, path)}
        if args == "AWS::NoValue":
            self._note("AWS::NoValue became null: only a branch of Fn::If can vanish", path)
            return None
        return {"get_param": args}

    def _pseudo_parameter(self, name: str, path: Path) -> str:
        parameter = name.replace("AWS::", "aws_").lower()
        if parameter not in self._extra:
            self._extra[parameter] = {"type": "string", "description": f"What {name} was"}
            self._note(f"{name} became the parameter {parameter!r}", path, "Give it a value or a default.")
        return parameter

    def _get_att(self, args: Any, path: Path) -> Any:
        return {"get_attr": args.split(".", 1) if isinstance(args, str) else self._tree(args, path)}

    def _join(self, args: Any, path: Path) -> Any:
        return {"list_join": self._tree(args, path)}

    def _split(self, args: Any, path: Path) -> Any:
        return {"str_split": self._tree(args, path)}

    def _base64(self, args: Any, path: Path) -> Any:
        return self._tree(args, path)

    def _replace(self, args: Any, path: Path) -> Any:
        if isinstance(args, list) and len(args) == 2:
            return {
                "str_replace": {
                    "template": self._tree(args[1], (*path, 1)),
                    "params": self._tree(args[0], (*path, 0)),
                }
            }
        return self._lost("Fn::Replace", args, path)

    def _select(self, args: Any, path: Path) -> Any:
        if not isinstance(args, list) or len(args) != 2:
            return self._lost("Fn::Select", args, path)
        index = self._tree(args[0], (*path, 0))
        if isinstance(index, str) and index.isdigit():
            index = int(index)
        values = self._tree(args[1], (*path, 1))
        if isinstance(values, list) and isinstance(index, int):
            if index < len(values):
                return values[index]
            return self._lost("Fn::Select", args, path)
        if isinstance(index, str) and isinstance(args[1], dict) and index in args[1] and isinstance(values, dict):
            return values[index]
        if isinstance(values, dict) and len(values) == 1:
            ((name, inner),) = values.items()
            if name in ("get_param", "get_attr"):
                steps = inner if isinstance(inner, list) else [inner]
                return {name: [*steps, index]}
            if name == "str_split" and isinstance(inner, list) and len(inner) == 2 and isinstance(index, int):
                return {"str_split": [*inner, index]}
        step = "$.data.of[int($.data.at)]"
        return {"yaql": {"expression": step, "data": {"of": values, "at": index}}}

    def _find_in_map(self, args: Any, path: Path) -> Any:
        if isinstance(args, list) and len(args) == 3 and isinstance(args[0], str) and args[0] in self._mappings:
            steps = [self._tree(one, (*path, index)) for index, one in enumerate(args[1:], 1)]
            return {"get_param": [self._mappings[args[0]], *steps]}
        return self._lost("Fn::FindInMap", args, path)

    def _if(self, args: Any, path: Path) -> Any:
        if not isinstance(args, list) or len(args) != 3:
            return self._lost("Fn::If", args, path)
        condition = self._condition(args[0], (*path, 0))
        if args[2] == _NO_VALUE:
            return {"if": [condition, self._tree(args[1], (*path, 1))]}
        if args[1] == _NO_VALUE:
            return {"if": [{"not": condition}, self._tree(args[2], (*path, 2))]}
        return {"if": [condition, *(self._tree(one, (*path, at)) for at, one in enumerate(args[1:], 1))]}

    def _facade(self, args: Any, path: Path) -> Any:
        return {"resource_facade": _FACADE.get(args, args) if isinstance(args, str) else args}

    def _zones(self, args: Any, path: Path) -> Any:
        if "availability_zones" not in self._extra:
            self._extra["availability_zones"] = {
                "type": "comma_delimited_list",
                "description": "Availability zones to use",
                "default": "nova",
            }
            self._note("Fn::GetAZs became the parameter 'availability_zones'", path, "Check its default.")
        return {"get_param": "availability_zones"}

    def _lost(self, name: str, args: Any, path: Path) -> Any:
        self._note(f"this {name} cannot be converted and was left as it is", path, "Replace it by hand.")
        return {name: args}


_FUNCTIONS: Final[Mapping[str, Callable[[_Converter, Any, Path], Any]]] = {
    "Ref": _Converter._ref,
    "Fn::GetAtt": _Converter._get_att,
    "Fn::Join": _Converter._join,
    "Fn::Split": _Converter._split,
    "Fn::Base64": _Converter._base64,
    "Fn::Replace": _Converter._replace,
    "Fn::Select": _Converter._select,
    "Fn::FindInMap": _Converter._find_in_map,
    "Fn::If": _Converter._if,
    "Fn::ResourceFacade": _Converter._facade,
    "Fn::GetAZs": _Converter._zones,
}


def _constraints(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "AllowedValues" in body:
        found.append({"allowed_values": body["AllowedValues"]})
    if "AllowedPattern" in body:
        found.append({"allowed_pattern": body["AllowedPattern"]})
    for key, least, most in (("length", "MinLength", "MaxLength"), ("range", "MinValue", "MaxValue")):
        bounds = {side: _number(body[name]) for side, name in (("min", least), ("max", most)) if name in body}
        if bounds:
            found.append({key: bounds})
    return found


def _number(value: Any) -> Any:
    """CloudFormation writes numbers as text; HOT wants them plain."""
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return value
