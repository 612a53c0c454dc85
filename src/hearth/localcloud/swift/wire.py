"""How things look on the wire: dates, metadata headers in and out, and listings in their formats."""

import datetime
import email.utils
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from hearth.localcloud.core import errors
from hearth.localcloud.core.service import Call, Reply

LISTING_LIMIT = 10_000


def http_date(moment: float) -> str:
    """A time for Last-Modified: the next whole second, as Swift rounds it."""
    return email.utils.formatdate(-(-moment // 1), usegmt=True)


def iso_date(moment: float) -> str:
    """A time for listings."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def changed_metadata(call: Call, kind: str, old: Mapping[str, str]) -> dict[str, str]:
    """The metadata after a request. `kind`: "account", "container". Empty values and X-Remove-... take entries away."""
    result = dict(old)
    for name, value in call.headers.items():
        key = name.lower()
        if key.startswith(f"x-{kind}-meta-"):
            entry = _title(key.removeprefix(f"x-{kind}-meta-"))
            if value:
                result[entry] = value
            else:
                result.pop(entry, None)
        elif key.startswith(f"x-remove-{kind}-meta-"):
            result.pop(_title(key.removeprefix(f"x-remove-{kind}-meta-")), None)
    check_metadata(result)
    return result


def object_metadata(call: Call) -> dict[str, str]:
    """The metadata that a request gives to an object."""
    prefix = "x-object-meta-"
    found = {
        _title(name.lower().removeprefix(prefix)): value
        for name, value in call.headers.items()
        if name.lower().startswith(prefix) and value
    }
    check_metadata(found)
    return found


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raises ApiError 400 beyond Swift's limits."""
    if len(metadata) > 90:
        raise errors.ApiError(400, f"Too many metadata items; max {90}")
    for name, value in metadata.items():
        if len(name) > 128:
            raise errors.ApiError(400, f"Metadata name too long: {name[:40]}...; max 128")
        if len(value) > 256:
            raise errors.ApiError(400, f"Metadata value longer than 256: {name}")


def metadata_headers(kind: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as headers of an answer."""
    return {f"X-{kind}-Meta-{name}": value for name, value in metadata.items()}


def _title(name: str) -> str:
    return name.title()


def listing(
    call: Call,
    names: Iterable[tuple[str, Any]],
    entry: Callable[[Any], dict[str, Any]],
    headers: dict[str, str],
    *,
    root: tuple[str, str],
    element: str,
) -> Reply:
    """One page of names in the format asked for: plain, JSON or XML. `root`: tag and name of the XML document."""
    chosen = _chosen(call, names)
    kind = _format(call)
    if kind == "json":
        body = [entry(item) if item is not None else {"subdir": name} for name, item in chosen]
        return Reply(200, msgspec.json.encode(body), {**headers, "Content-Type": "application/json; charset=utf-8"})
    headers = {**headers, "Vary": "Accept"}
    if kind == "xml":
        text = "".join(_element(name, entry(item) if item is not None else None, element) for name, item in chosen)
        document = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root[0]} name={quoteattr(root[1])}>{text}</{root[0]}>'
        return Reply(200, document.encode(), {**headers, "Content-Type": "application/xml; charset=utf-8"})
    headers["Content-Type"] = "text/plain; charset=utf-8"
    if not chosen:
        return Reply(204, None, headers)
    return Reply(200, "".join(f"{name}\n" for name, _ in chosen).encode(), headers)


def _element(name: str, fields: dict[str, Any] | None, element: str) -> str:
    if fields is None:
        return f"<subdir name={quoteattr(name)}><name>{escape(name)}</name></subdir>"
    inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
    return f"<{element}>{inner}</{element}>"


def _format(call: Call) -> str:
    wanted = call.query.get("format")
    if wanted in ("json", "xml", "plain"):
        return wanted
    accept = call.headers.get("accept", "")
    if "application/json" in accept:
        return "json"
    return "xml" if "application/xml" in accept or "text/xml" in accept else "plain"


def _chosen(call: Call, names: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    query = call.query
    text = query.get("limit")
    limit = int(text) if text and text.isdigit() else LISTING_LIMIT
    if limit > LISTING_LIMIT:
        raise errors.ApiError(412, f"Maximum limit is {LISTING_LIMIT}")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    marker, end = query.get("marker", ""), query.get("end_marker", "")
    if "path" in query:
        prefix, delimiter = query["path"].rstrip("/") + "/" if query["path"] else "", "/"
    reverse = query.get("reverse", "").lower() in ("true", "1", "yes", "on")
    result: dict[str, Any] = {}
    for name, item in sorted(names, key=lambda pair: pair[0], reverse=reverse):
        if not name.startswith(prefix):
            continue
        shown, value = name, item
        if delimiter:
            cut = name.find(delimiter, len(prefix))
            if cut >= 0:
                shown, value = name[: cut + len(delimiter)], None
        if marker and (shown >= marker if reverse else shown <= marker):
            continue
        if end and (shown <= end if reverse else shown >= end):
            continue
        if "path" in query and value is None:
            continue
        if shown not in result:
            if len(result) == limit:
                break
            result[shown] = value
    return list(result.items())
