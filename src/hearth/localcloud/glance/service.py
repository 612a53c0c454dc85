"""The image service: routes of API v2 over images.py, lists with their filters, members, and what clients ask first."""

import html
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from hearth.localcloud.core import cloud, collection, errors, state
from hearth.localcloud.core.service import Call, Identity, Reply, Route, Service
from hearth.localcloud.glance import images, schema

_CONTROL = frozenset(
    {"limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "tag", "size_min", "size_max", "os_hidden"}
)
_DEFAULT_LIMIT, _MAX_LIMIT = 25, 1000
_NEWEST_VERSION = 18
#: Name -> bytes of the images of a fresh cloud.
_SEEDED = {
    "cirros": b"cirros, a disk of the embedded cloud\n",
    "cirros-0.3.5": b"cirros 0.3.5, a disk of the embedded cloud\n",
}


class Glance(Service):
    """Glance v2 at /image."""

    name = "glance"
    service_type = "image"
    prefix = "/image"
    catalog_path = "/image"
    own_401 = True

    def __init__(self, owner: cloud.Cloud) -> None:
        super().__init__(owner)
        self.images = images.Images(owner)

    def routes(self) -> list[Route]:
        image = "/v2/images/{id}"
        return [
            Route("GET", "/", self.versions, public=True),
            Route("GET", "/versions", self.all_versions, public=True),
            Route("GET", "/v2/images", self.listing),
            Route("POST", "/v2/images", self.create),
            Route("GET", image, self.show),
            Route("PATCH", image, self.patch),
            Route("DELETE", image, self.delete),
            Route("GET", image + "/file", self.download),
            Route("PUT", image + "/file", self.upload, stream=True),
            Route("PUT", image + "/stage", self.stage, stream=True),
            Route("POST", image + "/import", self.start_import),
            Route("POST", image + "/actions/deactivate", self.deactivate),
            Route("POST", image + "/actions/reactivate", self.reactivate),
            Route("PUT", image + "/tags/{tag}", self.add_tag),
            Route("DELETE", image + "/tags/{tag}", self.remove_tag),
            Route("GET", image + "/members", self.list_members),
            Route("POST", image + "/members", self.add_member),
            Route("GET", image + "/members/{member}", self.show_member),
            Route("PUT", image + "/members/{member}", self.answer_member),
            Route("DELETE", image + "/members/{member}", self.remove_member),
            Route("GET", "/v2/info/import", self.import_methods),
            Route("GET", "/v2/info/stores", self.stores),
            Route("GET", "/v2/schemas/image", lambda call: schema.IMAGE),
            Route("GET", "/v2/schemas/images", lambda call: schema.collection("images", schema.IMAGE)),
            Route("GET", "/v2/schemas/member", lambda call: schema.MEMBER),
            Route("GET", "/v2/schemas/members", lambda call: schema.collection("members", schema.MEMBER)),
            Route("GET", "/v2/tasks", self.tasks),
            Route("GET", image + "/tasks", self.image_tasks),
        ]

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        """JSON for those who accept nothing else, HTML for the rest."""
        title = f"{error.status} {errors.TITLES.get(error.status, 'Error')}"
        if "application/json" in call.headers.get("accept", ""):
            reason = errors.TITLES.get(error.status, "Error")
            return {"message": f"{html.escape(error.message)}<br /><br />\n\n\n", "code": title, "title": reason}
        return (
            f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n"
            f"  {html.escape(error.message)}<br /><br />\n\n\n\n </body>\n</html>"
        )

    def seed(self) -> None:
        for image in self.images.table.select(status="saving"):
            # Its upload ended with the process that took it.
            self.images.table.update(image["id"], status="queued")
        keystone = self.cloud.state.table("keystone.projects").select(name="admin", domain_id="default")
        owner = keystone[0]["id"] if keystone else ""
        for name, content in _SEEDED.items():
            if not self.images.table.select(name=name, visibility="public"):
                self._seed_image(name, owner, content)

    def _seed_image(self, name: str, owner: str, content: bytes) -> None:
        identity = Identity("", "", "admin", "default", "Default", project_id=owner, is_admin=True)
        formats = {"disk_format": "qcow2", "container_format": "bare"}
        self.images.store(identity, {"name": name, "visibility": "public", **formats}, content)

    # -- images ------------------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Any:
        """Register an image."""
        if not isinstance(call.body, dict):
            raise errors.ApiError(400, "Expected a JSON object as the request body.")
        image = self.images.create(call.identity, call.body)
        headers = {
            "Location": self.url(f"/v2/images/{image['id']}"),
            "OpenStack-image-import-methods": "glance-direct,web-download",
            "OpenStack-image-store-ids": "file",
        }
        return Reply(201, images.shown(image), headers)

    def show(self, call: Call) -> Any:
        """One image."""
        return images.shown(self.images.find(call.identity, call.params["id"]))

    def patch(self, call: Call) -> Any:
        """Change an image."""
        kind = call.headers.get("content-type", "")
        if not re.fullmatch(r"application/openstack-images-v2\.[01]-json-patch", kind.partition(";")[0].strip()):
            raise errors.ApiError(
                415,
                f"Content type {kind!r} is not supported; send application/openstack-images-v2.1-json-patch.",
                headers={
                    "Accept-Patch": "application/openstack-images-v2.0-json-patch, "
                    "application/openstack-images-v2.1-json-patch"
                },
            )
        return images.shown(self.images.patch(call.identity, call.params["id"], call.body))

    def delete(self, call: Call) -> Any:
        """Remove an image."""
        self.images.delete(call.identity, call.params["id"])
        return Reply(204)

    def listing(self, call: Call) -> Any:
        """Images the caller sees and asks for, newest first, in pages."""
        found = [image for image in self._candidates(call) if self._listed(call, image)]
        keys, directions = _order(call)
        ordered = collection.list_sorted(found, keys, directions)
        start = 0
        marker = call.query.get("marker")
        if marker:
            place = next((n for n, image in enumerate(ordered) if image["id"] == marker), None)
            if place is None:
                raise errors.ApiError(400, f"Image {marker} could not be found.")
            start = place + 1
        page = ordered[start : start + _limit(call)]
        params = [(name, value) for name, value in call.query.multi_items() if name != "marker"]
        first = "/v2/images" + (f"?{urlencode(params)}" if params else "")
        body = {"images": [images.shown(image) for image in page], "first": first, "schema": "/v2/schemas/images"}
        if page and start + len(page) < len(ordered):
            body["next"] = f"/v2/images?{urlencode([*params, ('marker', page[-1]['id'])])}"
        return body

    def _candidates(self, call: Call) -> Iterable[state.Document]:
        name = call.query.get("name")
        if name and not re.match(r"(in|eq|neq):", name):
            found = self.images.table.select(name=name)
        else:
            found = self.images.table.select()
        return [self.images.current(image) for image in found]

    def _listed(self, call: Call, image: state.Document) -> bool:
        query, identity = call.query, call.identity
        wanted = query.get("visibility")
        if wanted not in (None, "all", *schema.VISIBILITIES):
            raise errors.ApiError(400, f"Invalid visibility value: {wanted}")
        hidden = query.get("os_hidden", "false").lower() in ("true", "1")
        if image["os_hidden"] != hidden or not self._in_list(call, image, wanted):
            return False
        if not set(query.getlist("tag")) <= set(image["tags"]):
            return False
        if "size_min" in query and (image["size"] or 0) < _number(query["size_min"], "size_min"):
            return False
        if "size_max" in query and (image["size"] or 0) > _number(query["size_max"], "size_max"):
            return False
        if wanted and wanted != "all" and image["visibility"] != wanted:
            return False
        if "owner" in query and not identity.is_admin and query["owner"] != image["owner"]:
            return False
        return all(
            _matches(image.get(name), value)
            for name, value in query.multi_items()
            if name not in _CONTROL and name != "visibility"
        )

    def _in_list(self, call: Call, image: state.Document, wanted: str | None) -> bool:
        """Is the image one that lists show the caller: own, public, or shared and accepted?"""
        identity = call.identity
        if identity.sees(image["owner"]) or image["visibility"] == "public":
            return True
        if image["visibility"] == "community":
            return wanted in ("community", "all")
        member = self.images.members.get(f"{image['id']}:{identity.project_id}")
        if member is None or image["visibility"] != "shared":
            return False
        status = call.query.get("member_status", "accepted")
        return status in ("all", member["status"])

    # -- data --------------------------------------------------------------------------------------------------------

    def download(self, call: Call) -> Any:
        """The data, or a part of it by Range."""
        image = self.images.find(call.identity, call.params["id"])
        if image["status"] == "deactivated" and not call.identity.is_admin:
            raise errors.ApiError(403, "The requested image has been deactivated. Image data download is forbidden.")
        if image["status"] not in ("active", "deactivated"):
            return Reply(204)
        headers = {"Content-Type": "application/octet-stream", "Content-MD5": image["checksum"]}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("range", ""))
        if part is None:
            return self._data(image, 0, image["size"], 200, headers)
        start, end = int(part[1]), min(int(part[2] or image["size"]), image["size"] - 1)
        if start > end:
            raise errors.ApiError(416, f"Range {call.headers['range']} is outside of {image['size']} bytes.")
        headers["Content-Range"] = f"bytes {start}-{end}/{image['size']}"
        del headers["Content-MD5"]
        return self._data(image, start, end - start + 1, 206, headers)

    def _data(self, image: state.Document, start: int, length: int, status: int, headers: dict[str, str]) -> Reply:
        try:
            return self.images.data.reply(image["id"], start, length, status=status, headers=headers)
        except KeyError:
            # A snapshot or a volume's copy that nobody gave a body.
            return Reply(204)

    async def upload(self, call: Call) -> Any:
        """Take the data."""
        self._check_binary(call)
        with self.cloud.state.transaction():
            image = self.images.check_upload(call.identity, call.params["id"], "saving")
            self.images.table.update(image["id"], status="saving")
        try:
            digest = await self.images.data.receive(image["id"], call.chunks())
        except BaseException:
            with self.cloud.state.transaction():
                if image["id"] in self.images.table:
                    self.images.table.update(image["id"], status="queued")
            raise
        with self.cloud.state.transaction():
            if image["id"] not in self.images.table:
                self.images.data.delete(image["id"])
                raise errors.ApiError(410, f"Image {image['id']} was deleted while its data was sent.")
            self.images.filled(image, digest)
        return Reply(204)

    async def stage(self, call: Call) -> Any:
        """Take data that an import by glance-direct will use."""
        self._check_binary(call)
        with self.cloud.state.transaction():
            image = self.images.check_upload(call.identity, call.params["id"], "uploading")
        await self.images.data.receive(image["id"], call.chunks())
        with self.cloud.state.transaction():
            self.images.table.update(image["id"], status="uploading")
        return Reply(204)

    @staticmethod
    def _check_binary(call: Call) -> None:
        kind = call.headers.get("content-type", "")
        if kind.partition(";")[0].strip() != "application/octet-stream":
            raise errors.ApiError(415, f"Content type {kind!r} is not supported; send application/octet-stream.")

    def start_import(self, call: Call) -> Any:
        """Begin an import."""
        method = call.body.get("method") if isinstance(call.body, dict) else None
        if not isinstance(method, dict):
            raise errors.ApiError(400, "Import needs a 'method' with its 'name'.")
        self.images.start_import(call.identity, call.params["id"], method)
        return Reply(202)

    def deactivate(self, call: Call) -> Any:
        """Let nobody download the image."""
        return self._switch(call, "active", "deactivated")

    def reactivate(self, call: Call) -> Any:
        """Let everybody download the image again."""
        return self._switch(call, "deactivated", "active")

    def _switch(self, call: Call, before: str, after: str) -> Reply:
        image = self.images.owned(call.identity, call.params["id"], "deactivate")
        if image["status"] not in (before, after):
            raise errors.ApiError(403, f"Not allowed to make an image {after} in status '{image['status']}'")
        self.images.table.update(image["id"], status=after)
        return Reply(204)

    # -- tags and members --------------------------------------------------------------------------------------------

    def add_tag(self, call: Call) -> Any:
        """Give the image a tag."""
        image = self.images.owned(call.identity, call.params["id"], "modify_image")
        tag = call.params["tag"]
        schema.check("tags", [tag])
        self.images.table.update(image["id"], tags=sorted({*image["tags"], tag}))
        return Reply(204)

    def remove_tag(self, call: Call) -> Any:
        """Take a tag away."""
        image = self.images.owned(call.identity, call.params["id"], "modify_image")
        tag = call.params["tag"]
        if tag not in image["tags"]:
            raise errors.ApiError(404, f"Tag {tag} is not on image {image['id']}.")
        self.images.table.update(image["id"], tags=[each for each in image["tags"] if each != tag])
        return Reply(204)

    def list_members(self, call: Call) -> Any:
        """With whom the image is shared."""
        image = self.images.find(call.identity, call.params["id"])
        found = self.images.members.select(image_id=image["id"])
        if not call.identity.sees(image["owner"]):
            found = [member for member in found if member["member_id"] == call.identity.project_id]
        return {"members": [_member(each) for each in found], "schema": "/v2/schemas/members"}

    def add_member(self, call: Call) -> Any:
        """Share the image with a project."""
        image = self.images.owned(call.identity, call.params["id"], "add_member")
        if image["visibility"] != "shared":
            raise errors.ApiError(403, "Only shared images have members.")
        member = call.body.get("member") if isinstance(call.body, dict) else None
        if not isinstance(member, str) or not member:
            raise errors.ApiError(400, "A 'member' is needed: the id of a project.")
        id = f"{image['id']}:{member}"
        if id in self.images.members:
            raise errors.ApiError(409, f"Member {member} is duplicated for image {image['id']}")
        now = self.cloud.clock.iso()
        document = {"id": id, "member_id": member, "image_id": image["id"], "status": "pending"}
        return _member(self.images.members.insert({**document, "created_at": now, "updated_at": now}))

    def _find_member(self, call: Call) -> tuple[state.Document, state.Document]:
        image = self.images.find(call.identity, call.params["id"])
        member = self.images.members.get(f"{image['id']}:{call.params['member']}")
        if member is None:
            raise errors.ApiError(404, f"{call.params['member']} not found in the member list of image {image['id']}.")
        return image, member

    def show_member(self, call: Call) -> Any:
        """One membership."""
        return _member(self._find_member(call)[1])

    def answer_member(self, call: Call) -> Any:
        """A project accepts or rejects an image."""
        _, member = self._find_member(call)
        if call.identity.project_id != member["member_id"] and not call.identity.is_admin:
            raise errors.ApiError(403, "You are not authorized to complete modify_member action.")
        status = call.body.get("status") if isinstance(call.body, dict) else None
        if status not in ("pending", "accepted", "rejected"):
            raise errors.ApiError(400, f"Status {status!r} is not one of pending, accepted, rejected.")
        return _member(self.images.members.update(member["id"], status=status, updated_at=self.cloud.clock.iso()))

    def remove_member(self, call: Call) -> Any:
        """Share the image with a project no more."""
        image, member = self._find_member(call)
        if not call.identity.sees(image["owner"]):
            raise errors.ApiError(403, "You are not authorized to complete delete_member action.")
        self.images.members.delete(member["id"])
        return Reply(204)

    # -- what clients ask first --------------------------------------------------------------------------------------

    def _versions(self) -> list[dict[str, Any]]:
        links = [{"rel": "self", "href": self.url("/v2/")}]
        return [
            {"id": f"v2.{minor}", "status": "CURRENT" if minor == _NEWEST_VERSION else "SUPPORTED", "links": links}
            for minor in range(_NEWEST_VERSION, -1, -1)
        ]

    def versions(self, call: Call) -> Any:
        """All versions there are, for the root."""
        return Reply(300, {"versions": self._versions()})

    def all_versions(self, call: Call) -> Any:
        """All versions there are."""
        return {"versions": self._versions()}

    def import_methods(self, call: Call) -> Any:
        """How images can be imported."""
        methods = ["glance-direct", "web-download"]
        return {"import-methods": {"description": "Import methods available.", "type": "array", "value": methods}}

    def stores(self, call: Call) -> Any:
        """Where data can be."""
        return {"stores": [{"id": "file", "default": "true"}]}

    def tasks(self, call: Call) -> Any:
        """Imports are not kept as tasks: there are none."""
        if not call.identity.is_admin:
            raise errors.ApiError(403, "You are not authorized to complete tasks_api_access action.")
        return {"tasks": [], "first": "/v2/tasks", "schema": "/v2/schemas/tasks"}

    def image_tasks(self, call: Call) -> Any:
        """Imports of one image are not kept as tasks."""
        self.images.find(call.identity, call.params["id"])
        return {"tasks": []}


def _member(document: state.Document) -> state.Document:
    return {**{name: value for name, value in document.items() if name != "id"}, "schema": "/v2/schemas/member"}


def _order(call: Call) -> tuple[list[str], list[str]]:
    keys, directions = call.query.getlist("sort_key"), call.query.getlist("sort_dir")
    for entry in call.query.get("sort", "").split(","):
        if entry:
            key, _, direction = entry.partition(":")
            keys.append(key)
            directions.append(direction or "desc")
    for key in keys:
        if key not in schema.FIELDS:
            raise errors.ApiError(400, f"Invalid sort key: {key}")
    directions += ["desc"] * (len(keys) - len(directions))
    # The newest first, whatever else; ids make the order of equals certain.
    return [*keys, "created_at", "id"], [*directions, "desc", "desc"]


def _limit(call: Call) -> int:
    text = call.query.get("limit")
    if text is None:
        return _DEFAULT_LIMIT
    limit = _number(text, "limit")
    return min(limit, _MAX_LIMIT)


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise errors.ApiError(400, f"{name} {text!r} is not a whole number from 0 up.")
    return int(text)


def _matches(actual: Any, wanted: str) -> bool:
    operator, separator, rest = wanted.partition(":")
    text = str(actual).lower() if isinstance(actual, bool) else ("" if actual is None else str(actual))
    if separator and operator in ("in", "eq", "neq", "gt", "gte", "lt", "lte"):
        if operator == "in":
            return text in [each.strip('"') for each in rest.split(",")]
        tests = {"eq": text == rest, "neq": text != rest}
        order = {"gt": text > rest, "gte": text >= rest, "lt": text < rest, "lte": text <= rest}
        return {**tests, **order}[operator]
    return text == (wanted.lower() if isinstance(actual, bool) else wanted)
