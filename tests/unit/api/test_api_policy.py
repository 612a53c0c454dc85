"""Heat's policy: who may do what by default, with new defaults only, and with an operator's file."""

import pathlib

import pytest

from hearth.api import policy
from hearth.cloud import config, tokens
from hearth.model import errors


def caller(*roles: str) -> tokens.Caller:
    return tokens.Caller(
        user_id="u",
        user_name="user",
        user_domain_id=None,
        user_domain_name=None,
        project_id="p",
        project_name="project",
        project_domain_id=None,
        project_domain_name=None,
        roles=roles,
        is_admin="admin" in roles,
        is_admin_project=True,
        token="t",
        expires_at=0,
    )


def loaded(folder: pathlib.Path, text: str = "", policies: str | None = None) -> policy.Policy:
    path = folder / "hearth.conf"
    if policies is not None:
        (folder / "policy.yaml").write_text(policies)
    path.write_text(f"[oslo_policy]\npolicy_file = {folder / 'policy.yaml'}\n{text}")
    return policy.Policy(config.load([str(path)]))


STACK_USER, READER, MEMBER, ADMIN = (
    ("heat_stack_user",),
    ("reader",),
    ("reader", "member"),
    ("admin", "member", "reader"),
)

#: rule, roles, allowed by default, allowed with new defaults only
CASES = [
    ("stacks:create", MEMBER, True, True),
    ("stacks:create", READER, True, False),
    ("stacks:create", STACK_USER, False, False),
    ("stacks:index", READER, True, True),
    ("stacks:index", (), True, False),
    ("stacks:lookup", STACK_USER, True, True),
    ("resource:signal", STACK_USER, True, True),
    ("resource:show", STACK_USER, False, False),
    ("actions:suspend", READER, True, False),
    ("actions:check", READER, True, True),
    ("stacks:drift", READER, True, True),
    ("stacks:drift", STACK_USER, False, False),
    ("stacks:update_drift", READER, True, False),
    ("stacks:update_drift", MEMBER, True, True),
    ("service:index", MEMBER, False, False),
    ("service:index", ADMIN, True, True),
    ("stacks:global_index", ADMIN, False, False),
]


@pytest.mark.parametrize(("rule", "roles", "allowed", "allowed_newly"), CASES)
def test_defaults(
    tmp_path: pathlib.Path, rule: str, roles: tuple[str, ...], allowed: bool, allowed_newly: bool
) -> None:
    assert loaded(tmp_path).allows(caller(*roles), rule) is allowed
    assert loaded(tmp_path, "enforce_new_defaults = true").allows(caller(*roles), rule) is allowed_newly


TYPES = [
    ("OS::Nova::Server", MEMBER, True),
    ("OS::Nova::Flavor", MEMBER, False),
    ("OS::Nova::Flavor", ADMIN, True),
    ("OS::Keystone::User", MEMBER, False),
    ("OS::Keystone::User", ADMIN, True),
    ("My::Own::Type", MEMBER, True),
]


@pytest.mark.parametrize(("name", "roles", "allowed"), TYPES)
def test_resource_types(tmp_path: pathlib.Path, name: str, roles: tuple[str, ...], allowed: bool) -> None:
    assert loaded(tmp_path).allows_type(caller(*roles), name) is allowed


def test_an_operators_file_wins(tmp_path: pathlib.Path) -> None:
    rules = loaded(
        tmp_path,
        policies="""
            "stacks:create": "role:boss"
            "resource_types:OS::Swift::Container": "!"
            "context_is_admin": "role:boss"
        """,
    )
    assert rules.allows(caller("boss"), "stacks:create")
    assert not rules.allows(caller(*MEMBER), "stacks:create")
    assert rules.allows(caller(*MEMBER), "stacks:index")
    assert not rules.allows_type(caller(*ADMIN), "OS::Swift::Container")
    assert rules.is_admin(caller("boss"))
    assert not rules.is_admin(caller(*ADMIN))


def test_stack_users_are_known_by_the_role_that_is_configured(tmp_path: pathlib.Path) -> None:
    rules = loaded(tmp_path, "[DEFAULT]\nheat_stack_user_role = guest\n")
    for rule, allowed in (("stacks:create", False), ("stacks:lookup", True), ("resource:show", False)):
        assert rules.allows(caller("guest"), rule) is allowed


def test_refusals_name_the_rule(tmp_path: pathlib.Path) -> None:
    rules = loaded(tmp_path)
    with pytest.raises(errors.Forbidden, match="stacks:create"):
        rules.require(caller(*STACK_USER), "stacks:create")
    with pytest.raises(errors.Forbidden, match="OS::Nova::Flavor"):
        rules.require_type(caller(*MEMBER), "OS::Nova::Flavor")
