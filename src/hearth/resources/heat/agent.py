"""How an agent in a server learns what is deployed to it: the ways, and what has to be there for each.

The agent (os-collect-config) reads the metadata of the server's resource: from the CloudFormation API with a key pair,
from the orchestration API with a password, from an object behind a signed URL, or from a queue. The metadata itself
says which, under the key `os-collect-config`, so an agent that is told of another way goes over to it by itself. For
that the old way stays open until the server goes: what was made for it is kept, and told everything too.

The server knows its credentials from its first start, and nobody can read them out of it. They are chosen before
anything is made (`intend`), so that a process that dies in between leaves no server with credentials nobody knows.

Used by the types that are servers; which deployments there are is put together by the engine, see `Resource.tell`.

Spec: https://docs.openstack.org/heat/latest/template_guide/software_deployment.html
"""

import contextlib
import hmac
import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from hearth.cloud import errors
from hearth.resources import failures
from hearth.resources.contract import AccessKey, Call, Change, Permanent, StackUser
from hearth.resources.heat import queues, stack_user
from hearth.resources.schema import Property

CFN: Final = "POLL_SERVER_CFN"
HEAT: Final = "POLL_SERVER_HEAT"
TEMP_URL: Final = "POLL_TEMP_URL"
ZAQAR: Final = "ZAQAR_MESSAGE"
TRANSPORTS: Final = (CFN, HEAT, TEMP_URL, ZAQAR)

#: Keys of metadata that agents read.
DEPLOYMENTS: Final = "deployments"
SETTINGS: Final = "os-collect-config"
#: The properties that say how the agent is told.
TRANSPORT: Final = "software_config_transport"
SWIFT_DATA: Final = "deployment_swift_data"
#: The attribute that shows what the agent is told of itself.
ATTRIBUTE: Final = "os_collect_config"

#: Keys of private data: what the agent was told of itself last, as JSON; the objects it reads, as JSON, the present one
#: last; the key their URLs are signed with; the queue.
_TOLD, _OBJECTS, _URL_KEY, _QUEUE = "agent_settings", "agent_objects", "agent_url_key", "agent_queue"
#: Those whose values are secrets.
SECRETS: Final = (stack_user.PASSWORD, stack_user.SECRET, _TOLD, _URL_KEY)

_COLLECTORS = "collectors"
_STORE = "object-store"
_API = "cloudformation"
_KEY_HEADER = "X-Container-Meta-Temp-Url-Key"
_OWNER_HEADER = "X-Object-Meta-Hearth-Resource"
_EXPIRES = 2**31 - 1  # the last second that every implementation understands


def transport_property() -> Property:
    """The property `software_config_transport` of servers."""
    return Property(
        str,
        "How the server learns of its software configuration.",
        default=CFN,
        option="default_software_config_transport",
        updatable=True,
        wire=None,
        live=None,
        allowed=TRANSPORTS,
    )


def swift_property() -> Property:
    """The property `deployment_swift_data` of servers."""
    return Property(
        dict,
        "Where in the object store its configuration is put.",
        default={},
        updatable=True,
        wire=None,
        live=None,
        since="9.0.0",
        fields={
            "container": Property(str, "Name of the container.", length=(1, None)),
            "object": Property(str, "Name of the object.", length=(1, None)),
        },
    )


def metadata(own: Any, deployments: Iterable[Mapping[str, Any]], call: Call) -> dict[str, Any]:
    """What the agent reads: the metadata of the template, the deployments, and how it gets at them."""
    return {**(own or {}), DEPLOYMENTS: list(deployments), **settings(call)}


def settings(call: Call) -> dict[str, Any]:
    """What the agent is told of itself, under its key; nothing before there was anything to tell."""
    told = call.data.get(_TOLD)
    return {SETTINGS: json.loads(told)} if told is not None else {}


def is_changed(change: Change) -> bool:
    """Whether an update leads the agent elsewhere."""
    return TRANSPORT in change.properties or SWIFT_DATA in change.properties


# ---- before and while the server is made ----


def intend(call: Call) -> None:
    """Choose the secrets that the present transport needs. A repeat changes nothing."""
    data, transport = call.data, call.properties[TRANSPORT]
    if transport == TEMP_URL:
        data.setdefault(_URL_KEY, secrets.token_hex(32))
        here = _place(call)
        data[_OBJECTS] = json.dumps([one for one in _places(call) if one != here] + [here])
        return
    data.setdefault(stack_user.PASSWORD, stack_user.new_password())
    if transport == CFN:
        data.setdefault(stack_user.ACCESS, uuid.uuid4().hex)
        data.setdefault(stack_user.SECRET, secrets.token_hex(32))
    elif transport == ZAQAR:
        data[_QUEUE] = call.physical_name


async def prepare(call: Call, *, collectors: Iterable[str]) -> None:
    """Make what the present transport needs, and note what the agent is told of it. May be repeated.

    `collectors`: the agent's sources, one of them the place holder `{}` for that of the transport.
    """
    intend(call)
    name, section = await _SECTIONS[call.properties[TRANSPORT]](call)
    former = settings(call).get(SETTINGS, {})
    # Values of former ways are taken back, so that what the server was started with does not go on to count.
    closed: dict[str, Any] = {one: dict.fromkeys(values) for one, values in former.items() if one != _COLLECTORS}
    told = {_COLLECTORS: [one.format(name) for one in collectors], **closed, name: section}
    call.data[_TOLD] = json.dumps(told)


async def _cfn(call: Call) -> tuple[str, dict[str, Any]]:
    user = await _user(call)
    pair = AccessKey(call.data[stack_user.ACCESS], call.data[stack_user.SECRET])
    with failures.sorted_out(creating=True):
        await stack_user.users_of(call).key(user.id, pair)
    return "cfn", {
        "metadata_url": metadata_url(call),
        "access_key_id": pair.access,
        "secret_access_key": pair.secret,
        "stack_name": call.stack.name,
        "path": f"{call.name}.Metadata",
    }


async def _heat(call: Call) -> tuple[str, dict[str, Any]]:
    user = await _user(call)
    return "heat", {
        **_credentials(call, user),
        "stack_id": f"{call.stack.name}/{call.stack.id}",
        "resource_name": call.name,
        "region_name": call.cloud.region or "",
    }


async def _zaqar(call: Call) -> tuple[str, dict[str, Any]]:
    user = await _user(call)
    queue = await queues.create(call)
    return "zaqar", {**_credentials(call, user), "queue_id": queue, "region_name": call.cloud.region or ""}


async def _temp_url(call: Call) -> tuple[str, dict[str, Any]]:
    place = _places(call)[-1]
    key = await _container(call, place["container"])
    return "request", {"metadata_url": _signed(call, place, key)}


_SECTIONS = {CFN: _cfn, HEAT: _heat, TEMP_URL: _temp_url, ZAQAR: _zaqar}


def _credentials(call: Call, user: StackUser) -> dict[str, Any]:
    return {
        "user_id": user.id,
        "password": call.data[stack_user.PASSWORD],
        "auth_url": user.auth_url,
        "project_id": user.project_id,
    }


async def _user(call: Call) -> StackUser:
    with failures.sorted_out(creating=True):
        user = await stack_user.users_of(call).create(call.physical_name, call.data[stack_user.PASSWORD])
    call.data[stack_user.USER] = user.id
    return user


def metadata_url(call: Call) -> str:
    """The CloudFormation API as servers reach it.

    Raises:
        Permanent: there is none.
    """
    try:
        return call.cloud.endpoint_for_servers(_API).rstrip("/") + "/"
    except errors.NoService as error:
        raise Permanent(
            f"its agent cannot ask for its configuration: {error.message}; set heat_metadata_server_url, or "
            f"{TRANSPORT} to another than {CFN}",
            kind="NoService",
        ) from error


# ---- objects ----


def _place(call: Call) -> dict[str, str]:
    given = call.properties.get(SWIFT_DATA) or {}
    return {
        "container": given.get("container") or call.physical_name,
        "object": given.get("object") or call.resource_id,
    }


def _places(call: Call) -> list[dict[str, str]]:
    places: list[dict[str, str]] = json.loads(call.data.get(_OBJECTS, "[]"))
    return places


async def _container(call: Call, name: str) -> str:
    """Make a container; the key that signs URLs into it. One that others use as well keeps its key."""
    path, key = f"/{quote(name, '')}", call.data[_URL_KEY]
    with failures.sorted_out(creating=True):
        if name != call.physical_name:
            with contextlib.suppress(errors.NotFound):
                headers = (await call.cloud.head(_STORE, path)).headers
                key = {one.lower(): value for one, value in headers.items()}.get(_KEY_HEADER.lower()) or key
        await call.cloud.put(_STORE, path, headers={_KEY_HEADER: key})
    return key


def _signed(call: Call, place: Mapping[str, str], key: str) -> str:
    parts = urlsplit(f"{call.cloud.endpoint(_STORE)}{_path(place)}")
    text = f"GET\n{_EXPIRES}\n{unquote(parts.path)}"
    signature = hmac.digest(key.encode(), text.encode(), "sha256").hex()
    return f"{parts.scheme}://{parts.netloc}{parts.path}?temp_url_sig={signature}&temp_url_expires={_EXPIRES}"


def _path(place: Mapping[str, str]) -> str:
    return f"/{quote(place['container'], '')}/{quote(place['object'])}"


# ---- afterwards ----


async def tell(call: Call, told: Mapping[str, Any]) -> None:
    """Put what the agent is to read wherever it may look for it. The APIs show it by themselves."""
    for place in _places(call):
        with failures.sorted_out(creating=True):
            await call.cloud.put(
                _STORE,
                _path(place),
                data=json.dumps(told).encode(),
                headers={"Content-Type": "application/json", _OWNER_HEADER: call.resource_id},
            )
    if _QUEUE in call.data:
        await queues.post(call, told)


async def look(call: Call) -> None:
    """Make sure that what the agent reads is there. Raises Gone."""
    if places := _places(call):
        with failures.sorted_out():
            await call.cloud.head(_STORE, _path(places[-1]))
    if _QUEUE in call.data:
        await queues.look(call)


async def remove(call: Call) -> None:
    """Remove everything that was made for the agent. What is gone is no error."""
    for place in _places(call):
        await _remove_object(call, place)
    if call.users is None or stack_user.PASSWORD not in call.data:
        return
    with failures.sorted_out():
        user_id = call.data.get(stack_user.USER) or await call.users.find(call.physical_name)
    if user_id is None:
        return
    if _QUEUE in call.data:
        call.data[stack_user.USER] = user_id
        await queues.delete(call)
    with failures.sorted_out():
        await call.users.delete(user_id)


async def _remove_object(call: Call, place: Mapping[str, str]) -> None:
    container = f"/{quote(place['container'], '')}"
    with failures.sorted_out():
        with contextlib.suppress(errors.NotFound):
            headers = (await call.cloud.head(_STORE, _path(place))).headers
            owner = {one.lower(): value for one, value in headers.items()}.get(_OWNER_HEADER.lower())
            if owner not in (None, call.resource_id):
                return  # it is of the server that took this one's place
            await call.cloud.delete(_STORE, _path(place))
        # The container goes with the last object in it, whoever put that there.
        with contextlib.suppress(errors.NotFound, errors.Conflict):
            await call.cloud.delete(_STORE, container)
