"""OS::Heat::SoftwareDeploymentGroup and OS::Heat::StructuredDeploymentGroup: one config for many servers.

The members are deployments in a nested stack, named by the keys of `servers`.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SoftwareDeploymentGroup
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from hearth.model import values
from hearth.model.states import Action
from hearth.model.values import UNKNOWN, is_known
from hearth.resources import base, nested, schema
from hearth.resources.contract import Call, ChildStack, Issue, Neighbour, Neighbours, NotKnownYet, Wait
from hearth.resources.heat import members, rolling, software_deployment
from hearth.resources.heat.deployment_answers import STATUS_CODE, STDERR, STDOUT
from hearth.resources.schema import Attribute, Property

_VERSION = "2016-10-14"
#: The parameter that stands for everything that is not known yet.
_UNKNOWN = "unknown"
#: {attribute of the group: attribute of its members}
_OF_MEMBERS = {"deploy_stdouts": STDOUT, "deploy_stderrs": STDERR, "deploy_status_codes": STATUS_CODE}
_FORMER = ((schema.HIDDEN, "7.0.0"), (schema.DEPRECATED, "2014.2"))


def _batches(what: str) -> Property:
    return Property(
        dict,
        what,
        since="7.0.0",
        fields={
            "max_batch_size": Property(int, "Servers in a batch.", default=1, minimum=1),
            "pause_time": Property(float, "Seconds between batches.", default=0, minimum=0),
        },
    )


class Group(nested.NestedStack):
    """What all groups of deployments do. `member_type`: the type of the members."""

    member_type: ClassVar[str]

    servers = Property(dict, "Ids of the servers by the names of the members.", required=True, updatable=True)

    update_policy = {
        "batch_create": _batches("How many deployments are made at a time."),
        "rolling_update": _batches("How many deployments are changed at a time."),
    }

    attributes = {
        "deploy_stdouts": Attribute(dict, "What the tools printed, by member."),
        "deploy_stderrs": Attribute(dict, "What the tools printed as errors, by member."),
        "deploy_status_codes": Attribute(dict, "The exit statuses of the tools, by member."),
    }
    # Any other name is an output of the config, by member.
    dynamic_attributes = True

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """Each server must have an agent."""
        servers = me.properties.get("servers")
        for name, server in servers.items() if isinstance(servers, Mapping) else ():
            yield from software_deployment.without_agent(("servers", name), server, others)

    def child(self, call: Call) -> ChildStack:
        """A template with the deployments: all of them, or as many as the next batch changes."""
        wanted = self._final(call)
        policy = _policy(call)
        if policy is None:
            return wanted
        return dataclasses.replace(wanted, template={**wanted.template, "resources": _stage(call, wanted, policy)})

    def further(self, call: Call) -> Wait | None:
        """Whether there is another batch."""
        policy = _policy(call)
        if policy is not None and call.child is not None:
            stage = _stage(call, self._final(call), policy)
            if stage != call.child.template["resources"]:
                return rolling.pause(call, policy.pause_time)
        rolling.forget_pause(call)
        return None

    def _final(self, call: Call) -> ChildStack:
        given = call.properties
        servers = given["servers"]
        if servers is UNKNOWN:
            raise NotKnownYet(f"the servers of {call.name} depend on other resources")
        shared = {key: value for key, value in given.items() if key != "servers"}
        resources = {
            str(name): {"type": self.member_type, "properties": _known({**shared, "server": server})}
            for name, server in servers.items()
        }
        template: dict[str, Any] = {"heat_template_version": _VERSION, "resources": resources}
        if is_known(given):
            return ChildStack(template, source=call.name)
        # While a template is validated: what is not known yet stands as a parameter without a value.
        template["parameters"] = {_UNKNOWN: {"type": "json"}}
        return ChildStack(template, parameters={_UNKNOWN: UNKNOWN}, source=call.name)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """A map by member."""
        name = str(path[0])
        if name.startswith("resource."):
            return await super().attribute_path(call, path)
        if call.child is None or name == "show":
            return None
        wanted = [_OF_MEMBERS.get(name, name)]
        found = {one: await member.attribute(wanted) for one, member in call.child.resources.items()}
        return values.walk(found, path[1:])


def _known(tree: Any) -> Any:
    if tree is UNKNOWN:
        return {"get_param": _UNKNOWN}
    if isinstance(tree, Mapping):
        return {key: _known(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_known(item) for item in tree]
    return tree


def _policy(call: Call) -> rolling.Policy | None:
    """The batches that the update policy asks for in this action; None: everything at once."""
    name = "batch_create" if call.action is Action.CREATE else "rolling_update"
    given = call.update_policy.get(name)
    return rolling.Policy(given["max_batch_size"], 0, given["pause_time"]) if given is not None else None


def _stage(call: Call, wanted: ChildStack, policy: rolling.Policy) -> dict[str, Any]:
    """The members after the next batch; those that are not wanted any more go with the first."""
    final = members.as_stored(wanted.template["resources"])
    before = dict(call.child.template["resources"]) if call.child is not None else {}
    stage = {name: one for name, one in before.items() if name in final}
    changing = [name for name, one in final.items() if stage.get(name) != one]
    for name in changing[: policy.max_batch_size]:
        stage[name] = final[name]
    return {name: stage[name] for name in final if name in stage}


@base.resource("OS::Heat::SoftwareDeploymentGroup", since="5.0.0")
class SoftwareDeploymentGroup(software_deployment.Declared, Group):
    """A script or the settings of a tool, deployed to several servers."""

    member_type = "OS::Heat::SoftwareDeployment"


@base.resource("OS::Heat::StructuredDeploymentGroup", since="5.0.0")
class StructuredDeploymentGroup(software_deployment.DeclaredStructured, Group):
    """A structured config, deployed to several servers."""

    member_type = "OS::Heat::StructuredDeployment"


@base.resource("OS::Heat::SoftwareDeployments", support=_FORMER)
class SoftwareDeployments(SoftwareDeploymentGroup):
    """The former name of OS::Heat::SoftwareDeploymentGroup."""


@base.resource("OS::Heat::StructuredDeployments", support=_FORMER)
class StructuredDeployments(StructuredDeploymentGroup):
    """The former name of OS::Heat::StructuredDeploymentGroup."""
