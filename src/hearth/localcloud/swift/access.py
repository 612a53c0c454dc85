"""May this request do this? Tokens of the account's project, access lists of containers, and signed URLs.

Spec: https://docs.openstack.org/swift/latest/overview_acl.html and
https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html
"""

import base64
import datetime
import hmac
import re
import time

from hearth.localcloud.core import errors, state
from hearth.localcloud.core.service import Call, Identity

OPERATOR_ROLES = frozenset({"admin", "member", "heat_stack_owner"})
#: A URL signed for one of these may also be asked by HEAD.
_IMPLY_HEAD = ("GET", "PUT", "POST")


def check(
    call: Call, account: state.Document, container: state.Document | None, *, write: bool, listing: bool = False
) -> None:
    """Let the request through, or raise ApiError 401 or 403. `container`: None for the account itself."""
    if "temp_url_sig" in call.query:
        _check_signature(call, account, container)
        return
    text = call.headers.get("x-auth-token") or call.headers.get("x-storage-token")
    identity = call.cloud.authenticate(text) if text else None
    if identity is not None and operates(identity, account["id"]):
        return
    if container is not None and _listed(call, container, identity, write=write, listing=listing):
        return
    if identity is None:
        raise errors.ApiError(
            401,
            "This server could not verify that you are authorized to access the document you requested.",
            headers={"WWW-Authenticate": f'Swift realm="{account["id"]}"'},
        )
    raise errors.ApiError(403, "Access was denied to this resource.")


def operates(identity: Identity, account: str) -> bool:
    """Is this an operator of the account?"""
    return account == f"AUTH_{identity.project_id}" and not OPERATOR_ROLES.isdisjoint(identity.roles)


def _listed(call: Call, container: state.Document, identity: Identity | None, *, write: bool, listing: bool) -> bool:
    text = container["headers"].get("X-Container-Write" if write else "X-Container-Read", "")
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if identity is not None:
        projects = {identity.project_id, "*"}
        users = {identity.user_id, identity.user_name, "*"}
        for entry in entries:
            project, separator, user = entry.partition(":")
            if separator and not entry.startswith(".") and project in projects and user in users:
                return True
            if entry in identity.roles:
                return True
    if write or (listing and ".rlistings" not in entries):
        return False
    return _referred(call.headers.get("referer", ""), entries)


def _referred(referer: str, entries: list[str]) -> bool:
    allowed = False
    host = re.sub(r"^[a-z]+://(?:[^/@]*@)?([^/:]+).*$", r"\1", referer)
    for entry in entries:
        kind, _, pattern = entry.partition(":")
        if kind not in (".r", ".ref", ".referer", ".referrer"):
            continue
        denied, pattern = pattern.startswith("-"), pattern.removeprefix("-")
        if (
            pattern == "*"
            or pattern == host
            or (pattern.startswith((".", "*.")) and host.endswith(pattern.lstrip("*")))
        ):
            allowed = not denied
    return allowed


def _check_signature(call: Call, account: state.Document, container: state.Document | None) -> None:
    query = call.query
    refused = errors.ApiError(401, "Temp URL invalid", headers={"WWW-Authenticate": f'Swift realm="{account["id"]}"'})
    expires = _moment(query.get("temp_url_expires", ""))
    # Signed by somebody else's clock: real time counts.
    if expires is None or expires < time.time() or container is None:
        raise refused
    path = call.path
    prefix = query.get("temp_url_prefix")
    if prefix is not None:
        start = "/".join(path.split("/")[:4]) + "/" + prefix
        if not path.startswith(start):
            raise refused
        path = start
    stores = (account["metadata"], container["metadata"])
    keys = [store[name] for store in stores for name in ("Temp-Url-Key", "Temp-Url-Key-2") if store.get(name)]
    algorithm, signature = _signature(query["temp_url_sig"])
    methods = ("HEAD", *_IMPLY_HEAD) if call.method == "HEAD" else (call.method,)
    for key in keys:
        for method in methods:
            # Clients sign the path with or without the place where the service is mounted.
            for place in (path, call.service.prefix + path):
                signed = f"prefix:{place}" if prefix is not None else place
                text = f"{method}\n{int(expires)}\n{signed}"
                if hmac.compare_digest(hmac.digest(key.encode(), text.encode(), algorithm), signature):
                    return
    raise refused


def _signature(text: str) -> tuple[str, bytes]:
    name, separator, encoded = text.partition(":")
    try:
        if separator and name in ("sha1", "sha256", "sha512"):
            padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
            return name, base64.b64decode(padded)
        return {40: "sha1", 64: "sha256", 128: "sha512"}.get(len(text), "sha256"), bytes.fromhex(text)
    except ValueError:
        return "sha256", b""


def _moment(text: str) -> float | None:
    if text.isdigit():
        return float(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()
