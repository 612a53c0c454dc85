"""Projects and users that stacks make: every call may be repeated, and what is made may do little."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hearth.cloud import config, credentials, errors, settings, stack_users

SERVICE = {"auth_type": "password", "auth_url": "http://keystone:5000", "username": "heat", "password": "secret"}
DOMAIN = {
    "stack_user_domain_name": "heat",
    "stack_domain_admin": "heat_domain_admin",
    "stack_domain_admin_password": "secret",
}


@pytest.fixture
async def domain(options: settings.CloudSettings) -> AsyncIterator[stack_users.StackUserDomain]:
    configured = settings.StackDomain(None, "heat", "heat_domain_admin", "secret")
    connector = credentials.Connector(dataclasses.replace(options, stack_domain=configured))
    yield stack_users.StackUserDomain(connector)
    await connector.close()


async def test_a_project_that_is_made_twice_is_one(domain: stack_users.StackUserDomain) -> None:
    name = "p" * 80  # longer than Keystone takes
    first = await domain.make_project(name, "")
    assert await domain.make_project(name, "") == first
    await domain.delete_project(first)
    await domain.delete_project(first)
    assert await domain.make_project(name, "") != first


async def test_a_user_that_is_made_twice_is_one_with_the_last_password(domain: stack_users.StackUserDomain) -> None:
    project = await domain.make_project("stack", "")
    first = await domain.make_user("user", "lost", project)
    assert await domain.make_user("user", "kept", project) == first
    assert await domain.find_user("user") == first
    assert await domain.token(first, "kept", project)
    with pytest.raises(errors.Unauthorized):
        await domain.token(first, "lost", project)


async def test_a_user_is_kept_out_and_let_in_again(domain: stack_users.StackUserDomain) -> None:
    project = await domain.make_project("stack", "")
    user = await domain.make_user("user", "secret", project)
    await domain.enable_user(user, False)
    with pytest.raises(errors.Unauthorized):
        await domain.token(user, "secret", project)
    await domain.enable_user(user, True)
    assert await domain.token(user, "secret", project)


async def test_a_deleted_user_is_gone_and_may_be_deleted_again(domain: stack_users.StackUserDomain) -> None:
    user = await domain.make_user("user", "secret", await domain.make_project("stack", ""))
    await domain.delete_user(user)
    await domain.delete_user(user)
    assert await domain.find_user("user") is None


@pytest.mark.parametrize(("interface", "path"), [("", "/identity/v3/"), ("public", "/identity/v3/")])
async def test_users_are_told_where_servers_reach_keystone(
    options: settings.CloudSettings, cloud_url: str, interface: str, path: str
) -> None:
    configured = settings.StackDomain(None, "heat", "heat_domain_admin", "secret")
    # Here it is reached by an address that the catalog does not have.
    elsewhere = f"{cloud_url.replace('127.0.0.1', 'localhost')}/identity/v3"
    chosen = dataclasses.replace(
        options, auth_url=elsewhere, stack_domain=configured, server_interface=interface, connect_timeout=5
    )
    connector = credentials.Connector(chosen)
    told = await stack_users.StackUserDomain(connector).auth_url()
    await connector.close()
    assert told == (cloud_url if interface else cloud_url.replace("127.0.0.1", "localhost")) + path


async def test_without_a_configured_domain_there_is_none(options: settings.CloudSettings) -> None:
    connector = credentials.Connector(options)
    assert not stack_users.StackUserDomain(connector).is_configured
    await connector.close()


def test_the_domain_is_read_from_the_configuration() -> None:
    conf = config.load([], {"DEFAULT": DOMAIN, "keystone_authtoken": SERVICE})
    assert config.cloud_settings(conf).stack_domain == settings.StackDomain(None, "heat", "heat_domain_admin", "secret")


@pytest.mark.parametrize("missing", ["stack_domain_admin", "stack_domain_admin_password"])
def test_a_domain_without_its_administrator_is_refused(missing: str) -> None:
    given: dict[str, Any] = {key: value for key, value in DOMAIN.items() if key != missing}
    conf = config.load([], {"DEFAULT": given, "keystone_authtoken": SERVICE})
    with pytest.raises(config.ConfigError, match="stack_domain_admin_password"):
        config.cloud_settings(conf)
