"""What did a cloud answer? Turns each step's exit status, output and HTTP exchanges into something two clouds share.

Ids, times, addresses and counts differ from cloud to cloud; field names, types of values, statuses and states must
not. `Recorder` listens to every HTTP exchange of this process; `compare` tells how two recordings differ.
It drives nothing itself (see conformance_stage.py).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

#: Fields whose values are the same everywhere, in any spelling of the commands or the wire.
STABLE = frozenset(
    (
        "status",
        "name",
        "vm_state",
        "task_state",
        "power_state",
        "os-ext-sts:vm_state",
        "os-ext-sts:task_state",
        "os-ext-sts:power_state",
        "disk_format",
        "container_format",
        "visibility",
        "protected",
        "min_disk",
        "min_ram",
        "is_public",
        "bootable",
        "encrypted",
        "multiattach",
        "size",
        "volume_size",
        "admin_state_up",
        "is_admin_state_up",
        "enabled",
        "shared",
        "external",
        "router:external",
        "ip_version",
        "cidr",
        "enable_dhcp",
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "stateful",
        "device_owner",
        "port_security_enabled",
        "locked",
        "config_drive",
        "os-dcf:diskconfig",
        "attach_mode",
        "attach_status",
        "policy",
        "policies",
        "ram",
        "vcpus",
        "disk",
        "swap",
        "is_incremental",
        "has_dependent_snapshots",
        "object_type",
        "action",
        "consumes_quota",
        "code",
        "segmentation_type",
        "segmentation_id",
        "default_prefixlen",
        "min_prefixlen",
        "max_prefixlen",
        "is_default",
        "impersonation",
        "unrestricted",
        "progress",
        "accessipv4",
        "accessipv6",
        "replication_status",
        "os-extended-snapshot-attributes:progress",
        "object_count",
        "fail_reason",
    )
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,64}")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|fa:16:3e:.*")
#: A path of the version documents, which each cloud lays out in its own way.
_VERSION_DOCUMENT = re.compile(r"/?(v[\d.]+/?)?")
#: Headers of the connection, of one answer, or of the server in front of the service.
_IGNORED_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "transfer-encoding",
        "x-trans-id",
        "x-openstack-request-id",
        "x-compute-request-id",
        "content-type",
        "vary",
    )
)

Shape = Any


def masked(text: str) -> str:
    """The text with every id in it replaced."""
    return _ID.sub("ID", text)


def shape(value: Any, key: str = "") -> Shape:
    """Field names and types of a JSON value, and the value itself where the field's values are stable."""
    if isinstance(value, dict):
        return {masked(str(name)): shape(each, str(name)) for name, each in sorted(value.items())}
    if isinstance(value, list):
        # Objects of a list differ in number only: one shape stands for all.
        merged = None
        for each in value:
            merged = shape(each) if merged is None else _merge(merged, shape(each))
        return [] if merged is None else [merged]
    kind = "null" if value is None else type(value).__name__
    is_stable = key.lower().replace(" ", "_") in STABLE
    if is_stable and value is not None and not _ID.search(str(value)) and not _ADDRESS.fullmatch(str(value)):
        return f"{kind} {value}"
    return kind


def _merge(one: Shape, other: Shape) -> Shape:
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            name: _merge(one[name], other[name]) if name in one and name in other else one.get(name, other.get(name))
            for name in sorted({*one, *other})
        }
    if isinstance(one, list) and isinstance(other, list):
        return [_merge(one[0], other[0])] if one and other else one or other
    if one == other:
        return one
    kinds = {kind for each in (one, other) for kind in (_kind(each)).split("|")}
    return "|".join(sorted(kinds))


def _kind(leaf: Shape) -> str:
    return leaf.split(" ")[0] if isinstance(leaf, str) else type(leaf).__name__


class Recorder:
    """Listens to the HTTP exchanges of this process, and keeps what each step answered."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {}
        self._exchanges: dict[str, dict[str, Any]] = {}
        self._endpoints: dict[str, str] = {}
        self._masks: set[str] = set()
        self._listen()

    def know(self, endpoints: Mapping[str, str]) -> None:
        """Tell the services' endpoints: {"compute": url}."""
        self._endpoints = {url.rstrip("/"): name for name, url in endpoints.items()}

    def mask(self, text: str) -> None:
        """Replace this text, an address that the cloud chose, in names of steps and paths."""
        self._masks.add(text)

    def _masked(self, text: str) -> str:
        for each in self._masks:
            text = text.replace(each, "ADDRESS")
        return masked(text)

    def _listen(self) -> None:
        send = requests.adapters.HTTPAdapter.send

        def listening(adapter: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            answer = send(adapter, request, **options)
            self._keep(request, answer)
            return answer

        requests.adapters.HTTPAdapter.send = listening  # type: ignore[assignment, method-assign]

    def _keep(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        where = self._where(str(request.url))
        if where is None:
            return
        asked = f"{request.method} {where}"
        if asked == "POST identity /auth/tokens" and answer.status_code == 201 and not self._keeps_tokens:
            return
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        # The last answer of a poll counts: how many there were before is a matter of time.
        self._exchanges[asked] = {
            "status": answer.status_code,
            "type": answer.headers.get("content-type", "").split(";")[0] if answer.content else "",
            "headers": sorted({name.lower() for name in answer.headers} - _IGNORED_HEADERS),
            **({"body": shape(answer.json())} if is_json and answer.content else {}),
        }

    def _where(self, url: str) -> str | None:
        """ "compute /servers/ID?name" for a URL below a known endpoint, else None."""
        parts = urlsplit(url)
        bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
        for endpoint in sorted(self._endpoints, key=len, reverse=True):
            if bare == endpoint or bare.startswith(endpoint + "/"):
                path = bare.removeprefix(endpoint)
                if _VERSION_DOCUMENT.fullmatch(path):
                    return None
                query = "&".join(sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))
                return self._masked(f"{self._endpoints[endpoint]} {path}{'?' + query if query else ''}")
        return None

    _keeps_tokens = False

    def begin(self, *, tokens: bool = False) -> None:
        """A step begins; `tokens`: keep how it got its token, too."""
        self._exchanges = {}
        self._keeps_tokens = tokens

    def end(self, name: str, **outcome: Any) -> None:
        """A step ended with this outcome."""
        name = self._masked(name)
        unique, number = name, 1
        while unique in self.steps:
            number += 1
            unique = f"{name} #{number}"
        self.steps[unique] = {**outcome, "http": self._exchanges}
        # What the script asks between two steps belongs to neither.
        self._exchanges = {}


def compare(recorded: Mapping[str, Any], answered: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """What differs between two recordings of a service: (step, where in it, recorded, answered), both as JSON.

    Of an exchange whose status differs, nothing else is told.
    """
    for step in sorted({*recorded, *answered}):
        if step not in recorded or step not in answered:
            yield step, "step", _presence(step in recorded), _presence(step in answered)
            continue
        one, other = (
            {name: value for name, value in each[step].items() if name != "http"} for each in (recorded, answered)
        )
        yield from _differences(step, "", one, other)
        one, other = recorded[step]["http"], answered[step]["http"]
        for request in sorted({*one, *other}):
            if request not in one or request not in other:
                yield step, request, _presence(request in one), _presence(request in other)
            elif one[request]["status"] != other[request]["status"]:
                yield step, f"{request} > status", str(one[request]["status"]), str(other[request]["status"])
            else:
                yield from _differences(step, request, one[request], other[request])


def _presence(is_there: bool) -> str:
    return "there" if is_there else "absent"


def _differences(step: str, at: str, recorded: Shape, answered: Shape) -> Iterator[tuple[str, str, str, str]]:
    one, other = dict(_flatten(recorded, at)), dict(_flatten(answered, at))
    for where in sorted({*one, *other}):
        if one.get(where) != other.get(where):
            yield step, where, one.get(where, "absent"), other.get(where, "absent")


def _flatten(value: Shape, at: str) -> Iterator[tuple[str, str]]:
    """Every leaf with the way to it: ("GET compute /servers > body > servers > [] > id", "str")."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _flatten(each, f"{at} > {name}" if at else name)
    elif isinstance(value, list) and value and not isinstance(value[0], str):
        yield from _flatten(value[0], f"{at} > []")
    else:
        yield at, json.dumps(value)
