"""`[clients_*] http_log_debug`: what is asked and answered is in the log, and nothing secret with it."""

import dataclasses
import logging

import pytest

from hearth.cloud import credentials, errors, settings


@pytest.fixture
def debug(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log at DEBUG."""
    caplog.set_level(logging.DEBUG, logger="hearth")
    return caplog


async def test_requests_and_answers_are_told_without_secrets(
    options: settings.CloudSettings, debug: pytest.LogCaptureFixture
) -> None:
    connector = credentials.Connector(dataclasses.replace(options, logged=frozenset({"identity"})))
    own = await connector.session(credentials.ServiceUser())
    debug.clear()
    made = await own.post(
        "identity",
        f"/v3/users/{own.user_id}/application_credentials",
        json={"application_credential": {"name": "for-the-log", "secret": "c4n4ry"}},
        headers={"X-Subject-Token": "c4n4ry"},
        params={"marker": "here", "X-Signature": "c4n4ry"},
    )
    with pytest.raises(errors.NotFound):
        await own.get("identity", "/v3/users/nobody")
    token = await own.token()
    await connector.close()
    told = [one.getMessage() for one in debug.records if one.name == "hearth.cloud.call_log"]
    assert len(told) == 4
    asked, answered, _, refused = told
    assert "asks identity: POST" in asked
    assert "for-the-log" in asked
    assert "marker=here" in asked
    assert "identity answers 201 to POST" in answered
    assert made.body["application_credential"]["id"] in answered
    assert "identity answers 404 to GET" in refused
    everything = "".join(told)
    assert "c4n4ry" not in everything
    assert token not in everything


async def test_of_other_services_nothing_is_told(
    options: settings.CloudSettings, debug: pytest.LogCaptureFixture
) -> None:
    connector = credentials.Connector(dataclasses.replace(options, logged=frozenset({"compute"})))
    own = await connector.session(credentials.ServiceUser())
    await own.get("identity", "/v3/auth/projects")
    await connector.close()
    assert "asks" not in debug.text
