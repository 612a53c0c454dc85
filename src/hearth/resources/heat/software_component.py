"""OS::Heat::SoftwareComponent: several configs in one, each for some actions of the stack.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SoftwareComponent
"""

from collections.abc import Iterable
from typing import Any

from hearth.model.values import is_known
from hearth.resources import base, software
from hearth.resources.contract import Call, Issue, SoftwareConfig, Values
from hearth.resources.heat.software_config import Config
from hearth.resources.schema import Property

#: The group by which deployments know such a config.
GROUP = "component"


@base.resource("OS::Heat::SoftwareComponent", since="2014.2")
class SoftwareComponent(Config):
    """Configs for the whole life of a piece of software."""

    configs = Property(
        list,
        "The configs, each for some actions.",
        required=True,
        length=(1, None),
        items=Property(
            dict,
            fields={
                "actions": Property(
                    list,
                    "The actions it is for.",
                    default=["CREATE", "UPDATE"],
                    length=(1, None),
                    items=Property(str),
                ),
                "config": Property(str, "The script or settings."),
                "tool": Property(str, "What reads it.", required=True),
            },
        ),
    )
    inputs = software.inputs_property()
    outputs = software.outputs_property()
    options = Property(dict, "What the tools are to mind.")

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each action may have one config only."""
        yield from super().validate(properties)
        yield from software.issues(properties)
        configs = properties.get("configs", ())
        seen: set[str] = set()
        for number, one in enumerate(configs if is_known(configs) else ()):
            for action in one.get("actions", ()):
                if action in seen:
                    message = f"The action {action} has a config already."
                    yield Issue(("configs", number, "actions"), message, "Give each action to one config.")
                seen.add(action)

    async def wanted(self, call: Call) -> SoftwareConfig:
        """The configs as one."""
        given = call.properties
        inputs, outputs = software.declared(given)
        return SoftwareConfig(
            id="",
            name=call.physical_name,
            group=GROUP,
            config={"configs": [_part(one) for one in given["configs"]]},
            inputs=inputs,
            outputs=outputs,
            options=given.get("options") or {},
        )


def _part(one: dict[str, Any]) -> dict[str, Any]:
    return {"actions": list(one["actions"]), "config": one.get("config"), "tool": one["tool"]}
