"""Checking the form of what clients send: queries and bodies, before the engine looks inside.

Pure functions; each raises BadRequest naming the field, the value and what would be right.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import QueryParams

from hearth.engine import queries, requests, software
from hearth.model import errors
from hearth.model.waivers import Waiver

_MAX_TAG = 80
_MAX_NAME = 255
_MAX_PROJECT = 64
#: What an integer column of every database holds.
_MAX_NUMBER = 2**31 - 1

#: Filters of the stack list, besides the names of the answer's own fields.
STACK_FILTERS = (
    "id",
    "status",
    "name",
    "action",
    "tenant",
    "username",
    "owner_id",
    "stack_name",
    "stack_status",
    "stack_action",
    "stack_status_reason",
    "disable_rollback",
    "timeout_mins",
    "stack_owner",
    "parent",
    "stack_user_project_id",
)
STACK_SORT_KEYS = ("stack_name", "stack_status", "creation_time", "updated_time")
RESOURCE_FILTERS = ("type", "status", "name", "action", "id", "physical_resource_id")
EVENT_FILTERS = ("resource_status", "resource_action", "resource_name", "resource_type")
EVENT_SORT_KEYS = ("event_time", "resource_type")
#: From pause on they are Hearth's own.
ACTIONS = (
    "suspend",
    "resume",
    "check",
    "cancel_update",
    "cancel_without_rollback",
    "pause",
    "unpause",
    "protect",
    "unprotect",
    "lock",
    "unlock",
    "retry",
    "continue",
    "migrate",
)
_MAX_REASON = 1000

#: Decisions about drift that name what they are about, and those about all there is.
_DECISIONS = ("accept", "ignore", "revert", "undo")
_DECISIONS_FOR_ALL = ("accept_all", "revert_all")

#: The one error that validation can be told to overlook: a resource type whose service is absent.
_IGNORABLE = "99001"


def boolean(name: str, value: Any, default: bool = False) -> bool:
    """A JSON boolean, or the words true and false in any case; None is the default."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise errors.BadRequest(f'{name}: {value!r} is neither "true" nor "false".')


def whole(name: str, value: Any) -> int | None:
    """A whole number from 0 up, as a number or as text; None when not given."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < 20:
        number = int(value)
    else:
        raise errors.BadRequest(f"{name}: {value!r} is not a whole number.")
    if number < 0:
        raise errors.BadRequest(f"{name}: {number} is below 0, the least value.")
    if number > _MAX_NUMBER:
        raise errors.BadRequest(f"{name}: {number} is above {_MAX_NUMBER}, the greatest value.")
    return number


def one_of(name: str, value: str | None, allowed: Sequence[str]) -> str | None:
    """One of some words; None when not given."""
    if value is not None and value not in allowed:
        raise errors.BadRequest(f"{name}: {value!r} is none of {', '.join(allowed)}.")
    return value


def document(raw: bytes) -> dict[str, Any] | None:
    """The JSON object of a request body; None when there is none. A body that is no object counts as none."""
    text = raw.strip()
    if not text.startswith(b"{"):
        return None
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.BadRequest(f"The request body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise errors.BadRequest("The request body is nested too deeply.") from error
    assert isinstance(body, dict)
    return body


def stack_query(query: QueryParams) -> queries.StackQuery:
    """The query of a stack list; names that are not known are ignored."""
    return queries.StackQuery(
        limit=whole("limit", query.get("limit")),
        marker=query.get("marker"),
        sort_keys=tuple(key for key in query.getlist("sort_keys") if key in STACK_SORT_KEYS),
        sort_dir=one_of("sort_dir", query.get("sort_dir"), ("asc", "desc")),
        show_deleted=boolean("show_deleted", query.get("show_deleted")),
        show_nested=boolean("show_nested", query.get("show_nested")),
        show_hidden=boolean("show_hidden", query.get("show_hidden")),
        tags=_words(query, "tags"),
        tags_any=_words(query, "tags_any"),
        not_tags=_words(query, "not_tags"),
        not_tags_any=_words(query, "not_tags_any"),
        filters=filters(query, STACK_FILTERS),
        global_tenant=boolean("global_tenant", query.get("global_tenant")),
    )


def filters(query: QueryParams, known: Iterable[str]) -> dict[str, list[str]]:
    """The wanted values of each known filter that the query has."""
    return {name: values for name in known if (values := query.getlist(name))}


def only_known(query: QueryParams, known: Iterable[str]) -> None:
    """Raises BadRequest when the query holds other names."""
    allowed = sorted(known)
    unknown = sorted(set(query.keys()) - set(allowed))
    if unknown:
        raise errors.BadRequest(f"Unknown in the query: {', '.join(unknown)}. Known: {', '.join(allowed)}.")


def ignored_errors(value: str | None) -> tuple[str, ...]:
    """The codes of `ignore_errors`."""
    codes = tuple(code.strip() for code in (value or "").split(",") if code.strip())
    for code in codes:
        if code != _IGNORABLE:
            raise errors.BadRequest(f"ignore_errors: {code!r} is not a code that can be ignored; {_IGNORABLE} is.")
    return codes


def stack_request(body: Mapping[str, Any]) -> requests.StackRequest:
    """The body of create, update, preview and validate; names that are not known are ignored."""
    return requests.StackRequest(
        stack_name=_typed(body, "stack_name", str, "text"),
        template=_typed(body, "template", (str, dict), "an object or text") or None,
        template_url=_typed(body, "template_url", str, "a URL") or None,
        environment=_typed(body, "environment", (str, dict), "an object or text"),
        environment_files=_texts(body, "environment_files"),
        files=_files(body),
        files_container=_typed(body, "files_container", str, "text") or None,
        parameters=_typed(body, "parameters", dict, "an object") or {},
        # 0 means that the limit is the operator's.
        timeout_mins=whole("timeout_mins", body.get("timeout_mins")) or None,
        disable_rollback=_switch(body, "disable_rollback"),
        tags=_tags(body),
        adopt_stack_data=_adopted(body),
        clear_parameters=_texts(body, "clear_parameters") or (),
        converge=boolean("converge", body.get("converge")),
        existing=boolean("existing", body.get("existing")),
        drift=drift_request(_typed(body, "drift", dict, "an object") or {}),
        deletion_protection=_switch(body, "deletion_protection"),
        targets=tuple(_texts(body, "targets") or ()),
        excludes=tuple(_texts(body, "excludes") or ()),
    )


def new_stack_request(body: Mapping[str, Any]) -> requests.StackRequest:
    """The body of create and of its preview: name and template are needed."""
    request = stack_request(body)
    if request.stack_name is None:
        raise errors.BadRequest("stack_name is missing: give the new stack a name.")
    if request.drift:
        raise errors.BadRequest("drift: a new stack has none; leave it out.")
    if request.converge:
        raise errors.BadRequest("converge: only an update can compare with real resources; leave it out.")
    require_template(request)
    return request


def require_template(request: requests.StackRequest) -> None:
    """Raises BadRequest when no template is named in any way."""
    if request.template is None and request.template_url is None and request.adopt_stack_data is None:
        raise errors.BadRequest("No template: give one as template or template_url.")


def drift_request(body: Mapping[str, Any]) -> requests.DriftRequest:
    """Decisions about drift: a list of `{resource, property}` for each kind, and what is decided about all."""
    unknown = sorted(set(body) - {*_DECISIONS, *_DECISIONS_FOR_ALL})
    if unknown:
        known = ", ".join((*_DECISIONS, *_DECISIONS_FOR_ALL))
        raise errors.BadRequest(f"Unknown decisions about drift: {', '.join(unknown)}. Known: {known}.")
    accept, ignore, revert, undo = (_drift_targets(body, name) for name in _DECISIONS)
    accept_all, revert_all = (boolean(name, body.get(name)) for name in _DECISIONS_FOR_ALL)
    return requests.DriftRequest(accept, ignore, revert, undo, accept_all, revert_all)


def _drift_targets(body: Mapping[str, Any], name: str) -> tuple[requests.DriftTarget, ...]:
    given = _typed(body, name, list, "a list of objects") or []
    targets = []
    for index, one in enumerate(given):
        where = f"{name}[{index}]"
        if not isinstance(one, dict):
            raise errors.BadRequest(f"{where}: {_kind(one)} was given, an object with resource and property is needed.")
        unknown = sorted(set(one) - {"resource", "property"})
        if unknown:
            raise errors.BadRequest(f"{where}: unknown: {', '.join(unknown)}. Known: resource, property.")
        resource = _typed(one, "resource", str, "text")
        if not resource:
            raise errors.BadRequest(f"{where}: resource is missing: the name of a resource.")
        targets.append(requests.DriftTarget(resource, _typed(one, "property", str, "text") or None))
    return tuple(targets)


def action(body: Mapping[str, Any] | None) -> tuple[str, Any]:
    """The one action that the body of `actions` names, and what is given with it."""
    known = ", ".join(ACTIONS)
    if not body:
        raise errors.BadRequest(f"No action: name one of {known}.")
    if len(body) > 1:
        raise errors.BadRequest(f"Several actions ({', '.join(sorted(body))}): send one request for each.")
    ((name, given),) = body.items()
    if name not in ACTIONS:
        raise errors.BadRequest(f"{name!r} is not an action. Known: {known}.")
    return name, given


#: What each action takes that goes on with what failed.
_WAIVERS = {"retry": (), "continue": (Waiver.SKIP, Waiver.RETAIN, Waiver.FORCE)}


def waivers(action_name: str, given: Any) -> dict[Waiver, list[str]] | None:
    """What to leave undone from now on, by names of resources; None: the action is another."""
    if action_name not in _WAIVERS:
        return None
    if given is not None and not isinstance(given, Mapping):
        raise errors.BadRequest(f"{action_name}: {_kind(given)} was given, null or an object is needed.")
    body, known = given or {}, _WAIVERS[action_name]
    unknown = sorted(set(body) - set(known))
    if unknown:
        advice = f"Known: {', '.join(known)}." if known else "It takes nothing; `continue` does."
        raise errors.BadRequest(f"Unknown in {action_name}: {', '.join(unknown)}. {advice}")
    return {waiver: _texts(body, waiver) or [] for waiver in known}


def deletion_waivers(body: Mapping[str, Any]) -> tuple[dict[Waiver, list[str]], bool]:
    """What a planned deletion leaves undone, by names of resources; and whether all is forced (`force` true)."""
    force_all = body.get("force") is True
    named = {name: one for name, one in body.items() if not (name == "force" and isinstance(one, bool))}
    found = {waiver: _texts(named, waiver) or [] for waiver in (Waiver.RETAIN, Waiver.FORCE)}
    return {waiver: names for waiver, names in found.items() if names}, force_all


@dataclasses.dataclass(frozen=True, slots=True)
class HoldRequest:
    """What is given with the action that sets or lifts a hold."""

    reason: str = ""
    seconds: int | None = None
    force: bool = False


#: What each of these actions takes.
_HOLD_FIELDS = {
    "pause": ("reason",),
    "unpause": (),
    "protect": ("reason",),
    "unprotect": (),
    "lock": ("reason", "seconds", "force"),
    "unlock": ("force",),
}


def hold(action_name: str, given: Any) -> HoldRequest | None:
    """What is given with an action that sets or lifts a hold; None: the action is another."""
    fields = _HOLD_FIELDS.get(action_name)
    if fields is None:
        return None
    if given is not None and not isinstance(given, Mapping):
        raise errors.BadRequest(f"{action_name}: {_kind(given)} was given, null or an object is needed.")
    body = given or {}
    unknown = sorted(set(body) - set(fields))
    if unknown:
        known = f"Known: {', '.join(fields)}." if fields else "It takes nothing."
        raise errors.BadRequest(f"Unknown in {action_name}: {', '.join(unknown)}. {known}")
    reason = _typed(body, "reason", str, "text") or ""
    if len(reason) > _MAX_REASON:
        raise errors.BadRequest(f"reason: it has {len(reason)} characters; {_MAX_REASON} are allowed.")
    return HoldRequest(reason, whole("seconds", body.get("seconds")), boolean("force", body.get("force")))


def unhealthy(body: Mapping[str, Any] | None) -> tuple[bool, str]:
    """Mark and reason of a `mark_unhealthy` body."""
    body = body or {}
    unknown = sorted(set(body) - {"mark_unhealthy", "resource_status_reason"})
    if unknown:
        raise errors.BadRequest(
            f"Unknown in the body: {', '.join(unknown)}. Known: mark_unhealthy, resource_status_reason."
        )
    if body.get("mark_unhealthy") is None:
        raise errors.BadRequest("mark_unhealthy is missing: true or false.")
    reason = _typed(body, "resource_status_reason", str, "text") or ""
    return boolean("mark_unhealthy", body["mark_unhealthy"]), reason


def _typed(body: Mapping[str, Any], name: str, kinds: type | tuple[type, ...], wanted: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kinds):
        raise errors.BadRequest(f"{name}: {_kind(value)} was given, {wanted} is needed.")
    return value


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _texts(body: Mapping[str, Any], name: str) -> list[str] | None:
    values = _typed(body, name, list, "a list of texts")
    for index, value in enumerate(values or ()):
        if not isinstance(value, str):
            raise errors.BadRequest(f"{name}[{index}]: {_kind(value)} was given, text is needed.")
    return values  # type: ignore[no-any-return]


def _files(body: Mapping[str, Any]) -> dict[str, str]:
    files = _typed(body, "files", dict, "an object of names and texts") or {}
    for name, content in files.items():
        if not isinstance(content, str):
            raise errors.BadRequest(f"files[{name!r}]: {_kind(content)} was given, the text of the file is needed.")
    return files


def _switch(body: Mapping[str, Any], name: str) -> bool | None:
    value = body.get(name)
    return None if value is None else boolean(name, value)


def _tags(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    value = _typed(body, "tags", str, "text with commas between the tags")
    if value is None:
        return None
    tags = tuple(tag for tag in value.split(",") if tag)
    for tag in tags:
        if len(tag) > _MAX_TAG:
            raise errors.BadRequest(f"tags: {tag!r} has {len(tag)} characters; {_MAX_TAG} are allowed.")
    return tags


def snapshot_name(body: Mapping[str, Any]) -> str | None:
    """The name of a new snapshot, if it is given one."""
    return _short(body, "name")


def _adopted(body: Mapping[str, Any]) -> str | None:
    value = _typed(body, "adopt_stack_data", (str, dict), "the document of an abandoned stack")
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else value or None


def _words(query: QueryParams, name: str) -> tuple[str, ...]:
    return tuple(word for text in query.getlist(name) for word in text.split(",") if word)


# ---- software configs and deployments ----


def software_config(body: Mapping[str, Any]) -> software.NewConfig:
    """The body of a new config; names that are not known are ignored."""
    return software.NewConfig(
        name=_short(body, "name"),
        group=_short(body, "group"),
        config=_typed(body, "config", (str, dict), "text or an object"),
        inputs=_maps(body, "inputs"),
        outputs=_maps(body, "outputs"),
        options=_typed(body, "options", dict, "an object") or {},
    )


def software_deployment(body: Mapping[str, Any]) -> software.NewDeployment:
    """The body of a new deployment; names that are not known are ignored."""
    for name in ("config_id", "server_id"):
        if body.get(name) is None:
            raise errors.BadRequest(f"{name} is missing.")
    return software.NewDeployment(
        config_id=_short(body, "config_id") or "",
        server_id=_short(body, "server_id") or "",
        action=_short(body, "action"),
        status=_short(body, "status"),
        status_reason=_typed(body, "status_reason", str, "text"),
        input_values=_typed(body, "input_values", dict, "an object") or {},
        stack_user_project_id=_short(body, "stack_user_project_id", _MAX_PROJECT),
    )


def deployment_changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the body of a deployment's update changes: all that is known and not null."""
    given = {
        "config_id": _short(body, "config_id"),
        "action": _short(body, "action"),
        "status": _short(body, "status"),
        "status_reason": _typed(body, "status_reason", str, "text"),
        "input_values": _typed(body, "input_values", dict, "an object"),
        "output_values": _typed(body, "output_values", dict, "an object"),
    }
    return {name: value for name, value in given.items() if value is not None}


def _short(body: Mapping[str, Any], name: str, limit: int = _MAX_NAME) -> str | None:
    value: str | None = _typed(body, name, str, "text")
    if value is not None and len(value) > limit:
        raise errors.BadRequest(f"{name}: it has {len(value)} characters; {limit} are allowed.")
    return value


def _maps(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = _typed(body, name, list, "a list of objects") or []
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise errors.BadRequest(f"{name}[{index}]: {_kind(value)} was given, an object is needed.")
    return values
