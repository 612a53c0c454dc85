"""What a service was asked and what it answered, for the log; nothing secret is in it.

`transport` tells it of the services whose `[clients_*] http_log_debug` is set. What is secret is known by its name: a
field, header or part of a query. Bodies that are no JSON, and what Swift keeps for others, are told by their length.
"""

import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from hearth.cloud import catalog

MASK = "***"
#: Longer texts are cut: a list of everything may have megabytes.
_LONGEST = 20_000
#: Part of the name of a field, header or part of a query whose value is secret.
_SECRET = re.compile(
    r"(?i)pass(word|wd|phrase)?$|password|admin_?pass|secret(?!_ref)|token|private_?key|api_?key|url-key|signature"
    r"|temp_url_sig|user_?data|authorization|cookie|^(psk|sig|auth|blob|payload|personality)$"
)
#: Fields that hold what users wrote: hidden parameters and all that is made of them may be in it.
_OF_USERS = frozenset(
    [
        "parameters",
        "environment",
        "files",
        "template",
        "config",
        "inputs",
        "input",
        "input_values",
        "params",
        "body",
        "output",
        "output_values",
        "outputs",
        "definition",
    ]
)
_IN_TEXT = re.compile(
    r"(?i)([?&](?:[\w.-]*(?:signature|token|secret|password|accesskeyid)[\w.-]*|temp_url_sig)=)[^&#\s\"]*"
)
_log = logging.getLogger(__name__)


def wanted() -> bool:
    """Whether anybody reads it."""
    return _log.isEnabledFor(logging.DEBUG)


def asked(service: str, method: str, url: str, headers: Mapping[str, str], body: Any) -> None:
    """A request that is about to be sent. `body`: its bytes or text, None, or anything else that is sent in parts."""
    _log.debug("asks %s: %s %s %s %s", service, method, _text(url), _headers(headers), _body(service, body, headers))


def answered(service: str, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """The answer to it, whatever its status."""
    told = _body(service, body, headers)
    _log.debug("%s answers %s to %s %s: %s %s", service, status, method, _text(url), _headers(headers), told)


def _headers(headers: Mapping[str, str]) -> str:
    return _encoded({name: MASK if _SECRET.search(name) else _text(value) for name, value in headers.items()})


def _body(service: str, body: Any, headers: Mapping[str, str]) -> str:
    if body is None or body == b"":
        return "without a body"
    if not isinstance(body, (bytes, str)):
        return "with a body of unknown length"
    if "json" in headers.get("Content-Type", "") and catalog.official(service) != "object-store":
        # What is no JSON after all is told by its length, as other forms are.
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            text = _encoded(_masked(msgspec.json.decode(body)))
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"with a body of {len(body)} bytes"


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if one and (name in _OF_USERS or _SECRET.search(name)) else _masked(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    """A text without the signatures and tokens of URLs in it."""
    return _IN_TEXT.sub(rf"\1{MASK}", value) if "=" in value else value


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()
