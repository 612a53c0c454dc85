"""OS::Heat::DeployedServer: a machine that exists already, known to Hearth by the agent that runs on it.

Nothing is made but what its agent needs. Whoever set the machine up gives the agent the settings that the attribute
`os_collect_config` shows. Its id is that of the resource's row, and deployments name it as the id of a server.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::DeployedServer
"""

from collections.abc import Mapping
from typing import Any

from hearth.model.states import Action
from hearth.resources import base, schema
from hearth.resources.contract import Call, Change, Observed
from hearth.resources.heat import agent, stack_user
from hearth.resources.schema import Attribute, Property

#: Where its agent looks: nothing of a cloud is there to be asked.
_COLLECTORS = ("{}", "local")


@base.resource("OS::Heat::DeployedServer")
class DeployedServer(stack_user.WithUser):
    """A server made elsewhere, as a target of software deployments.

    A machine with an agent.
    """

    secret_data = agent.SECRETS
    name_limit = 53
    operated = {"name_limit": "max_server_name_length"}
    snapshot_deletion_policy = True

    name = Property(str, "Name of the machine.", default=schema.PHYSICAL_NAME, updatable=True, live=None)
    metadata = Property(
        dict,
        "Texts to keep with it.",
        updatable=True,
        live=None,
        support=(("DEPRECATED", "9.0.0"), ("SUPPORTED", "8.0.0")),
    )
    software_config_transport = agent.transport_property()
    deployment_swift_data = agent.swift_property()

    attributes = {
        "name": Attribute(str, "Name of the machine."),
        agent.ATTRIBUTE: Attribute(dict, "How it learns of its configuration.", cached=False, since="9.0.0"),
    }

    def learns_of_deployments(self, properties: Mapping[str, Any]) -> bool:
        """That is all it is there for."""
        return True

    def agent_settings(self, call: Call) -> dict[str, Any]:
        """See `agent.settings`."""
        return agent.settings(call)

    async def tell(self, call: Call, metadata: Mapping[str, Any]) -> None:
        """See `agent.tell`."""
        await agent.tell(call, metadata)

    async def intend(self, call: Call) -> None:
        """Its agent may have been given the credentials by the time that a lost creation is repeated."""
        agent.intend(call)

    async def find(self, call: Call) -> str | None:
        """What a lost creation made is found when it is removed; a creation that is repeated takes it over."""
        return call.resource_id if call.action is Action.DELETE else None

    async def create(self, call: Call) -> str | None:
        """Make what the agent needs."""
        await agent.prepare(call, collectors=_COLLECTORS)
        await agent.tell(call, agent.metadata(call.metadata, (), call))
        return call.resource_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Lead the agent elsewhere, or tell it what is new."""
        if agent.is_changed(change):
            await agent.prepare(call, collectors=_COLLECTORS)
        if call.software is not None and (agent.is_changed(change) or change.metadata):
            call.software.announce(call.resource_id)
        return None

    async def delete(self, call: Call) -> None:
        """Remove what the agent needed."""
        await agent.remove(call)

    async def observe(self, call: Call) -> Observed | None:
        """What the agent needs is there."""
        await agent.look(call)
        return await super().observe(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What is known of the machine here."""
        if name == agent.ATTRIBUTE:
            return agent.settings(call).get(agent.SETTINGS)
        return call.properties.get("name") or call.physical_name if name == "name" else None
