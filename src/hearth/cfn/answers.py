"""Answers in XML, or in JSON where the request asks for it. Pure functions.

A map becomes elements of its keys, a list `<member>` elements, anything else its text, nothing an empty element.
"""

import http
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from starlette.responses import Response

from hearth.cfn import problems


def answer(root: str, content: Any, *, as_json: bool, status: int = 200) -> Response:
    """A document with one root element."""
    if as_json:
        return Response(msgspec.json.encode({root: content}), status, media_type="application/json")
    return Response("".join(_element(root, content)), status, media_type="application/xml")


def problem(error: problems.Problem, *, as_json: bool) -> Response:
    """An error."""
    told = {"Type": error.fault, "Code": error.code, "Message": error.message}
    response = answer("ErrorResponse", {"Error": told}, as_json=as_json, status=error.status)
    if error.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = problems.RETRY_AFTER
    return response


def _element(name: str, content: Any) -> Iterator[str]:
    yield f"<{name}>"
    match content:
        case None:
            pass
        case Mapping():
            for key, value in content.items():
                yield from _element(str(key), value)
        case str():
            yield escape(_clean(content))
        case Sequence():
            for value in content:
                yield from _element("member", value)
        case _:
            yield escape(str(content))
    yield f"</{name}>"


def _clean(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return "".join(one for one in text if one in "\t\n\r" or (ord(one) >= 32 and one not in "\ufffe\uffff"))
