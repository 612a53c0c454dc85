"""Reads `transport_url` as OpenStack's services write it: one broker, several nodes. Pure.

Spec: https://docs.openstack.org/oslo.messaging/latest/reference/transport.html
"""

import urllib.parse
from collections.abc import Sequence
from typing import Final

_SCHEMES: Final = {"rabbit": "amqp", "amqp": "amqp", "amqps": "amqps", "kombu": "amqp", "rabbit+tls": "amqps"}
#: What operators write for "no broker".
IN_MEMORY: Final = frozenset({"fake", "memory"})
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_PORTS: Final = {"amqp": 5672, "amqps": 5671}


class BadAddress(ValueError):
    """A transport URL cannot be used. The message never repeats it, as it holds a password."""


def is_in_memory(transport_url: str | None) -> bool:
    """Whether a transport URL stands for no broker at all."""
    return not transport_url or urllib.parse.urlsplit(transport_url).scheme in IN_MEMORY


def nodes(transport_url: str, *, tls: bool = False) -> Sequence[str]:
    """The AMQP addresses of a broker's nodes, to be tried in this order. `tls`: also if the URL does not say so.

    Raises:
        BadAddress: it has no host, an unknown scheme, or a port that is none.
    """
    scheme, _, rest = transport_url.partition("://")
    if scheme not in _SCHEMES or not rest:
        raise BadAddress("transport_url must have the form rabbit://USER:PASSWORD@HOST:5672[,USER:PASSWORD@HOST]/VHOST")
    hosts, _, path = rest.partition("/")
    path, _, query = path.partition("?")
    options = dict(urllib.parse.parse_qsl(query))
    kind = "amqps" if tls or options.get("ssl", "").lower() in _TRUE else _SCHEMES[scheme]
    # oslo.messaging takes "/vhost"; "//vhost" names one that begins with a slash; nothing stands for the default "/".
    vhost = urllib.parse.quote(urllib.parse.unquote(path) or "/", safe="")
    return [f"{kind}://{_host(one, kind)}/{vhost}" for one in hosts.split(",") if one]


def _host(given: str, kind: str) -> str:
    credentials, _, address = given.rpartition("@")
    split = urllib.parse.urlsplit(f"//{address}")
    try:
        host, port = split.hostname, split.port or _PORTS[kind]
    except ValueError:
        raise BadAddress("a host of transport_url has a port that is no number from 1 to 65535") from None
    if not host:
        raise BadAddress("transport_url names no host")
    shown = f"[{host}]" if ":" in host else host
    return f"{credentials or 'guest:guest'}@{shown}:{port}"
