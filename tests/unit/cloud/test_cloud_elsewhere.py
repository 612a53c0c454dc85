"""Credentials and certificates that users give, and the addresses that they may lead to."""

import contextlib
import dataclasses
import ipaddress
import json
import pathlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cloud_serving import served

import certificates
from hearth.cloud import addresses, credentials, elsewhere, errors, settings
from hearth.localcloud import app
from hearth.localcloud.core import cloud as clouds

LOOPBACK = addresses.FetchRules(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


def as_demo(url: str, **changed: Any) -> str:
    auth = {
        "auth_url": f"{url}/identity/v3",
        "username": "demo",
        "password": "secret",
        "user_domain_name": "Default",
        "project_name": "demo",
        "project_domain_id": "default",
    }
    return json.dumps({"auth_type": "password", "auth": {**auth, **changed}})


def given(text: str, tls: settings.Tls | None = None) -> elsewhere.Elsewhere:
    return elsewhere.read(text, None, tls or settings.Tls())


@contextlib.asynccontextmanager
async def other_cloud(certificate: tuple[pathlib.Path, pathlib.Path] | None = None) -> AsyncIterator[str]:
    """A second cloud, at a host of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http{'s' if certificate else ''}://127.0.0.1:{listener.getsockname()[1]}"
    cloud = app.open_cloud(None, clouds.Settings(), url)
    async with served(app.create_app(cloud), listener, certificate):
        yield url
    cloud.close()


@pytest.fixture
def certificate(tmp_path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Files of a certificate that only those trust who know it, and of its key."""
    made = certificates.make(tmp_path)
    return made.certificate, made.key


@pytest.fixture
async def trusting(options: settings.CloudSettings) -> AsyncIterator[credentials.Connector]:
    """A connector whose operator lets users name clouds on this machine."""
    made = credentials.Connector(dataclasses.replace(options, outward=LOOPBACK))
    yield made
    await made.close()


# ---- our own cloud as somebody else


async def test_a_password_acts_for_its_user(connector: credentials.Connector, cloud_url: str) -> None:
    own = await connector.session(credentials.ServiceUser())
    acting = await own.elsewhere(given(as_demo(cloud_url)))
    found = (await acting.get("identity", f"/v3/projects/{acting.project_id}")).body["project"]
    assert found["name"] == "demo"
    assert acting.user_id != own.user_id


async def test_an_application_credential_needs_no_more(
    connector: credentials.Connector, cloud_url: str, demo_token: str
) -> None:
    owner = await connector.session(credentials.UserToken(demo_token))
    body = {"application_credential": {"name": "robot", "secret": "robot-secret"}}
    made = await owner.post("identity", f"/v3/users/{owner.user_id}/application_credentials", json=body)
    auth = {
        "auth_url": f"{cloud_url}/identity",
        "application_credential_id": made.body["application_credential"]["id"],
        "application_credential_secret": "robot-secret",
    }
    text = json.dumps({"auth_type": "v3applicationcredential", "auth": auth})
    acting = await owner.elsewhere(given(text))
    assert (acting.user_id, acting.project_id) == (owner.user_id, owner.project_id)


async def test_a_wrong_password_is_refused(connector: credentials.Connector, cloud_url: str) -> None:
    own = await connector.session(credentials.ServiceUser())
    with pytest.raises(errors.Unauthorized):
        await own.elsewhere(given(as_demo(cloud_url, password="wrong")))


async def test_a_token_is_renewed_when_it_is_revoked(connector: credentials.Connector, cloud_url: str) -> None:
    own = await connector.session(credentials.ServiceUser())
    acting = await own.elsewhere(given(as_demo(cloud_url)))
    before = await acting.token()
    await own.delete("identity", "/v3/auth/tokens", headers={"X-Subject-Token": before})
    assert (await acting.get("identity", "/v3/auth/projects")).status == 200
    assert await acting.token() != before


# ---- another cloud


async def test_calls_go_to_the_other_cloud(trusting: credentials.Connector, cloud_url: str) -> None:
    own = await trusting.session(credentials.ServiceUser())
    async with other_cloud() as url:
        acting = await own.elsewhere(given(as_demo(url)))
        assert acting.endpoint("image").startswith(url)
        images = (await acting.get("image", "/v2/images")).body["images"]
        assert {one["name"] for one in images} >= {"cirros"}


async def test_addresses_that_the_operator_forbids_are_not_called(
    connector: credentials.Connector, options: settings.CloudSettings
) -> None:
    own = await connector.session(credentials.ServiceUser())
    async with other_cloud() as url:
        for name in (url, url.replace("127.0.0.1", "localhost")):
            with pytest.raises(errors.Forbidden, match="rules forbid this address"):
                await own.elsewhere(given(as_demo(name)))


# ---- certificates


@pytest.mark.parametrize(
    ("trusts", "works"),
    [
        (lambda text: settings.Tls(ca_data=text), True),
        (lambda text: settings.Tls(insecure=True), True),
        (lambda text: settings.Tls(), False),
    ],
    ids=["the certificate", "any", "the usual ones"],
)
async def test_a_certificate_must_be_known(
    trusting: credentials.Connector,
    certificate: tuple[pathlib.Path, pathlib.Path],
    trusts: Callable[[str], settings.Tls],
    works: bool,
) -> None:
    own = await trusting.session(credentials.ServiceUser())
    async with other_cloud(certificate) as url:
        opening = own.elsewhere(given(as_demo(url), trusts(certificate[0].read_text())))
        if works:
            assert (await (await opening).get("image", "/v2/images")).status == 200
        else:
            with pytest.raises(errors.Unavailable, match="certificate"):
                await opening


def test_certificates_are_checked_beforehand(certificate: tuple[pathlib.Path, pathlib.Path]) -> None:
    assert elsewhere.check_certificates(certificate[0].read_text()) == ""
    for wrong in ("nothing", "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n", "é"):
        assert "no certificates" in elsewhere.check_certificates(wrong), wrong


# ---- what a text must hold


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hush", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('["hush"]', "no map 'auth'"),
        ('{"auth": "hush"}', "no map 'auth'"),
        ('{"auth_type": "hush", "auth": {}}', "auth_type is not one of"),
        ('{"auth_type": ["hush"], "auth": {}}', "auth_type is not one of"),
        ('{"auth": {"password": "hush"}}', "auth_url"),
        ('{"auth": {"auth_url": "file:///hush"}}', "auth_url"),
        (as_demo("http://a.test", password=""), "no 'password'"),
        (as_demo("http://a.test", username=None), "no 'username'"),
        ('{"auth_type": "v3token", "auth": {"auth_url": "http://a.test"}}', "no 'token'"),
        (
            '{"auth_type": "v3applicationcredential", "auth": {"auth_url": "http://a.test"}}',
            "no 'application_credential_secret'",
        ),
    ],
)
def test_a_text_that_holds_no_credentials_is_told_without_showing_it(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        given(text)
    assert "hush" not in str(caught.value)
