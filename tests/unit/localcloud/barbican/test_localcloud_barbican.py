"""Secrets by requests: what the conformance script, which compares with a real Barbican, cannot show."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

SECRETS = "/key-manager/v1/secrets"
TEXT = {"accept": "text/plain"}


def create(client: Any, **given: Any) -> str:
    answer = client.post(SECRETS, {"payload": "open sesame", "payload_content_type": "text/plain", **given})
    assert answer.status == 201, answer.body
    reference: str = answer.json()["secret_ref"]
    return reference


def test_a_secret_is_gone_when_it_expires(cloud_client: Any) -> None:
    reference = create(cloud_client, expiration=cloud_client.cloud.clock.iso(cloud_client.cloud.clock.now() + 60))
    assert cloud_client.get(reference).status == 200
    cloud_client.cloud.clock.advance(61)
    assert cloud_client.get(reference).status == 404
    assert cloud_client.get(SECRETS).json()["total"] == 0


def test_a_secret_survives_a_restart(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path).log_in("demo", "demo")
    reference = create(client)
    client.cloud.close()
    again = open_client(tmp_path).log_in("demo", "demo")
    assert again.get(f"{reference}/payload", headers=TEXT).body == b"open sesame"


def test_others_neither_see_nor_delete_a_secret(cloud_client: Any) -> None:
    reference = create(cloud_client)
    admin = cloud_client.as_admin()
    project = admin.post("/identity/v3/projects", {"project": {"name": "other"}}).json()["project"]["id"]
    user = admin.post("/identity/v3/users", {"user": {"name": "other", "password": "pw"}}).json()["user"]["id"]
    role = admin.get("/identity/v3/roles?name=member").json()["roles"][0]["id"]
    admin.put(f"/identity/v3/projects/{project}/users/{user}/roles/{role}")
    stranger = cloud_client.log_in("other", "other", "pw")
    assert stranger.get(SECRETS).json()["total"] == 0
    assert stranger.get(reference).status == 404
    assert stranger.get(f"{reference}/payload", headers=TEXT).status == 404
    assert stranger.delete(reference).status == 404
    assert cloud_client.get(reference).status == 200


@pytest.mark.parametrize(
    ("content", "encoding", "status"), [(b"aGk=", "base64", 204), (b"!", "base64", 400), (b"", "", 400)]
)
def test_a_payload_may_come_later(cloud_client: Any, content: bytes, encoding: str, status: int) -> None:
    reference = cloud_client.post(SECRETS, {"name": "later"}).json()["secret_ref"]
    headers = {"content-type": "application/octet-stream", **({"content-encoding": encoding} if encoding else {})}
    assert cloud_client.put(reference, data=content, headers=headers).status == status
    found = cloud_client.get(f"{reference}/payload", headers={"accept": "application/octet-stream"})
    assert found.body == b"hi" if status == 204 else found.status == 404
