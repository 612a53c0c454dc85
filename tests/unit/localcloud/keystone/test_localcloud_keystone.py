"""Tokens, scopes, delegation and the administration of people, by requests."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

TOKENS = "/identity/v3/auth/tokens"
DEFAULT = {"id": "default"}


def by_password(name: str, password: str = "secret", scope: Any = None) -> dict[str, Any]:
    user = {"name": name, "domain": {"name": "Default"}, "password": password}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def on_project(name: str) -> dict[str, Any]:
    return {"project": {"name": name, "domain": DEFAULT}}


def me(client: Any) -> dict[str, Any]:
    body = client.get(TOKENS, headers={"x-subject-token": client.token}).json()
    token: dict[str, Any] = body["token"]
    return token


def made(answer: Any, status: int = 201) -> Any:
    assert answer.status == status, answer.body
    return next(iter(answer.json().values()))


@pytest.mark.parametrize(
    ("user", "project", "roles"),
    [
        ("demo", "demo", {"member", "reader", "heat_stack_owner"}),
        ("admin", "admin", {"admin", "manager", "member", "reader", "heat_stack_owner"}),
        ("heat", "service", {"admin", "manager", "member", "reader", "service"}),
    ],
)
def test_the_seeded_users_have_their_roles_and_what_they_imply(
    open_client: Callable[..., Any], user: str, project: str, roles: set[str]
) -> None:
    token = made(open_client().post(TOKENS, by_password(user, scope=on_project(project))))
    assert {role["name"] for role in token["roles"]} == roles
    assert token["project"]["name"] == project and token["project"]["domain"]["name"] == "Default"
    assert token["methods"] == ["password"]


def test_the_catalog_knows_every_service_in_three_ways_with_the_project_filled_in(cloud_client: Any) -> None:
    token = me(cloud_client)
    urls = {
        entry["type"]: {each["interface"]: each["url"] for each in entry["endpoints"]} for entry in token["catalog"]
    }
    project = token["project"]["id"]
    assert urls["identity"] == dict.fromkeys(("public", "internal", "admin"), "http://cloud.test/identity/v3")
    assert urls["object-store"]["public"] == f"http://cloud.test/object-store/v1/AUTH_{project}"
    assert urls["orchestration"]["public"] == f"http://cloud.test/orchestration/v1/{project}"
    assert {each["region"] for entry in token["catalog"] for each in entry["endpoints"]} == {"RegionOne"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (by_password("demo", "wrong"), 401),
        (by_password("nobody"), 401),
        (by_password("demo", scope=on_project("admin")), 401),
        (by_password("demo", scope=on_project("nowhere")), 401),
        (by_password("demo", scope={"domain": DEFAULT}), 401),
        (by_password("demo", scope={"system": {"all": True}}), 401),
        (by_password("admin", scope={"system": {"all": True}}), 201),
        (by_password("demo"), 201),
        (by_password("demo", scope="unscoped"), 201),
        ({"auth": {}}, 400),
        ({"auth": {"identity": {"methods": [["password"]]}}}, 400),
        ({}, 400),
        ({"auth": {"identity": {"methods": ["magic"], "magic": {}}}}, 401),
        ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo"}}}}}, 400),
    ],
)
def test_credentials_and_scopes(open_client: Callable[..., Any], body: dict[str, Any], status: int) -> None:
    assert open_client().post(TOKENS, body).status == status


def test_a_token_is_exchanged_for_another_scope_and_keeps_its_expiry(cloud_client: Any) -> None:
    old = me(cloud_client)
    identity = {"methods": ["token"], "token": {"id": cloud_client.token}}
    answer = cloud_client.post(TOKENS, {"auth": {"identity": identity, "scope": on_project("demo")}})
    token = made(answer)
    assert token["expires_at"] == old["expires_at"] and token["audit_ids"][1] == old["audit_ids"][0]
    assert token["methods"] == ["password", "token"]


def test_tokens_survive_a_restart_until_revoked(open_client: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    client = open_client(tmp_path).log_in("demo", "demo")
    client.cloud.close()
    again = open_client(tmp_path)
    again.token = client.token
    assert again.get("/identity/v3/auth/projects").json()["projects"][0]["name"] == "demo"
    assert again.delete(TOKENS, headers={"x-subject-token": client.token}).status == 204
    assert again.get("/identity/v3/auth/projects").status == 401


def test_expired_tokens_are_worth_nothing(open_client: Callable[..., Any]) -> None:
    client = open_client(token_seconds=0).log_in("demo", "demo")
    assert client.get("/identity/v3/auth/projects").status == 401


def test_only_owner_administrators_and_services_may_validate_a_token(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    assert admin.get(TOKENS, headers={"x-subject-token": cloud_client.token}).status == 200
    assert cloud_client.get(TOKENS, headers={"x-subject-token": admin.token}).status == 403
    assert admin.get(TOKENS, headers={"x-subject-token": "made-up"}).status == 404
    assert "catalog" not in admin.get(TOKENS + "?nocatalog", headers={"x-subject-token": admin.token}).json()["token"]


def test_what_is_not_for_everybody_is_refused(cloud_client: Any) -> None:
    for path in ("users", "projects", "roles", "domains", "services", "endpoints", "role_assignments", "groups"):
        answer = cloud_client.get(f"/identity/v3/{path}")
        assert answer.status == 403 and f"identity:list_{path}" in answer.json()["error"]["message"], path
    assert cloud_client.get(f"/identity/v3/users/{me(cloud_client)['user']['id']}").status == 200


def test_people_projects_and_roles_have_a_whole_life(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    project = made(admin.post("/identity/v3/projects", {"project": {"name": "p1"}}))
    user = made(admin.post("/identity/v3/users", {"user": {"name": "u1", "password": "pw", "email": "u@x.test"}}))
    assert user["email"] == "u@x.test" and "password" not in user
    assert admin.post("/identity/v3/users", {"user": {"name": "U1", "password": "pw"}}).status == 409
    assert admin.post("/identity/v3/projects", {"project": {"name": "p1"}}).status == 409
    role = admin.get("/identity/v3/roles?name=member").json()["roles"][0]
    grant = f"/identity/v3/projects/{project['id']}/users/{user['id']}/roles/{role['id']}"
    assert admin.request("HEAD", grant).status == 404
    assert admin.put(grant).status == 204 and admin.request("HEAD", grant).status == 204
    client = cloud_client.log_in("u1", "p1", "pw")
    assert client.get("/identity/v3/auth/projects").json()["projects"][0]["id"] == project["id"]
    names = admin.get(f"/identity/v3/role_assignments?user.id={user['id']}&include_names").json()["role_assignments"]
    assert [(each["user"]["name"], each["role"]["name"], each["scope"]["project"]["name"]) for each in names] == [
        ("u1", "member", "p1")
    ]
    effective = admin.get(f"/identity/v3/role_assignments?user.id={user['id']}&include_names&effective").json()
    assert [each["role"]["name"] for each in effective["role_assignments"]] == ["member", "reader"]
    assert admin.delete(grant).status == 204
    assert client.get("/identity/v3/auth/projects").status == 401
    admin.put(grant)
    assert admin.delete(f"/identity/v3/users/{user['id']}").status == 204
    assert client.get("/identity/v3/auth/projects").status == 401
    assert admin.get(f"/identity/v3/role_assignments?user.id={user['id']}").json()["role_assignments"] == []
    assert admin.delete(f"/identity/v3/projects/{project['id']}").status == 204
    assert admin.get(f"/identity/v3/projects/{project['id']}").json()["error"]["message"] == (
        f"Could not find project: {project['id']}."
    )


def test_a_changed_password_ends_the_tokens_made_with_the_old_one(cloud_client: Any) -> None:
    path = f"/identity/v3/users/{me(cloud_client)['user']['id']}/password"
    wrong = {"user": {"original_password": "nope", "password": "new"}}
    assert cloud_client.post(path, wrong).status == 401
    assert cloud_client.post(path, {"user": {"original_password": "secret", "password": "new"}}).status == 204
    assert cloud_client.get("/identity/v3/auth/projects").status == 401
    assert cloud_client.post(TOKENS, by_password("demo")).status == 401
    assert cloud_client.post(TOKENS, by_password("demo", "new")).status == 201


def test_group_members_have_the_roles_of_their_group(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    group = made(admin.post("/identity/v3/groups", {"group": {"name": "g1"}}))
    user = made(admin.post("/identity/v3/users", {"user": {"name": "u1", "password": "pw"}}))
    project = admin.get("/identity/v3/projects?name=demo").json()["projects"][0]
    role = admin.get("/identity/v3/roles?name=reader").json()["roles"][0]
    admin.put(f"/identity/v3/projects/{project['id']}/groups/{group['id']}/roles/{role['id']}")
    assert cloud_client.post(TOKENS, by_password("u1", "pw", on_project("demo"))).status == 401
    assert admin.put(f"/identity/v3/groups/{group['id']}/users/{user['id']}").status == 204
    token = made(cloud_client.post(TOKENS, by_password("u1", "pw", on_project("demo"))))
    assert [each["name"] for each in token["roles"]] == ["reader"]
    assert [each["name"] for each in admin.get(f"/identity/v3/groups/{group['id']}/users").json()["users"]] == ["u1"]


def test_roles_on_a_domain_are_inherited_by_its_projects_when_told_so(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    user = made(admin.post("/identity/v3/users", {"user": {"name": "u1", "password": "pw"}}))
    role = admin.get("/identity/v3/roles?name=reader").json()["roles"][0]
    path = f"/identity/v3/OS-INHERIT/domains/default/users/{user['id']}/roles/{role['id']}/inherited_to_projects"
    assert admin.put(path).status == 204
    assert cloud_client.post(TOKENS, by_password("u1", "pw", on_project("demo"))).status == 201
    assert cloud_client.post(TOKENS, by_password("u1", "pw", {"domain": DEFAULT})).status == 401


def test_the_administrator_of_the_stack_domain_makes_projects_and_users_in_it(open_client: Callable[..., Any]) -> None:
    client = open_client()
    user = {"name": "heat_domain_admin", "domain": {"name": "heat"}, "password": "secret"}
    identity = {"methods": ["password"], "password": {"user": user}}
    answer = client.post(TOKENS, {"auth": {"identity": identity, "scope": {"domain": {"name": "heat"}}}})
    domain = made(answer)["domain"]["id"]
    client.token = answer.headers["x-subject-token"]
    project = made(client.post("/identity/v3/projects", {"project": {"name": "stack-1"}}))
    assert project["domain_id"] == domain and project["parent_id"] == domain
    stack_user = made(client.post("/identity/v3/users", {"user": {"name": "stack-user", "password": "x"}}))
    assert stack_user["domain_id"] == domain
    blob = '{"access": "key", "secret": "hush"}'
    given = {"type": "ec2", "user_id": stack_user["id"], "project_id": project["id"], "blob": blob}
    assert made(client.post("/identity/v3/credentials", {"credential": given}))["type"] == "ec2"
    assert client.get(f"/identity/v3/users/{stack_user['id']}/credentials/OS-EC2/key").status == 200


def test_a_domain_goes_with_all_that_is_in_it_when_disabled(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    domain = made(admin.post("/identity/v3/domains", {"domain": {"name": "d1"}}))["id"]
    made(admin.post("/identity/v3/users", {"user": {"name": "u1", "domain_id": domain}}))
    assert admin.delete(f"/identity/v3/domains/{domain}").status == 403
    assert admin.patch(f"/identity/v3/domains/{domain}", {"domain": {"enabled": False}}).status == 200
    assert admin.delete(f"/identity/v3/domains/{domain}").status == 204
    assert admin.get("/identity/v3/users?name=u1").json()["users"] == []


def test_an_application_credential_gives_a_token_for_its_project_until_it_is_deleted(cloud_client: Any) -> None:
    user_id = me(cloud_client)["user"]["id"]
    path = f"/identity/v3/users/{user_id}/application_credentials"
    given = {"name": "robot", "secret": "s3", "roles": [{"name": "reader"}]}
    credential = made(cloud_client.post(path, {"application_credential": given}))
    assert credential["secret"] == "s3"
    assert cloud_client.post(path, {"application_credential": given}).status == 409
    assert "secret" not in cloud_client.get(f"{path}/{credential['id']}").json()["application_credential"]

    def log_in(**known: Any) -> Any:
        identity = {"methods": ["application_credential"], "application_credential": known}
        return cloud_client.post(TOKENS, {"auth": {"identity": identity}})

    answer = log_in(id=credential["id"], secret="s3")
    token = made(answer)
    assert [role["name"] for role in token["roles"]] == ["reader"] and token["project"]["name"] == "demo"
    assert token["application_credential"] == {"id": credential["id"], "name": "robot", "restricted": True}
    assert log_in(name="robot", user={"id": user_id}, secret="s3").status == 201
    assert log_in(id=credential["id"], secret="wrong").status == 401
    robot = {"x-auth-token": answer.headers["x-subject-token"]}
    another = {"application_credential": {"name": "another"}}
    assert cloud_client.post(path, another, headers=robot).status == 403
    assert cloud_client.delete(f"{path}/{credential['id']}").status == 204
    assert cloud_client.get("/identity/v3/auth/projects", headers=robot).status == 401


def trust(client: Any, **given: Any) -> Any:
    admin = client.as_admin()
    trustee = admin.get("/identity/v3/users?name=heat").json()["users"][0]["id"]
    token = me(client)
    body = {
        "trustor_user_id": token["user"]["id"],
        "trustee_user_id": trustee,
        "project_id": token["project"]["id"],
        "impersonation": True,
        "roles": [{"name": "member"}],
        **given,
    }
    return client.post("/identity/v3/OS-TRUST/trusts", {"trust": body})


def use_trust(client: Any, id: str, user: str = "heat") -> Any:
    return client.post(TOKENS, by_password(user, scope={"OS-TRUST:trust": {"id": id}}))


@pytest.mark.parametrize(("impersonation", "acts_as"), [(True, "demo"), (False, "heat")])
def test_a_trust_lets_the_trustee_act_until_it_is_deleted(cloud_client: Any, impersonation: bool, acts_as: str) -> None:
    id = made(trust(cloud_client, impersonation=impersonation))["id"]
    answer = use_trust(cloud_client, id)
    token = made(answer)
    assert token["user"]["name"] == acts_as and token["project"]["name"] == "demo"
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert token["OS-TRUST:trust"]["id"] == id
    assert use_trust(cloud_client, id, "admin").status == 403
    by_trust = {"x-auth-token": answer.headers["x-subject-token"]}
    assert cloud_client.get("/image/v2/images", headers=by_trust).status == 200
    assert cloud_client.delete(f"/identity/v3/OS-TRUST/trusts/{id}").status == 204
    assert cloud_client.get("/image/v2/images", headers=by_trust).status == 401
    assert use_trust(cloud_client, id).status == 401


def test_a_trust_ends_with_a_role_of_its_trustor(cloud_client: Any) -> None:
    id = made(trust(cloud_client))["id"]
    admin, token = cloud_client.as_admin(), me(cloud_client)
    role = next(role["id"] for role in token["roles"] if role["name"] == "member")
    grant = f"/identity/v3/projects/{token['project']['id']}/users/{token['user']['id']}/roles/{role}"
    assert admin.delete(grant).status == 204
    assert use_trust(cloud_client, id).status == 401


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"roles": [{"name": "admin"}]}, 404),
        ({"roles": []}, 403),
        ({"roles": [{"name": "nonsense"}]}, 404),
        ({"trustee_user_id": "nobody"}, 404),
        ({"trustor_user_id": "somebody-else"}, 403),
        ({"impersonation": "yes"}, 400),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 400),
        ({"expires_at": "soon"}, 400),
        ({"remaining_uses": 0}, 400),
        ({"redelegation_count": 9}, 403),
        ({"project_id": ["x"]}, 404),
        ({"roles": 1}, 400),
        ({"roles": [{"name": ["member"]}]}, 400),
    ],
)
def test_impossible_trusts_are_refused(cloud_client: Any, given: dict[str, Any], status: int) -> None:
    assert trust(cloud_client, **given).status == status


def test_a_trust_can_be_used_up(cloud_client: Any) -> None:
    id = made(trust(cloud_client, remaining_uses=1))["id"]
    assert use_trust(cloud_client, id).status == 201
    assert use_trust(cloud_client, id).status == 403


def test_endpoints_can_be_added_for_services_of_others(cloud_client: Any) -> None:
    admin = cloud_client.as_admin()
    service = made(admin.post("/identity/v3/services", {"service": {"type": "rating", "name": "cloudkitty"}}))
    endpoint = {
        "service_id": service["id"],
        "interface": "public",
        "url": "http://rating/$(project_id)s",
        "region": "R2",
    }
    made(admin.post("/identity/v3/endpoints", {"endpoint": endpoint}))
    assert admin.post("/identity/v3/endpoints", {"endpoint": {**endpoint, "interface": "x"}}).status == 400
    assert admin.post("/identity/v3/endpoints", {"endpoint": {**endpoint, "service_id": "x"}}).status == 404
    token = me(cloud_client)
    urls = [each["url"] for entry in token["catalog"] if entry["type"] == "rating" for each in entry["endpoints"]]
    assert urls == [f"http://rating/{token['project']['id']}"]
    assert admin.delete(f"/identity/v3/services/{service['id']}").status == 204
    assert "rating" not in [entry["type"] for entry in me(cloud_client)["catalog"]]
