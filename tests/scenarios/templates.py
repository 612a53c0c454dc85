"""Small templates for scenarios, built from what each test varies."""

from typing import Any


def hot(resources: dict[str, Any], outputs: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    template = {"heat_template_version": "2018-08-31", "resources": resources, **sections}
    if outputs:
        template["outputs"] = {name: {"value": value} for name, value in outputs.items()}
    return template


def thing(value: Any = "v1", **properties: Any) -> dict[str, Any]:
    return {"type": "OS::Heat::TestResource", "properties": {"value": value, **properties}}


def after(resource: dict[str, Any], *needed: str) -> dict[str, Any]:
    return {**resource, "depends_on": list(needed)}


def output_of(name: str) -> dict[str, Any]:
    return {"get_attr": [name, "output"]}


def chain(length: int, value: Any = "v1") -> dict[str, Any]:
    resources = {f"r{n}": thing(output_of(f"r{n - 1}") if n else value) for n in range(length)}
    return hot(resources, {"last": output_of(f"r{length - 1}")})
