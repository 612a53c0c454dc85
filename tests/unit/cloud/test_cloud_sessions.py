"""Sessions, trusts and token checks against the embedded cloud's Keystone."""

import asyncio

import pytest

from hearth.cloud import credentials, errors, settings, tokens


async def test_a_token_tells_user_project_and_roles(connector: credentials.Connector, demo_token: str) -> None:
    as_user = await connector.session(credentials.UserToken(demo_token))
    found = (await as_user.get("identity", f"/v3/projects/{as_user.project_id}")).body["project"]
    assert found["name"] == "demo"
    assert "member" in as_user.roles
    assert as_user.has_service("identity")
    assert not as_user.has_service("no-such-service")
    assert await as_user.token() == demo_token


async def test_a_service_that_is_not_there_is_named(connector: credentials.Connector) -> None:
    own = await connector.session(credentials.ServiceUser())
    with pytest.raises(errors.NoService, match="no-such-service"):
        await own.get("no-such-service", "/")


async def test_answers_carry_the_request_id(connector: credentials.Connector) -> None:
    own = await connector.session(credentials.ServiceUser())
    answer = await own.get("identity", "/v3/auth/projects")
    assert answer.status == 200
    assert answer.request_id is not None
    with pytest.raises(errors.NotFound) as caught:
        await own.get("identity", "/v3/users/nobody")
    assert caught.value.request_id is not None
    assert caught.value.message


async def test_sessions_of_a_credential_are_shared(connector: credentials.Connector, demo_token: str) -> None:
    credential = credentials.UserToken(demo_token)
    opened = await asyncio.gather(*(connector.session(credential) for _ in range(5)))
    assert all(one is opened[0] for one in opened)


async def test_a_wrong_token_is_refused(connector: credentials.Connector) -> None:
    with pytest.raises(errors.Unauthorized):
        await connector.session(credentials.UserToken("wrong"))


async def test_a_revoked_token_is_renewed_on_the_way(connector: credentials.Connector) -> None:
    own = await connector.session(credentials.ServiceUser())
    before = await own.token()
    await own.delete("identity", "/v3/auth/tokens", headers={"X-Subject-Token": before})
    assert (await own.get("identity", "/v3/auth/projects")).status == 200
    assert await own.token() != before


async def test_a_trust_acts_as_its_giver_until_it_is_taken_back(
    connector: credentials.Connector, demo_token: str
) -> None:
    giver = await connector.session(credentials.UserToken(demo_token))
    trust_id = await connector.create_trust(giver)
    acting = await connector.session(credentials.Trust(trust_id))
    assert (acting.user_id, acting.project_id) == (giver.user_id, giver.project_id)
    assert set(acting.roles) >= {"member"}
    await connector.delete_trust(credentials.Trust(trust_id), trust_id)
    with pytest.raises(errors.CloudError):
        await connector.session(credentials.Trust(trust_id))
    await connector.delete_trust(credentials.UserToken(demo_token), trust_id)


async def test_a_token_by_a_trust_acts_as_the_giver(connector: credentials.Connector, demo_token: str) -> None:
    """Keystone does not show such a token to who has it."""
    giver = await connector.session(credentials.UserToken(demo_token))
    token = await (await connector.session(credentials.Trust(await connector.create_trust(giver)))).token()
    acting = await connector.session(credentials.UserToken(token))
    assert (acting.user_id, acting.project_id) == (giver.user_id, giver.project_id)


async def test_only_the_named_roles_are_delegated(connector: credentials.Connector, demo_token: str) -> None:
    giver = await connector.session(credentials.UserToken(demo_token))
    trust_id = await connector.create_trust(giver, ["reader"])
    acting = await connector.session(credentials.Trust(trust_id))
    assert acting.roles == ("reader",)


async def test_an_application_credential_acts_for_its_user(connector: credentials.Connector, demo_token: str) -> None:
    owner = await connector.session(credentials.UserToken(demo_token))
    made = await owner.post(
        "identity",
        f"/v3/users/{owner.user_id}/application_credentials",
        json={"application_credential": {"name": "test", "secret": "hush"}},
    )
    credential = credentials.ApplicationCredential(made.body["application_credential"]["id"], "hush")
    acting = await connector.session(credential)
    assert acting.user_id == owner.user_id
    assert "hush" not in repr(credential)


async def test_a_wrong_password_says_so_without_telling_it(cloud_url: str, options: settings.CloudSettings) -> None:
    wrong = settings.AuthSection("password", {**options.service.options, "password": "not-it"})
    made = credentials.Connector(settings.CloudSettings(auth_url=options.auth_url, service=wrong))
    with pytest.raises(errors.Unauthorized) as caught:
        await made.session(credentials.ServiceUser())
    assert "not-it" not in str(caught.value)
    await made.close()


async def test_no_keystone_is_unavailable() -> None:
    nowhere = "http://127.0.0.1:9/v3"
    login = {"auth_url": nowhere, "username": "heat", "password": "secret", "user_domain_id": "default"}
    section = settings.AuthSection("v3password", login)
    made = credentials.Connector(settings.CloudSettings(auth_url=nowhere, service=section))
    for credential in (credentials.ServiceUser(), credentials.UserToken("any")):
        with pytest.raises(errors.Unavailable, match=r"127\.0\.0\.1:9"):
            await made.session(credential)
    with pytest.raises(errors.Unavailable):
        await tokens.TokenValidator(made, tokens.TokenRules(http_request_max_retries=0)).validate("any")
    await made.close()


async def test_good_and_bad_tokens_are_told_apart(connector: credentials.Connector, demo_token: str) -> None:
    validator = tokens.TokenValidator(connector, tokens.TokenRules())
    caller = await validator.validate(demo_token)
    assert caller is not None
    assert (caller.user_name, caller.project_name, caller.is_admin) == ("demo", "demo", False)
    assert demo_token not in repr(caller)
    for bad in ("", "wrong", "x" * 9000, "with space", "new\nline", "ümlaut"):
        assert await validator.validate(bad) is None


async def test_answers_about_tokens_are_remembered_as_long_as_told(
    connector: credentials.Connector, demo_token: str
) -> None:
    remembering = tokens.TokenValidator(connector, tokens.TokenRules(token_cache_time=300))
    asking = tokens.TokenValidator(connector, tokens.TokenRules(token_cache_time=-1))
    assert await remembering.validate(demo_token) == await asking.validate(demo_token)
    own = await connector.session(credentials.UserToken(demo_token))
    await own.delete("identity", "/v3/auth/tokens", headers={"X-Subject-Token": demo_token})
    assert await remembering.validate(demo_token) is not None
    assert await asking.validate(demo_token) is None


async def test_a_service_token_must_be_good_itself(connector: credentials.Connector, demo_token: str) -> None:
    service = await (await connector.session(credentials.ServiceUser())).token()
    validator = tokens.TokenValidator(connector, tokens.TokenRules())
    caller = await validator.validate(demo_token, service)
    assert caller is not None
    assert caller.service_user_id is not None
    assert await validator.validate(demo_token, "wrong") is None
    strict = tokens.TokenRules(service_token_roles=("no-such-role",), service_token_roles_required=True)
    assert await tokens.TokenValidator(connector, strict).validate(demo_token, service) is None


async def test_what_is_delegated_further_is_asked_for_with_the_users_own_token(
    connector: credentials.Connector, demo_token: str
) -> None:
    giver = await connector.session(credentials.UserToken(demo_token))
    acting = await connector.session(credentials.Trust(await connector.create_trust(giver)))
    alarm = {
        "name": "busy",
        "type": "event",
        "event_rule": {"event_type": "web.busy"},
        "alarm_actions": ["trust+https://hearth.example.org/signal"],
    }
    with pytest.raises(errors.Unavailable, match="does not allow redelegation"):
        await acting.post("alarming", "/v2/alarms", json=alarm)

    async def own() -> str:
        return demo_token

    acting.own_token = own
    made = (await acting.post("alarming", "/v2/alarms", json=alarm)).body
    assert made["alarm_actions"] == alarm["alarm_actions"]
    elsewhere = acting.in_region("RegionOne")
    await elsewhere.put("alarming", f"/v2/alarms/{made['alarm_id']}", json=alarm | {"severity": "critical"})


async def test_a_users_own_token_that_has_ended_does_no_harm(connector: credentials.Connector, demo_token: str) -> None:
    giver = await connector.session(credentials.UserToken(demo_token))
    acting = await connector.session(credentials.Trust(await connector.create_trust(giver)))

    async def own() -> str:
        return "signed out"

    acting.own_token = own
    alarm = {"name": "busy", "type": "event", "event_rule": {"event_type": "web.busy"}}
    assert (await acting.post("alarming", "/v2/alarms", json=alarm)).status == 201
