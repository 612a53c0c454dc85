"""OS::Heat::SoftwareConfig and OS::Heat::StructuredConfig, and what all types have in common that make configs.

A config never changes, so any change makes another one.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SoftwareConfig
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base, software
from hearth.resources.contract import Call, Gone, Issue, Observed, Permanent, Software, SoftwareConfig, Values
from hearth.resources.schema import Attribute, Property

UNGROUPED = "Heat::Ungrouped"


class Config(base.Base):
    """A type that keeps a config; its physical id is the config's id."""

    attributes = {"config": Attribute(str, "The text or the map of the config.")}
    supports_check = True

    async def wanted(self, call: Call) -> SoftwareConfig:
        """The config to be kept. Its name is chosen by the caller."""
        raise NotImplementedError

    async def create(self, call: Call) -> str | None:
        """Keep the config."""
        wanted = await self.wanted(call)
        return await keeper(call).keep(wanted)

    async def delete(self, call: Call) -> None:
        """Drop the config, which no deployment may use any more."""
        if call.physical_id is None:
            return
        if await keeper(call).is_used(call.physical_id):
            raise Permanent(
                f"software config {call.physical_id} is used by a deployment; delete that first",
                "InvalidRestrictedAction",
            )
        keeper(call).drop(call.physical_id)

    async def observe(self, call: Call) -> Observed | None:
        """The config, which cannot change; the API may have deleted it."""
        await keeper(call).config(str(call.physical_id))
        return {}

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What was kept."""
        if call.physical_id is None:
            return None
        try:
            kept = await keeper(call).config(call.physical_id)
        except Gone:
            return None
        return software.shown(kept) if name == "show" else kept.config


def keeper(call: Call) -> Software:
    """Where configs are kept."""
    assert call.software is not None, "the engine gives it to every verb"
    return call.software


class _Declared(Config):
    """A config whose parts are properties."""

    group = Property(str, "The tool that reads the config, such as script or puppet.", default=UNGROUPED)
    inputs = software.inputs_property()
    outputs = software.outputs_property()
    options = Property(dict, "What the tool is to mind.")

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Defaults of inputs must be of their types."""
        yield from super().validate(properties)
        yield from software.issues(properties)

    async def wanted(self, call: Call) -> SoftwareConfig:
        """As the properties say."""
        given = call.properties
        inputs, outputs = software.declared(given)
        return SoftwareConfig(
            id="",
            name=call.physical_name,
            group=given["group"],
            config=given.get("config"),
            inputs=inputs,
            outputs=outputs,
            options=given.get("options") or {},
        )


@base.resource("OS::Heat::SoftwareConfig", since="2014.1")
class PlainConfig(_Declared):
    """A script or the settings of a tool, to be deployed to servers."""

    config = Property(str, "The script or settings.")


@base.resource("OS::Heat::StructuredConfig", since="2014.1")
class StructuredConfig(_Declared):
    """Settings as a map, in which a deployment puts values in the place of its inputs."""

    config = Property(dict, "The settings.")
