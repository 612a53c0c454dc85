"""A life in Swift: account, containers, objects, copies, ranges, large objects, temporary URLs."""

import hashlib
import hmac
from urllib.parse import urlsplit

from conformance_stage import Stage

#: In the year 2100: no clock of a cloud is beyond it.
LATE = 4102444800


def live(stage: Stage) -> None:
    """Run it."""
    data = stage.file("note.txt", b"hello, hearth")
    account = f"/AUTH_{stage.project.id}"
    stage.cli("object store account show")
    stage.cli("object store account set --property Color=red")
    stage.cli("container create cf-box")
    stage.cli("container create cf-box")
    stage.cli("container set --property Color=red cf-box")
    stage.cli("container show cf-box")
    stage.cli("container list --long")
    stage.cli(f"object create --name note.txt cf-box {data}")
    stage.cli(f"object create --name deep/note.txt cf-box {data}")
    stage.cli(f"object create --name note.txt cf-missing {data}")
    stage.cli("object set --property Color=blue cf-box note.txt")
    stage.cli("object show cf-box note.txt")
    stage.cli("object list --long cf-box")
    stage.cli("object list --prefix deep/ cf-box")
    stage.cli("object list --delimiter / cf-box")
    stage.cli(f"object save --file {stage.folder / 'back.txt'} cf-box note.txt")
    stage.cli("object unset --property Color cf-box note.txt")
    stage.cli("container delete cf-box")
    stage.cli("object show cf-box missing")
    stage.cli("container show cf-missing")
    stage.api("HEAD of the account", f"HEAD object-store {account}")
    stage.api("HEAD of a container", f"HEAD object-store {account}/cf-box")
    stage.api("HEAD of an object", f"HEAD object-store {account}/cf-box/note.txt")
    stage.api("objects as JSON", f"GET object-store {account}/cf-box?format=json")
    stage.api("objects as text", f"GET object-store {account}/cf-box", headers={"Accept": "text/plain"})
    stage.api("containers as JSON", f"GET object-store {account}?format=json")
    stage.api("some bytes", f"GET object-store {account}/cf-box/note.txt", headers={"Range": "bytes=0-4"})
    stage.api("bytes beyond", f"GET object-store {account}/cf-box/note.txt", headers={"Range": "bytes=100-"})
    etag = hashlib.md5(b"hello, hearth", usedforsecurity=False).hexdigest()
    stage.api("unchanged", f"GET object-store {account}/cf-box/note.txt", headers={"If-None-Match": etag})
    stage.api("changed", f"GET object-store {account}/cf-box/note.txt", headers={"If-Match": "0" * 32})
    stage.api("wrong checksum", f"PUT object-store {account}/cf-box/bad", data=b"x", headers={"ETag": "0" * 32})
    stage.api("only when new", f"PUT object-store {account}/cf-box/note.txt", data=b"x",
              headers={"If-None-Match": "*"})  # fmt: skip
    stage.api("copy from", f"PUT object-store {account}/cf-box/copy", data=b"",
              headers={"X-Copy-From": "cf-box/note.txt"})  # fmt: skip
    stage.api("copy to", f"COPY object-store {account}/cf-box/note.txt", headers={"Destination": "cf-box/second"})
    stage.api("copy of nothing", f"COPY object-store {account}/cf-box/missing", headers={"Destination": "cf-box/x"})
    stage.api("object of a missing container", f"PUT object-store {account}/cf-missing/x", data=b"x")
    stage.api("container of a long name", f"PUT object-store {account}/{'n' * 257}")
    stage.api("metadata of an object", f"POST object-store {account}/cf-box/copy",
              headers={"X-Object-Meta-Color": "red", "Content-Type": "text/x-note"})  # fmt: skip
    stage.api("metadata is there", f"HEAD object-store {account}/cf-box/copy")
    stage.api("metadata of nothing", f"POST object-store {account}/cf-box/missing",
              headers={"X-Object-Meta-Color": "red"})  # fmt: skip
    stage.api("no token", f"GET object-store {account}", token="")
    stage.api("somebody else's account", f"GET object-store /AUTH_{stage.admin.current_project_id}")
    stage.api("object of nobody's account", "GET object-store /AUTH_nobody/c/o")
    _temporary_urls(stage, account)
    _public(stage, account)
    stage.api("what there is", f"GET object-store {account}/cf-box?format=json&prefix=co&limit=1")
    stage.cli("object delete cf-box note.txt deep/note.txt copy second")
    stage.cli("object delete cf-box note.txt")
    stage.cli("container delete cf-box")
    stage.cli("container delete cf-box")


def _temporary_urls(stage: Stage, account: str) -> None:
    stage.api("key of the account", f"POST object-store {account}", headers={"X-Account-Meta-Temp-URL-Key": "k"})
    path = f"{account}/cf-box/note.txt"
    whole = urlsplit(stage.roots["object-store"]).path + path
    # The embedded cloud stands below a path of its host; what is signed begins at the version.
    whole = whole[whole.index("/v1/") :]
    for label, key, expires in (("good", b"k", LATE), ("forged", b"x", LATE), ("late", b"k", 1000)):
        signature = hmac.new(key, f"GET\n{expires}\n{whole}".encode(), "sha256").hexdigest()
        query = f"temp_url_sig={signature}&temp_url_expires={expires}"
        stage.api(f"temporary URL: {label}", f"GET object-store {path}?{query}", token="")
    signature = hmac.new(b"k", f"PUT\n{LATE}\n{whole}".encode(), "sha256").hexdigest()
    query = f"temp_url_sig={signature}&temp_url_expires={LATE}"
    stage.api("temporary URL: put", f"PUT object-store {path}?{query}", token="", data=b"by URL")
    stage.api("temporary URL: other method", f"DELETE object-store {path}?{query}", token="")


def _public(stage: Stage, account: str) -> None:
    box = f"object-store {account}/cf-box"
    stage.api("private", f"GET {box}/note.txt", token="")
    stage.api("make public", f"POST {box}", headers={"X-Container-Read": ".r:*,.rlistings"})
    stage.api("public object", f"GET {box}/note.txt", token="")
    stage.api("public list", f"GET {box}?format=json", token="")
    stage.api("public is not for writing", f"PUT {box}/note.txt", token="", data=b"x")
    stage.api("make private", f"POST {box}", headers={"X-Remove-Container-Read": "x"})
