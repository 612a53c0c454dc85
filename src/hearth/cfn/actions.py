"""The actions of the CloudFormation query API: each takes a signed request's parameters and gives its result.

Results are plain data in the order in which they are told; what has no value is left out, so that clients that expect
a time or a number find none rather than a word. `ACTIONS` is the table of them.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from hearth.cfn import problems, timestamps
from hearth.cloud import addresses, fetch, tokens
from hearth.engine import service as services
from hearth.engine.queries import StackQuery
from hearth.engine.requests import StackRequest
from hearth.model import errors
from hearth.model.names import StackIdentity

Result = dict[str, Any]

_MEMBER = re.compile(r"Parameters\.member\.(\d+)\.Parameter(Key|Value)")
#: What to do when something fails, and whether that means no rollback.
_ON_FAILURE = {"DO_NOTHING": True, "ROLLBACK": False, "DELETE": False}
_COSTS = "https://docs.openstack.org/"


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One request for an action."""

    service: services.StackService
    caller: tokens.Caller
    params: Mapping[str, str]
    fetch_rules: addresses.FetchRules
    max_template_size: int

    def needed(self, name: str) -> str:
        """A parameter. Raises Problem when it is not given."""
        value = self.params.get(name)
        if not value:
            raise problems.Problem("MissingParameter", f"The parameter {name} is missing.")
        return value

    async def stack(self) -> StackIdentity:
        """The stack that the request names, by name or ARN."""
        return await self.service.identify(self.caller, self.caller.project_id or "", self.needed("StackName"))

    async def template(self) -> str:
        """The template given, or the one at the address given."""
        body, url = self.params.get("TemplateBody"), self.params.get("TemplateURL") or self.params.get("TemplateUrl")
        if body:
            if (size := len(body.encode())) > self.max_template_size:
                raise errors.LimitExceeded(
                    f"The template is {size} bytes long; {self.max_template_size} are allowed (max_template_size)."
                )
            return body
        if not url:
            raise problems.Problem("MissingParameter", "Give the template as TemplateBody or TemplateURL.")
        return await fetch.fetch(url, self.fetch_rules, self.max_template_size)

    async def request(self, stack_name: str | None) -> StackRequest:
        """The body of a creation or an update."""
        return StackRequest(
            stack_name=stack_name,
            template=await self.template(),
            parameters=self._parameters(),
            timeout_mins=self._timeout(),
            disable_rollback=self._disable_rollback(),
        )

    def _parameters(self) -> dict[str, str]:
        parts: dict[str, dict[str, str]] = {}
        for name, value in self.params.items():
            if found := _MEMBER.fullmatch(name):
                parts.setdefault(found[1], {})[found[2]] = value
        return {one["Key"]: one["Value"] for one in parts.values() if one.keys() == {"Key", "Value"}}

    def _timeout(self) -> int | None:
        text = self.params.get("TimeoutInMinutes")
        if not text:
            return None
        if not text.isdecimal() or not 0 < int(text) < 2**31:
            raise problems.Problem("InvalidParameterValue", f"TimeoutInMinutes: {text!r} is not a number of minutes.")
        return int(text)

    def _disable_rollback(self) -> bool | None:
        disable, on_failure = self.params.get("DisableRollback"), self.params.get("OnFailure")
        if disable and on_failure:
            raise problems.Problem("InvalidParameterCombination", "Give DisableRollback or OnFailure, not both.")
        if on_failure:
            if on_failure not in _ON_FAILURE:
                raise problems.Problem(
                    "InvalidParameterValue", f"OnFailure: {on_failure!r} is none of {', '.join(_ON_FAILURE)}."
                )
            return _ON_FAILURE[on_failure]
        if disable and disable.lower() not in ("true", "false"):
            raise problems.Problem("InvalidParameterValue", f"DisableRollback: {disable!r} is neither true nor false.")
        return disable.lower() == "true" if disable else None


async def list_stacks(action: Action) -> Result:
    """The stacks of the project."""
    found = await action.service.list_stacks(action.caller, StackQuery())
    return {"StackSummaries": [_summary(one) for one in found]}


def _summary(stack: Mapping[str, Any]) -> Result:
    return _given(
        StackId=stack["identity"].arn(),
        StackName=stack["stack_name"],
        StackStatus=stack["stack_status"],
        StackStatusReason=stack["stack_status_reason"],
        CreationTime=_time(stack["creation_time"]),
        LastUpdatedTime=_time(stack["updated_time"]),
        DeletionTime=_time(stack["deletion_time"]),
    )


async def describe_stacks(action: Action) -> Result:
    """One stack, or all, with parameters and outputs."""
    if action.params.get("StackName"):
        found = [await action.stack()]
    else:
        found = [one["identity"] for one in await action.service.list_stacks(action.caller, StackQuery())]
    shown = [await action.service.show_stack(action.caller, one) for one in found]
    return {"Stacks": [_stack(one) for one in shown]}


def _stack(stack: Mapping[str, Any]) -> Result:
    outputs = [
        _given(
            OutputKey=one["output_key"],
            OutputValue=_text(one["output_value"]),
            Description=one["description"],
        )
        for one in stack.get("outputs", ())
    ]
    return _given(
        StackId=stack["identity"].arn(),
        StackName=stack["stack_name"],
        Description=stack["description"],
        StackStatus=stack["stack_status"],
        StackStatusReason=stack["stack_status_reason"],
        CreationTime=_time(stack["creation_time"]),
        LastUpdatedTime=_time(stack["updated_time"]),
        DisableRollback="true" if stack["disable_rollback"] else "false",
        TimeoutInMinutes=stack["timeout_mins"],
        Capabilities=[],
        NotificationARNs=[],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": _text(value)} for name, value in stack["parameters"].items()
        ],
        Outputs=outputs,
    )


async def create_stack(action: Action) -> Result:
    """Begin to make a stack."""
    request = await action.request(action.needed("StackName"))
    made = await action.service.create_stack(action.caller, action.caller.project_id or "", request)
    return {"StackId": made.arn()}


async def update_stack(action: Action) -> Result:
    """Begin to change a stack."""
    identity = await action.stack()
    await action.service.update_stack(action.caller, identity, await action.request(None), patch=False)
    return {"StackId": identity.arn()}


async def cancel_update_stack(action: Action) -> Result:
    """Begin to undo a running update."""
    await action.service.action(action.caller, await action.stack(), "cancel_update")
    return {}


async def delete_stack(action: Action) -> Result:
    """Begin to delete a stack."""
    await action.service.delete_stack(action.caller, await action.stack())
    return {}


async def get_template(action: Action) -> Result:
    """The template of a stack."""
    found = await action.service.template(action.caller, await action.stack())
    return {"TemplateBody": _text(found)}


async def validate_template(action: Action) -> Result | str:
    """What a template asks for. A wrong one is no error of the request: its problems are the result."""
    request = StackRequest(template=await action.template())
    try:
        found = await action.service.validate(action.caller, request)
    except errors.Invalid as invalid:
        return invalid.message
    return {
        "Description": found["Description"],
        "Parameters": [
            {
                "ParameterKey": name,
                "DefaultValue": _text(one.get("Default", "")),
                "Description": one.get("Description", ""),
                "NoEcho": one.get("NoEcho", "false"),
            }
            for name, one in found["Parameters"].items()
        ],
    }


async def estimate_template_cost(_action: Action) -> Result:
    """Where costs would be told: none are known."""
    return {"Url": _COSTS}


async def describe_stack_events(action: Action) -> Result:
    """Events of a stack, or of all."""
    if action.params.get("StackName"):
        stacks = [await action.stack()]
    else:
        stacks = [one["identity"] for one in await action.service.list_stacks(action.caller, StackQuery())]
    told = []
    for identity in stacks:
        types = {}
        for one in await action.service.list_resources(action.caller, identity):
            types[one["resource_name"]] = one["resource_type"]
        for event in await action.service.list_events(action.caller, identity):
            told.append(
                _given(
                    EventId=event["id"],
                    StackId=identity.arn(),
                    StackName=identity.name,
                    LogicalResourceId=event["resource_name"],
                    PhysicalResourceId=event["physical_resource_id"],
                    ResourceType=types.get(event["resource_name"], "OS::Heat::Stack"),
                    ResourceStatus=event["resource_status"],
                    ResourceStatusReason=event["resource_status_reason"],
                    Timestamp=_time(event["event_time"]),
                )
            )
    return {"StackEvents": told}


async def describe_stack_resource(action: Action) -> Result:
    """One resource with its metadata; a stack's own user sees the one it was made for."""
    identity, name = await action.stack(), action.needed("LogicalResourceId")
    # Asked first: this is what says whether the caller may see the resource at all.
    metadata = await action.service.resource_metadata(action.caller, identity, name)
    found = await action.service.show_resource(action.caller, identity, name)
    detail = _resource(identity, found) | {
        "LastUpdatedTimestamp": _time(found["updated_time"] or found["creation_time"]),
        "Metadata": _text(metadata),
    }
    return {"StackResourceDetail": detail}


async def describe_stack_resources(action: Action) -> Result:
    """Resources of a stack, which is given by its name or by the physical id of one of them."""
    physical_id = action.params.get("PhysicalResourceId")
    if physical_id and action.params.get("StackName"):
        raise problems.Problem("InvalidParameterCombination", "Give StackName or PhysicalResourceId, not both.")
    identity = (
        await action.service.identify_by_resource(action.caller, physical_id) if physical_id else await action.stack()
    )
    wanted = action.params.get("LogicalResourceId")
    found = await action.service.list_resources(action.caller, identity)
    return {
        "StackResources": [
            _resource(identity, one) | {"Timestamp": _time(one["updated_time"] or one["creation_time"])}
            for one in found
            if not wanted or one["resource_name"] == wanted
        ]
    }


async def list_stack_resources(action: Action) -> Result:
    """Resources of a stack, briefly."""
    identity = await action.stack()
    found = await action.service.list_resources(action.caller, identity)
    kept = ("LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus", "ResourceStatusReason")
    summaries = []
    for one in found:
        told = _resource(identity, one)
        brief = {key: told[key] for key in kept if key in told}
        summaries.append(brief | {"LastUpdatedTimestamp": _time(one["updated_time"] or one["creation_time"])})
    return {"StackResourceSummaries": summaries}


def _resource(identity: StackIdentity, one: Mapping[str, Any]) -> Result:
    return _given(
        StackId=identity.arn(),
        StackName=identity.name,
        LogicalResourceId=one["resource_name"],
        PhysicalResourceId=one["physical_resource_id"],
        ResourceType=one["resource_type"],
        ResourceStatus=one["resource_status"],
        ResourceStatusReason=one["resource_status_reason"],
        Description=one.get("description"),
    )


#: {name of the action: how it is done}; the policy rule is `cloudformation:<name>`.
ACTIONS: Mapping[str, Callable[[Action], Awaitable[Result | str]]] = {
    "ListStacks": list_stacks,
    "DescribeStacks": describe_stacks,
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "CancelUpdateStack": cancel_update_stack,
    "DeleteStack": delete_stack,
    "GetTemplate": get_template,
    "ValidateTemplate": validate_template,
    "EstimateTemplateCost": estimate_template_cost,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResource": describe_stack_resource,
    "DescribeStackResources": describe_stack_resources,
    "ListStackResources": list_stack_resources,
}


def _given(**fields: Any) -> Result:
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: Any) -> str:
    """A value as text: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _time(value: float | None) -> str | None:
    return None if value is None else timestamps.shown(value)
