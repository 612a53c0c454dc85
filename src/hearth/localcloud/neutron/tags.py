"""Tags of any taggable resource: list, replace, add, test, remove."""

from typing import Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.neutron import refusals, resource

_LIMIT = 255


def routes(kind: resource.Resource) -> list[service.Route]:
    """The tag routes of one kind of resource."""
    found = []
    for path in (kind.path, *kind.tag_paths):
        base = path + "/{id}/tags"
        found += [
            service.Route("GET", base, lambda call: {"tags": sorted(_document(kind, call, False)["tags"])}),
            service.Route("PUT", base, lambda call: _set(kind, call, _given(call))),
            service.Route("POST", base, lambda call: _add(kind, call)),
            service.Route("DELETE", base, lambda call: _clear(kind, call)),
            service.Route("GET", base + "/{tag}", lambda call: _show(kind, call)),
            service.Route("PUT", base + "/{tag}", lambda call: _put(kind, call)),
            service.Route("DELETE", base + "/{tag}", lambda call: _delete(kind, call)),
        ]
    return found


def checked(tags: Any) -> list[str]:
    """Tags as given, without repetitions. Raises ApiError 400."""
    if not isinstance(tags, list):
        raise refusals.invalid(f"tags: {tags!r} is not a list.")
    for tag in tags:
        if not isinstance(tag, str) or not 0 < len(tag) <= _LIMIT:
            raise refusals.invalid(f"tags: {tag!r} is not a text of 1 to {_LIMIT} characters.")
    return list(dict.fromkeys(tags))


def _document(kind: resource.Resource, call: service.Call, change: bool = True) -> state.Document:
    return kind.action(call) if change else kind.find(call, call.params["id"])


def _given(call: service.Call) -> list[str]:
    if not isinstance(call.body, dict) or "tags" not in call.body:
        raise refusals.invalid("The body must be an object with a list 'tags'.")
    return checked(call.body["tags"])


def _set(kind: resource.Resource, call: service.Call, tags: list[str]) -> Any:
    document = _document(kind, call)
    kind.touch(document["id"], tags=tags)
    return {"tags": tags}


def _add(kind: resource.Resource, call: service.Call) -> Any:
    document = _document(kind, call)
    return _set(kind, call, list(dict.fromkeys([*document["tags"], *_given(call)])))


def _clear(kind: resource.Resource, call: service.Call) -> Any:
    _set(kind, call, [])
    return service.Reply(204)


def _show(kind: resource.Resource, call: service.Call) -> Any:
    _present(_document(kind, call, False), call.params["tag"])
    return service.Reply(204)


def _put(kind: resource.Resource, call: service.Call) -> Any:
    tag = checked([call.params["tag"]])[0]
    document = _document(kind, call)
    if tag not in document["tags"]:
        kind.touch(document["id"], tags=[*document["tags"], tag])
    return service.Reply(201)


def _delete(kind: resource.Resource, call: service.Call) -> Any:
    document = _document(kind, call)
    tag = _present(document, call.params["tag"])
    kind.touch(document["id"], tags=[each for each in document["tags"] if each != tag])
    return service.Reply(204)


def _present(document: state.Document, tag: str) -> str:
    if tag not in document["tags"]:
        raise errors.ApiError(404, f"Tag {tag} could not be found.", kind="TagNotFound")
    return tag
