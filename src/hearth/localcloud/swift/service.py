"""The object store: accounts, containers and objects over HTTP. Spec: https://docs.openstack.org/api-ref/object-store/

Every route is open to all in the dispatcher; access.py decides, since signed URLs and public containers need no token.
"""

import html
import mimetypes
import re
import time
from typing import Any
from urllib.parse import unquote

from hearth.localcloud.core import cloud, errors, ids, state
from hearth.localcloud.core.service import Call, Reply, Route, Service
from hearth.localcloud.swift import access, shelves, wire

MAX_OBJECT = 5 * 1024**3 + 2
_POLICY = "Policy-0"
#: Container headers that are kept and given back.
_CONTAINER_HEADERS = (
    "X-Container-Read",
    "X-Container-Write",
    "X-Versions-Location",
    "X-History-Location",
    "X-Container-Sync-Key",
    "X-Container-Sync-To",
)
#: Object headers that are kept and given back.
_OBJECT_HEADERS = ("Content-Encoding", "Content-Disposition", "Content-Language", "Cache-Control", "Expires")
_ACCEPTED = b"<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>"
_HTML = {"Content-Type": "text/html; charset=UTF-8"}
_MESSAGES = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    409: "There was a conflict when trying to complete your request.",
}


class Swift(Service):
    """Swift v1 at /object-store."""

    name = "swift"
    service_type = "object-store"
    prefix = "/object-store"
    catalog_path = "/object-store/v1/AUTH_%(project_id)s"
    own_401 = True
    request_id_headers = ("X-Trans-Id",)

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.shelves = shelves.Shelves(owner)

    def routes(self) -> list[Route]:
        account, container = "/v1/{account}", "/v1/{account}/{container}"
        item = container + "/{object:path}"
        return [
            Route("GET", "/info", self.info, public=True),
            Route("GET", "/healthcheck", lambda call: Reply(200, "OK"), public=True),
            Route("GET", account, self.show_account, public=True),
            Route("POST", account, self.change_account, public=True),
            Route("GET", container, self.show_container, public=True),
            Route("PUT", container, self.put_container, public=True),
            Route("POST", container, self.change_container, public=True),
            Route("DELETE", container, self.delete_container, public=True),
            Route("GET", item, self.get_object, public=True),
            Route("PUT", item, self.put_object, public=True, stream=True),
            Route("POST", item, self.change_object, public=True),
            Route("COPY", item, self.copy_object, public=True),
            Route("DELETE", item, self.delete_object, public=True),
        ]

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        title = errors.TITLES.get(error.status, "Error")
        return f"<html><h1>{title}</h1><p>{html.escape(error.message)}</p></html>"

    def new_request_id(self) -> str:
        return f"tx{ids.new_hex()[:21]}-{int(time.time()):010x}"

    # -- accounts ----------------------------------------------------------------------------------------------------

    def _account(self, call: Call, *, write: bool) -> state.Document:
        id = call.params["account"]
        found = self.shelves.accounts.get(id) or {"id": id, "metadata": {}}
        access.check(call, found, None, write=write)
        return self.shelves.account(id)

    def show_account(self, call: Call) -> Any:
        """What is in an account."""
        account = self._account(call, write=False)
        containers = self.shelves.containers.select(account=account["id"])
        counts = {
            "Container-Count": len(containers),
            "Object-Count": sum(each["count"] for each in containers),
            "Bytes-Used": sum(each["bytes"] for each in containers),
        }
        headers = {f"X-Account-{name}": str(count) for name, count in counts.items()}
        headers["X-Timestamp"] = f"{account['created']:.5f}"
        if containers:
            policy = f"X-Account-Storage-Policy-{_POLICY}-"
            headers.update({policy + name: str(count) for name, count in counts.items()})
        headers.update(wire.metadata_headers("Account", account["metadata"]))
        headers.update({"Accept-Ranges": "bytes", "X-Account-Project-Domain-Id": "default"})
        if call.method == "HEAD":
            return Reply(204, None, {"Content-Type": "text/plain; charset=utf-8", **headers})
        return wire.listing(
            call,
            [(each["name"], each) for each in containers],
            _container_entry,
            headers,
            root=("account", account["id"]),
            element="container",
        )

    def change_account(self, call: Call) -> Any:
        """Set an account's metadata."""
        account = self._account(call, write=True)
        self.shelves.accounts.update(
            account["id"], metadata=wire.changed_metadata(call, "account", account["metadata"])
        )
        return Reply(204, None, dict(_HTML))

    # -- containers --------------------------------------------------------------------------------------------------

    def _container(self, call: Call, *, write: bool, listing: bool = False) -> state.Document:
        """The container, for somebody who may do this to it. A stranger is not told whether it exists."""
        account = self.shelves.accounts.get(call.params["account"]) or {"id": call.params["account"], "metadata": {}}
        found = self.shelves.containers.get(f"{account['id']}/{call.params['container']}")
        access.check(call, account, found, write=write, listing=listing)
        return self.shelves.container(account["id"], call.params["container"])

    def show_container(self, call: Call) -> Any:
        """What is in a container."""
        container = self._container(call, write=False, listing=True)
        headers = {
            "X-Container-Object-Count": str(container["count"]),
            "X-Container-Bytes-Used": str(container["bytes"]),
            "X-Timestamp": f"{container['created']:.5f}",
            **wire.metadata_headers("Container", container["metadata"]),
            **container["headers"],
            "Last-Modified": wire.http_date(container["modified"]),
            "Accept-Ranges": "bytes",
            "X-Storage-Policy": _POLICY,
        }
        if call.method == "HEAD":
            return Reply(204, None, {"Content-Type": "text/plain; charset=utf-8", **headers})
        return wire.listing(
            call,
            [(each["name"], each) for each in self.shelves.objects_of(container)],
            _object_entry,
            headers,
            root=("container", container["name"]),
            element="object",
        )

    def put_container(self, call: Call) -> Any:
        """Make a container, or set what is given on the one there is."""
        account = self._account(call, write=True)
        name = call.params["container"]
        if len(name.encode()) > 256:
            raise errors.ApiError(400, f"Container name length of {len(name.encode())} longer than 256")
        found = self.shelves.containers.get(f"{account['id']}/{name}")
        container = found or self.shelves.add_container(account["id"], name)
        self._set_container(call, container)
        return Reply(202, _ACCEPTED, dict(_HTML)) if found else Reply(201, None, dict(_HTML))

    def change_container(self, call: Call) -> Any:
        """Set a container's metadata and access lists."""
        self._set_container(call, self._owned_container(call))
        return Reply(204, None, dict(_HTML))

    def _owned_container(self, call: Call) -> state.Document:
        """The container, for operators of its account: access lists give objects away, not the container."""
        account = self._account(call, write=True)
        return self.shelves.container(account["id"], call.params["container"])

    def _set_container(self, call: Call, container: state.Document) -> None:
        kept = dict(container["headers"])
        for name in _CONTAINER_HEADERS:
            value = call.headers.get(name)
            if call.headers.get(name.replace("X-", "X-Remove-", 1)) or value == "":
                kept.pop(name, None)
            elif value is not None:
                kept[name] = unquote(value) if name.endswith("-Location") else value
        if "X-Versions-Location" in kept and "X-History-Location" in kept:
            raise errors.ApiError(400, "Only one of X-Versions-Location and X-History-Location may be specified")
        metadata = wire.changed_metadata(call, "container", container["metadata"])
        self.shelves.containers.update(container["id"], headers=kept, metadata=metadata, modified=self.shelves.now())

    def delete_container(self, call: Call) -> Any:
        """Remove an empty container."""
        container = self._owned_container(call)
        if self.shelves.objects_of(container):
            raise errors.ApiError(409, _MESSAGES[409])
        for expired in self.shelves.objects.select(container=container["id"]):
            self.shelves.remove_object(expired)
        self.shelves.containers.delete(container["id"])
        return Reply(204, None, dict(_HTML))

    # -- objects -----------------------------------------------------------------------------------------------------

    def get_object(self, call: Call) -> Any:
        """An object's body, or a part of it."""
        container = self._container(call, write=False)
        found = self.shelves.object(container, call.params["object"])
        headers = _object_headers(found)
        if "temp_url_sig" in call.query:
            name = call.query.get("filename") or found["name"].rstrip("/").rpartition("/")[2]
            kind = "inline" if "inline" in call.query else "attachment"
            headers.setdefault("Content-Disposition", f'{kind}; filename="{name}"')
        etag = found["etag"]
        unless, only = call.headers.get("if-none-match"), call.headers.get("if-match")
        if only is not None and only != "*" and etag not in _etags(only):
            raise errors.ApiError(412, "A precondition for this request was not met.")
        if unless is not None and (unless == "*" or etag in _etags(unless)):
            return Reply(304, None, headers)
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("range", ""))
        if part is None or not (part[1] or part[2]):
            if call.method == "HEAD":
                return Reply(200, None, {**headers, "Content-Length": str(found["size"])})
            return self.shelves.data.reply(found["blob"], 0, found["size"], status=200, headers=headers)
        start, end = _range(part[1], part[2], found["size"])
        if start > end:
            headers["Content-Range"] = f"bytes */{found['size']}"
            raise errors.ApiError(416, "The Range requested is not available.", headers={**headers, **_HTML})
        headers["Content-Range"] = f"bytes {start}-{end}/{found['size']}"
        return self.shelves.data.reply(found["blob"], start, end - start + 1, status=206, headers=headers)

    async def put_object(self, call: Call) -> Any:
        """Store an object: the body sent, or a copy of another (X-Copy-From)."""
        name = call.params["object"]
        if len(name.encode()) > 1024:
            raise errors.ApiError(400, f"Object name length of {len(name.encode())} longer than 1024")
        if "x-copy-from" in call.headers:
            with self.cloud.state.transaction():
                return self._copy(call, call.headers["x-copy-from"], f"{call.params['container']}/{name}")
        container = self._container(call, write=True)
        existing = self.shelves.find_object(container, name)
        if call.headers.get("if-none-match") == "*" and existing is not None:
            raise errors.ApiError(412, "A precondition for this request was not met.")
        fields = self._given(call, name)
        blob = ids.new_hex()
        digest = await self.shelves.data.receive(blob, call.chunks(), MAX_OBJECT)
        expected = call.headers.get("etag", "").strip('"')
        if expected and expected != digest.md5:
            self.shelves.data.delete(blob)
            raise errors.ApiError(422, "Unable to process the contained instructions")
        with self.cloud.state.transaction():
            container = self.shelves.container(call.params["account"], call.params["container"])
            stored = self.shelves.put_object(container, name, size=digest.size, etag=digest.md5, blob=blob, **fields)
        return Reply(201, None, {**_HTML, "Etag": stored["etag"], "Last-Modified": wire.http_date(stored["modified"])})

    def _given(self, call: Call, name: str) -> dict[str, Any]:
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kind = call.headers.get("content-type")
        # What curl sends by itself says nothing about the object; Swift keeps it, and so do we.
        return {
            "content_type": kind or guessed,
            "metadata": wire.object_metadata(call),
            "headers": _kept(call),
            "delete_at": self._delete_at(call),
        }

    def _delete_at(self, call: Call) -> float | None:
        after, at = call.headers.get("x-delete-after"), call.headers.get("x-delete-at")
        for name, value in (("X-Delete-After", after), ("X-Delete-At", at)):
            if value is not None and not value.isdigit():
                raise errors.ApiError(400, f"Non-integer {name}")
        if after is not None:
            return float(int(self.cloud.clock.now()) + int(after))
        if at is not None and float(at) <= self.cloud.clock.now():
            raise errors.ApiError(400, "X-Delete-At in past")
        return float(at) if at is not None else None

    def change_object(self, call: Call) -> Any:
        """Set an object's metadata anew."""
        container = self._container(call, write=True)
        found = self.shelves.object(container, call.params["object"])
        self.shelves.objects.update(
            found["id"],
            metadata=wire.object_metadata(call),
            headers={**found["headers"], **_kept(call)},
            content_type=call.headers.get("content-type") or found["content_type"],
            delete_at=self._delete_at(call),
            modified=self.shelves.now(),
        )
        return Reply(202, _ACCEPTED, dict(_HTML))

    def copy_object(self, call: Call) -> Any:
        """Copy an object to Destination."""
        target = call.headers.get("destination")
        if not target:
            raise errors.ApiError(412, "Destination header required")
        return self._copy(call, f"{call.params['container']}/{call.params['object']}", target)

    def _copy(self, call: Call, source: str, target: str) -> Reply:
        source_container, source_name = _place(source)
        target_container, target_name = _place(target)
        params = call.params
        call.params = {**params, "container": source_container}
        found = self.shelves.object(self._container(call, write=False), source_name)
        call.params = {**params, "container": target_container}
        container = self._container(call, write=True)
        fresh = call.headers.get("x-fresh-metadata", "").lower() in ("true", "1", "yes")
        metadata = {**({} if fresh else found["metadata"]), **wire.object_metadata(call)}
        changes: dict[str, Any] = {"metadata": metadata, "headers": {**found["headers"], **_kept(call)}}
        kind = call.headers.get("content-type")
        if kind and kind != "application/x-www-form-urlencoded":
            changes["content_type"] = kind
        made = self.shelves.copy_object(found, container, target_name, **changes)
        headers = {
            **_HTML,
            "Etag": made["etag"],
            "Last-Modified": wire.http_date(made["modified"]),
            "X-Copied-From-Account": params["account"],
            "X-Copied-From": f"{source_container}/{source_name}",
            "X-Copied-From-Last-Modified": wire.http_date(found["modified"]),
            **wire.metadata_headers("Object", metadata),
        }
        return Reply(201, None, headers)

    def delete_object(self, call: Call) -> Any:
        """Remove an object."""
        container = self._container(call, write=True)
        self.shelves.delete_object(container, self.shelves.object(container, call.params["object"]))
        return Reply(204, None, dict(_HTML))

    # -- what clients ask first --------------------------------------------------------------------------------------

    def info(self, call: Call) -> Any:
        """What this Swift can do, and its limits."""
        digests = ["sha1", "sha256", "sha512"]
        return {
            "swift": {
                "version": "2.38.0",
                "policies": [{"name": _POLICY, "aliases": _POLICY, "default": True}],
                "account_autocreate": True,
                "max_file_size": MAX_OBJECT,
                "max_meta_name_length": 128,
                "max_meta_value_length": 256,
                "max_meta_count": 90,
                "max_meta_overall_size": 4096,
                "max_object_name_length": 1024,
                "max_container_name_length": 256,
                "max_account_name_length": 256,
                "container_listing_limit": wire.LISTING_LIMIT,
                "account_listing_limit": wire.LISTING_LIMIT,
            },
            "tempurl": {"methods": ["GET", "HEAD", "PUT", "POST", "DELETE"], "allowed_digests": digests},
            "versioned_writes": {"allowed_flags": ["x-versions-location", "x-history-location"]},
        }


def _container_entry(container: state.Document) -> dict[str, Any]:
    return {
        "name": container["name"],
        "count": container["count"],
        "bytes": container["bytes"],
        "last_modified": wire.iso_date(container["modified"]),
        "storage_policy": _POLICY,
    }


def _object_entry(found: state.Document) -> dict[str, Any]:
    return {
        "bytes": found["size"],
        "hash": found["etag"],
        "name": found["name"],
        "content_type": found["content_type"],
        "last_modified": wire.iso_date(found["modified"]),
    }


def _object_headers(found: state.Document) -> dict[str, str]:
    headers = {
        "Content-Type": found["content_type"],
        **wire.metadata_headers("Object", found["metadata"]),
        **found["headers"],
        "Etag": found["etag"],
        "Last-Modified": wire.http_date(found["modified"]),
        "X-Timestamp": f"{found['modified']:.5f}",
        "Accept-Ranges": "bytes",
    }
    if found["delete_at"] is not None:
        headers["X-Delete-At"] = str(int(found["delete_at"]))
    return headers


def _kept(call: Call) -> dict[str, str]:
    return {name: call.headers[name] for name in _OBJECT_HEADERS if call.headers.get(name)}


def _etags(text: str) -> list[str]:
    return [each.strip().strip('"') for each in text.split(",")]


def _range(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte of a Range; the first is beyond the last when there is no such part."""
    if not first:
        return (max(size - int(last), 0), size - 1) if int(last) else (1, 0)
    return int(first), min(int(last) if last else size - 1, size - 1)


def _place(text: str) -> tuple[str, str]:
    container, separator, name = unquote(text).lstrip("/").partition("/")
    if not separator or not container or not name:
        raise errors.ApiError(412, f"{text!r} must be of the form <container name>/<object name>")
    return container, name
