"""OS::Heat::SoftwareDeployment and OS::Heat::StructuredDeployment: a config goes to a server, which tells how it went.

Each action of the list `actions` deploys anew: a config is derived that holds the values of the inputs, an agent in the
server finds it, does it and signals the outputs. The deployment is known by the id of the resource's row; how far it is
stands in the store, where signals change it. One that is not in progress hears nothing.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SoftwareDeployment
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.diagnostics import Path
from hearth.model.states import Action, Status
from hearth.resources import base, failures, software
from hearth.resources.contract import (
    Call,
    Change,
    Gone,
    Issue,
    NeedsReplacement,
    Neighbour,
    Neighbours,
    NothingToDo,
    Observed,
    Permanent,
    Reference,
    SoftwareConfig,
    SoftwareDeployment,
    Wait,
)
from hearth.resources.heat import (
    deployment_answers,
    deployment_inputs,
    queues,
    signed_url,
    software_component,
    stack_user,
    temp_url,
    transports,
)
from hearth.resources.heat.deployment_answers import STATUS_CODE, STDERR, STDOUT
from hearth.resources.heat.software_config import UNGROUPED, keeper
from hearth.resources.schema import Attribute, Property

ACTIONS = ("CREATE", "UPDATE", "DELETE", "SUSPEND", "RESUME")
STRICT = "STRICT"
#: Keys of private data: the config made for the server, the URL that signals are put to, how many were taken.
_DERIVED, _URL, _TAKEN = "derived_config", "signal_url", "taken"
#: Of the user that signals: its project, and where it authenticates.
_PROJECT, _AUTH_URL = "user_project", "auth_url"
#: What a collected signal has beside its own keys: its number.
_NUMBER = "hearth_number"
#: Or the id of the message that it was.
_MESSAGE = "hearth_message"


class Declared:
    """The properties that deployments and groups of them have."""

    config = Property(str, "The id of the config.", updatable=True)
    input_values = Property(dict, "Values for the inputs of the config.", updatable=True)
    actions = Property(
        list,
        "The actions of the stack that deploy it.",
        default=["CREATE", "UPDATE"],
        updatable=True,
        allowed=ACTIONS,
    )
    name = Property(str, "The name of the config that the server gets.", updatable=True)
    signal_transport = Property(
        str,
        "How the server tells what came of it.",
        default=transports.CFN,
        option="default_deployment_signal_transport",
        allowed=transports.DEPLOYMENTS,
    )


class DeclaredStructured(Declared):
    """The properties of those whose config is a map with places for values."""

    input_key = Property(
        str, "The key of the map that stands for the value of an input.", default="get_input", updatable=False
    )
    input_values_validate = Property(
        str,
        "Whether every input that the config reads must have a value.",
        default="LAX",
        allowed=("LAX", STRICT),
    )


class Deployment(Declared, stack_user.WithUser):
    """What both types of deployments do."""

    server = Property(str, "The id of the server.", required=True)

    attributes = {
        STDOUT: Attribute(str, "What the tool printed."),
        STDERR: Attribute(str, "What the tool printed as errors."),
        STATUS_CODE: Attribute(str, "The exit status of the tool."),
    }
    # Any other name is an output of the config.
    dynamic_attributes = True
    takes_signals = True
    deploys = True
    may_replace = frozenset({"input_values"})  # the config says for which inputs
    waits_on = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME})

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """The server must have an agent."""
        return without_agent(("server",), me.properties.get("server"), others)

    async def find(self, call: Call) -> str | None:
        """What a lost create made is found when it is removed; a create that is repeated takes it over."""
        return call.resource_id if call.action is Action.DELETE else None

    # ---- the actions ----

    async def create(self, call: Call) -> str | None:
        """Make what the signals need, and deploy."""
        transport = call.properties["signal_transport"]
        if await self._is_due(call, Action.CREATE):
            await self._prepare(call, transport)
            await self._deploy(call, Action.CREATE)
        return call.resource_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Deploy what is changed."""
        if not change.properties:
            return None
        await self._check_replacement(call)
        if await self._is_due(call, Action.UPDATE):
            await self._prepare(call, call.properties["signal_transport"])
            await self._deploy(call, Action.UPDATE)
        return None

    async def suspend(self, call: Call) -> None:
        """Deploy, if it is wanted for this; signals go on to be heard."""
        await self._visit(call, Action.SUSPEND)

    async def resume(self, call: Call) -> None:
        """Deploy, if it is wanted for this."""
        await self._visit(call, Action.RESUME)

    async def _visit(self, call: Call, action: Action) -> None:
        if await self._is_due(call, action):
            await self._prepare(call, call.properties["signal_transport"])
            await self._deploy(call, action)

    async def delete(self, call: Call) -> None:
        """Deploy, if it is wanted for this and the server is there to do it; otherwise clean up at once."""
        if await self._is_due(call, Action.DELETE) and await _has_server(call):
            await self._prepare(call, call.properties["signal_transport"])
            await self._deploy(call, Action.DELETE)
        else:
            await self._clean_up(call)

    async def _clean_up(self, call: Call) -> None:
        transport = call.properties.get("signal_transport")
        if transport == transports.TEMP_URL:
            await temp_url.delete(call)
        elif transport in (transports.HEAT, transports.CFN, transports.ZAQAR):
            await self._remove_user(call)
        keeper(call).withdraw()
        if _DERIVED in call.data:
            keeper(call).drop(call.data[_DERIVED])

    async def _remove_user(self, call: Call) -> None:
        with failures.sorted_out():
            users = stack_user.users_of(call)
            user_id = call.data.get(stack_user.USER) or await users.find(call.physical_name)
            if user_id is None:
                return
            if call.properties["signal_transport"] == transports.ZAQAR:
                await queues.delete(call)
            await users.delete(user_id)

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """By what the server has told."""
        try:
            found = await keeper(call).deployment()
        except Gone:
            if call.action is Action.DELETE or _DERIVED not in call.data:
                return None  # it has gone, or was never wanted for any action so far
            raise
        if found.action != call.action:
            return None  # this action has nothing to deploy
        if found.status is Status.IN_PROGRESS:
            return Wait()
        if found.status is Status.FAILED:
            raise Permanent(f"Deployment to server failed: {found.reason}", kind="Error")
        if call.action is Action.DELETE:
            await self._clean_up(call)
        return None

    # ---- deploying ----

    async def _is_due(self, call: Call, action: Action) -> bool:
        """Whether the action is among those that deploy; the parts of a component say it of themselves."""
        config = await self._config(call)
        if config.group == software_component.GROUP and isinstance(config.config, Mapping):
            return any(action in part.get("actions", ()) for part in config.config.get("configs", ()))
        return action in call.properties["actions"]

    async def _config(self, call: Call) -> SoftwareConfig:
        """The config to deploy; an empty one where none is named."""
        wanted = call.properties.get("config")
        if not wanted:
            return SoftwareConfig("", call.physical_name, UNGROUPED, "")
        try:
            return await keeper(call).config(wanted)
        except Gone as gone:
            if call.action is Action.DELETE:
                # What was to be done last has been deleted before; nothing is left to wait for.
                return SoftwareConfig("", call.physical_name, UNGROUPED, "")
            raise Permanent(str(gone), kind="NotFound") from gone

    async def _prepare(self, call: Call, transport: str) -> None:
        """Make what the transport needs, once."""
        if transport in (transports.HEAT, transports.ZAQAR) and _AUTH_URL not in call.data:
            user = await self.make_user(call)
            if transport == transports.ZAQAR:
                await queues.create(call)
            call.data |= {_PROJECT: user.project_id, _AUTH_URL: user.auth_url}
        elif transport == transports.ZAQAR:
            # What was posted before is no answer to what is asked now.
            await queues.empty(call)
        elif transport == transports.CFN and _URL not in call.data:
            user = await self.make_user(call)
            call.data[_PROJECT] = user.project_id
            call.data[_URL] = await signed_url.create(call, signed_url.Kind.SIGNAL)
        elif transport == transports.TEMP_URL:
            if _URL not in call.data:
                call.data[_URL] = await temp_url.create(call)
            # What was put before is no answer to what is asked now.
            call.data[_TAKEN] = str(await temp_url.count(call, call.physical_name))

    async def _deploy(self, call: Call, action: Action) -> None:
        """Derive the config for the server, and let the server find it."""
        given, config = call.properties, await self._config(call)
        values = given.get("input_values") or {}
        name = given.get("name") or config.name or call.physical_name
        derived = deployment_inputs.derived(config, name, values, await _means(call, action))
        derived = dataclasses.replace(derived, config=self.text_of(call, derived))
        former, config_id = call.data.get(_DERIVED), await keeper(call).keep(derived)
        waits = given["signal_transport"] != transports.NONE
        await keeper(call).deploy(
            SoftwareDeployment(
                config_id=config_id,
                server_id=given["server"],
                action=action,
                status=Status.IN_PROGRESS if waits else Status.COMPLETE,
                reason="The server can fetch it" if waits else "No signal is waited for",
                inputs=values,
                user_project_id=call.stack.user_project_id or call.data.get(_PROJECT),
            )
        )
        call.data[_DERIVED] = config_id
        if former is not None:
            keeper(call).drop(former)

    def text_of(self, call: Call, derived: SoftwareConfig) -> Any:
        """What the server gets as the config itself."""
        return derived.config

    async def _check_replacement(self, call: Call) -> None:
        before = (call.previous or {}).get("input_values") or {}
        after = call.properties.get("input_values") or {}
        names = deployment_inputs.replaced_by(await self._config(call), before, after)
        if names:
            raise NeedsReplacement(f"the inputs {', '.join(names)} ask for a new deployment when they change")

    async def observe(self, call: Call) -> Observed | None:
        """The deployment, if there was one so far, and what its transport needs."""
        if _DERIVED in call.data:
            await keeper(call).deployment()
        transport = call.properties.get("signal_transport")
        if transport == transports.TEMP_URL and _URL in call.data:
            await temp_url.look(call, temp_url.container_of(call.data[_URL]))
        elif transport == transports.ZAQAR and _AUTH_URL in call.data:
            await queues.look(call)
        return await super().observe(call)

    # ---- signals ----

    async def signal(self, call: Call, details: Any) -> str:
        """Take the outputs."""
        given = dict(details) if isinstance(details, Mapping) else {}
        if _NUMBER in given:
            call.data[_TAKEN] = str(given.pop(_NUMBER))
        if _MESSAGE in given:
            queues.take(call, given.pop(_MESSAGE))
        try:
            found = await keeper(call).deployment()
            config = await keeper(call).config(found.config_id)
        except Gone as gone:
            raise NothingToDo(str(gone)) from gone
        if found.status is not Status.IN_PROGRESS:
            return ""
        told = deployment_answers.outcome(config.outputs, given)
        await keeper(call).deploy(dataclasses.replace(found, **dataclasses.asdict(told)))
        return f"deployment {found.id} {'succeeded' if told.status is Status.COMPLETE else 'failed'}"

    def collects(self, call: Call) -> bool:
        """Signals to a temporary URL lie in the object store, others in a queue."""
        transport = call.properties.get("signal_transport")
        return (transport == transports.TEMP_URL and _URL in call.data) or (
            transport == transports.ZAQAR and _AUTH_URL in call.data
        )

    async def collect(self, call: Call) -> list[Any]:
        """Those that were not taken yet, in the order of their coming."""
        if call.properties.get("signal_transport") == transports.ZAQAR:
            return await self._collect_from_queue(call)
        taken = int(call.data.get(_TAKEN, 0))
        try:
            put = await temp_url.bodies(call, call.physical_name, skip=taken)
        except Gone:
            if call.action is Action.DELETE:
                return []  # it has been cleaned up
            raise
        return [{**_fields(body), _NUMBER: number} for number, body in enumerate(put, taken + 1)]

    async def _collect_from_queue(self, call: Call) -> list[Any]:
        if call.action is Action.DELETE and not await stack_user.users_of(call).exists(call.data[stack_user.USER]):
            return []  # it has been cleaned up
        return [{**_fields(one.body), _MESSAGE: one.id} for one in await queues.untaken(call)]

    # ---- attributes ----

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """An output; None before it came."""
        try:
            found = await keeper(call).deployment()
        except Gone:
            return None
        if name == "show":
            return software.shown_deployment(found)
        return (found.outputs or {}).get(name)


@base.resource("OS::Heat::SoftwareDeployment", since="2014.1")
class PlainDeployment(Deployment):
    """A script or the settings of a tool, deployed to one server."""


@base.resource("OS::Heat::StructuredDeployment", since="2014.1")
class StructuredDeployment(DeclaredStructured, Deployment):
    """A structured config, values in the places of its inputs, deployed to one server."""

    def text_of(self, call: Call, derived: SoftwareConfig) -> Any:
        """The map with its values."""
        given, known = call.properties, deployment_inputs.values(derived.inputs)
        strict = given["input_values_validate"] == STRICT
        return deployment_inputs.filled(derived.config, given["input_key"], known, strict=strict)


def without_agent(path: Path, server: Any, others: Neighbours) -> Iterable[Issue]:
    """What is wrong with deploying to a server of the stack, which is given at that path."""
    found = others.get(server.resource) if isinstance(server, Reference) else None
    form = found.properties.get("user_data_format") if found is not None else None
    if found is None or form not in ("HEAT_CFNTOOLS", "RAW"):
        return
    yield Issue(
        path,
        f"Nothing is deployed to the server {found.name}: it is made without an agent, as its user_data_format "
        f"{form} says.",
        f"Set user_data_format of {found.name} to SOFTWARE_CONFIG.",
    )


def _fields(body: Any) -> Mapping[str, Any]:
    """What a server has put somewhere; what is no map tells nothing."""
    return body if isinstance(body, Mapping) else {}


async def _means(call: Call, action: Action) -> dict[str, Any]:
    """The inputs that every deployment has, and those by which the server can answer."""
    transport = call.properties["signal_transport"]
    means = {
        "deploy_server_id": call.properties["server"],
        "deploy_action": str(action),
        "deploy_stack_id": f"{call.stack.name}/{call.stack.id}",
        "deploy_resource_name": call.name,
        "deploy_signal_transport": transport,
    }
    if transport == transports.TEMP_URL:
        means |= {"deploy_signal_id": call.data[_URL], "deploy_signal_verb": "PUT"}
    elif transport == transports.CFN:
        means |= {"deploy_signal_id": call.data[_URL], "deploy_signal_verb": "POST"}
    elif transport in (transports.HEAT, transports.ZAQAR):
        means |= {
            "deploy_auth_url": call.data[_AUTH_URL],
            "deploy_username": call.physical_name,
            "deploy_user_id": call.data[stack_user.USER],
            "deploy_password": call.data[stack_user.PASSWORD],
            "deploy_project_id": call.data[_PROJECT],
            "deploy_region_name": call.cloud.region or "",
        }
    if transport == transports.ZAQAR:
        means["deploy_queue_id"] = call.physical_name
    return means


async def _has_server(call: Call) -> bool:
    """Whether the server is there still."""
    try:
        with failures.sorted_out():
            await call.cloud.get("compute", f"/servers/{call.properties['server']}")
    except Gone:
        return False
    return True
