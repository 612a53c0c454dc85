"""EC2 credentials, and signatures against examples worked out by hand from the published algorithms."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from hearth.localcloud.keystone import signatures


def version_2(secret: str, verb: str, host: str, path: str, params: dict[str, str]) -> str:
    query = urlencode(sorted(params.items()), quote_via=quote, safe="-_.~")
    text = f"{verb}\n{host}\n{path}\n{query}"
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


PARAMS = {
    "Action": "ListStacks",
    "SignatureVersion": "2",
    "SignatureMethod": "HmacSHA256",
    "Timestamp": "2026-01-02T03:04:05Z",
    "Text": "a b/ü~*",
}


@pytest.mark.parametrize("signed_host", ["cloud.test", "cloud.test:8000"])
def test_version_2(signed_host: str) -> None:
    signature = version_2("hush", "GET", signed_host, "/v1/", PARAMS)
    reported = {"signature": signature, "host": "cloud.test:8000", "verb": "GET", "path": "/v1/", "params": PARAMS}
    assert signatures.matches("hush", reported)
    assert not signatures.matches("other", reported)
    assert not signatures.matches("hush", {**reported, "verb": "POST"})


def test_version_4_with_the_example_of_the_specification() -> None:
    # From the test suite that AWS published for signature version 4, "get-vanilla".
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
    reported = {
        "signature": "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "host": "example.amazonaws.com",
        "verb": "GET",
        "path": "/",
        "params": {},
        "headers": {"X-Amz-Date": "20150830T123600Z", "Authorization": authorization},
        "body_hash": hashlib.sha256(b"").hexdigest(),
    }
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    assert signatures.matches(secret, reported)
    assert not signatures.matches(secret, {**reported, "path": "/other"})


@pytest.mark.parametrize("reported", [{}, {"signature": ""}, {"signature": "x", "params": {"SignatureVersion": "9"}}])
def test_nothing_to_check_is_no_match(reported: dict[str, Any]) -> None:
    assert not signatures.matches("hush", reported)


def pair(client: Any) -> dict[str, Any]:
    token = client.get("/identity/v3/auth/tokens", headers={"x-subject-token": client.token}).json()["token"]
    path = f"/identity/v3/users/{token['user']['id']}/credentials/OS-EC2"
    made = client.post(path, {"tenant_id": token["project"]["id"]})
    assert made.status == 201
    credential: dict[str, Any] = made.json()["credential"]
    assert [each["access"] for each in client.get(path).json()["credentials"]] == [credential["access"]]
    return credential


def test_a_signature_gives_services_a_token_for_the_pairs_owner(cloud_client: Any) -> None:
    credential = pair(cloud_client)
    signature = version_2(credential["secret"], "POST", "cloud.test", "/v1", PARAMS)
    reported = {"access": credential["access"], "signature": signature, "host": "cloud.test", "verb": "POST"}
    body = {"ec2Credentials": {**reported, "path": "/v1", "params": PARAMS}}
    heat = cloud_client.log_in("heat", "service")
    answer = heat.post("/identity/v3/ec2tokens", body)
    assert answer.status == 200
    token = answer.json()["token"]
    assert token["user"]["name"] == "demo" and token["project"]["name"] == "demo"
    assert (
        cloud_client.get("/image/v2/images", headers={"x-auth-token": answer.headers["x-subject-token"]}).status == 200
    )
    assert cloud_client.post("/identity/v3/ec2tokens", body).status == 403
    body["ec2Credentials"]["signature"] = "forged"
    assert heat.post("/identity/v3/ec2tokens", body).status == 401


@pytest.mark.parametrize("wrong", [{"params": "text"}, {"headers": [1]}, {"signature": "ü"}, {"host": None}])
def test_malformed_reports_are_no_signatures(cloud_client: Any, wrong: dict[str, Any]) -> None:
    good = {"access": pair(cloud_client)["access"], "signature": "x", "host": "h", "verb": "GET", "path": "/"}
    reported = {**good, "params": PARAMS, **wrong}
    assert cloud_client.as_admin().post("/identity/v3/ec2tokens", {"credentials": reported}).status == 401


def test_s3_signatures(cloud_client: Any) -> None:
    credential = pair(cloud_client)
    text = b"GET\n\n\n\n/bucket/"
    signature = base64.b64encode(hmac.new(credential["secret"].encode(), text, hashlib.sha1).digest()).decode()
    given = {"access": credential["access"], "signature": signature, "token": base64.urlsafe_b64encode(text).decode()}
    admin = cloud_client.as_admin()
    assert admin.post("/identity/v3/s3tokens", {"credentials": given}).status == 200
    assert admin.post("/identity/v3/s3tokens", {"credentials": {**given, "signature": "x"}}).status == 401


def test_pairs_are_seen_and_deleted_by_their_owner_only(cloud_client: Any) -> None:
    credential = pair(cloud_client)
    admin = cloud_client.as_admin()
    users = admin.get("/identity/v3/users?name=admin").json()["users"]
    foreign = f"/identity/v3/users/{users[0]['id']}/credentials/OS-EC2"
    assert cloud_client.get(foreign).status == 403
    assert cloud_client.get(f"/identity/v3/users/{credential['user_id']}/credentials/OS-EC2/nope").status == 404
    path = f"/identity/v3/users/{credential['user_id']}/credentials/OS-EC2/{credential['access']}"
    assert cloud_client.delete(path).status == 204
    assert cloud_client.get(path).status == 404


def test_other_credentials_are_kept_for_their_user(cloud_client: Any) -> None:
    answer = cloud_client.post("/identity/v3/credentials", {"credential": {"type": "cert", "blob": "text"}})
    id = answer.json()["credential"]["id"]
    assert [each["id"] for each in cloud_client.get("/identity/v3/credentials").json()["credentials"]] == [id]
    other = cloud_client.log_in("heat", "service")
    assert other.get(f"/identity/v3/credentials/{id}").status == 200, "administrators see all"
    assert (
        cloud_client.patch(f"/identity/v3/credentials/{id}", {"credential": {"blob": "new"}}).json()["credential"][
            "blob"
        ]
        == "new"
    )
    assert cloud_client.delete(f"/identity/v3/credentials/{id}").status == 204
    bad = {"type": "ec2", "blob": "no json", "project_id": "p"}
    assert cloud_client.post("/identity/v3/credentials", {"credential": bad}).status == 400
