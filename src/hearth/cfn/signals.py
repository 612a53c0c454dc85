"""Signals by signed URL: `PUT /v1/waitcondition/{arn}` and `POST /v1/signal/{arn}`.

The signature covers method, path and host, so a URL is good for one kind of signal to one resource; the engine
refuses a stack's user anything but the resource it was made for.
"""

from typing import Any

import msgspec
from starlette.responses import Response

from hearth.cfn import answers, problems
from hearth.cfn.request import CfnRequest
from hearth.cloud import tokens
from hearth.engine import service as services
from hearth.model import names

_RESOURCE = "/resources/"


async def wait_condition(
    service: services.StackService, caller: tokens.Caller, request: CfnRequest, arn: str
) -> Response:
    """Note a signal for wait conditions; done when it is answered."""
    identity, name = _named(arn)
    body = _body(request)
    await service.signal(caller, identity, name, body)
    if request.wants_json:
        metadata = await service.resource_metadata(caller, identity, name)
        return Response(msgspec.json.encode({"resource": name, "metadata": metadata}), media_type="application/json")
    return answers.answer("resource", name, as_json=False)


async def signal(service: services.StackService, caller: tokens.Caller, request: CfnRequest, arn: str) -> Response:
    """Pass a signal to a resource."""
    identity, name = _named(arn)
    await service.signal(caller, identity, name, _body(request))
    return Response(media_type="text/html")


def _named(arn: str) -> tuple[names.StackIdentity, str]:
    """The stack and the resource that an ARN names."""
    found = names.StackIdentity.from_arn(arn)
    if found is None or not found.path.startswith(_RESOURCE):
        raise problems.Problem("InvalidParameterValue", f"{arn!r} is not the ARN of a resource.")
    return names.StackIdentity(found.tenant, found.name, found.id), found.path.removeprefix(_RESOURCE)


def _body(request: CfnRequest) -> Any:
    """The JSON that was sent, whatever its type is said to be: curl calls it a form. None: there is none."""
    if not request.body.strip():
        return None
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problems.Problem("InvalidParameterValue", f"The body is not valid JSON: {error}.") from error
