"""The words that stories write templates in."""

from typing import Any

Values = dict[str, Any]


def hot(resources: Values | None = None, outputs: Values | None = None, **sections: Any) -> Values:
    """A template."""
    template: Values = {"heat_template_version": "2018-08-31", "resources": resources or {}, **sections}
    if outputs:
        template["outputs"] = {name: {"value": value} for name, value in outputs.items()}
    return template


def thing(content: Any = "v1", *, kind: str = "Thing", after: Any = (), policy: str = "", **properties: Any) -> Values:
    """A resource of the simulated cloud."""
    made: Values = {"type": f"Sim::{kind}", "properties": {"content": content, **properties}}
    if after:
        made["depends_on"] = [after] if isinstance(after, str) else list(after)
    if policy:
        made["deletion_policy"] = policy
    return made


def the(name: str) -> dict[str, str]:
    """A reference to a resource."""
    return {"get_resource": name}


def content_of(name: str) -> dict[str, list[str]]:
    """What a thing holds."""
    return {"get_attr": [name, "content"]}
