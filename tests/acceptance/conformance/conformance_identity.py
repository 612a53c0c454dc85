"""A life in Keystone: tokens, projects, users, groups, roles, application credentials, EC2 credentials, trusts."""

from typing import Any

from conformance_stage import NAME, PASSWORD, Stage


def live(stage: Stage) -> None:
    """Run it."""
    _tokens(stage)
    _directory(stage)
    _roles(stage)
    _credentials(stage)
    _trusts(stage)


def _password(stage: Stage, scope: dict[str, Any] | None = None, password: str = PASSWORD) -> dict[str, Any]:
    user = {"name": NAME, "domain": {"id": "default"}, "password": password}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, **(scope or {})}}


def _tokens(stage: Stage) -> None:
    scope: dict[str, Any] = {"scope": {"project": {"id": stage.project.id}}}
    stage.cli("token issue", tokens=True)
    unscoped = stage.api("unscoped token", "POST identity /auth/tokens", _password(stage), token="")
    issued = stage.api("scoped token", "POST identity /auth/tokens", _password(stage, scope), token="")
    token = issued.headers["X-Subject-Token"]
    stage.api("token shows itself", "GET identity /auth/tokens", headers={"X-Subject-Token": token})
    stage.api("token is checked", "HEAD identity /auth/tokens", headers={"X-Subject-Token": token})
    stage.api("catalog", "GET identity /auth/catalog")
    stage.api("projects to choose", "GET identity /auth/projects", token=unscoped.headers["X-Subject-Token"])
    rescoped = {"identity": {"methods": ["token"], "token": {"id": token}}, **scope}
    stage.api("token for token", "POST identity /auth/tokens", {"auth": rescoped}, token="")
    stage.api("token is revoked", "DELETE identity /auth/tokens", token=token, headers={"X-Subject-Token": token})
    stage.api("revoked token", "GET identity /auth/projects", token=token)
    stage.api("wrong password", "POST identity /auth/tokens", _password(stage, scope, "wrong"), token="")
    elsewhere: dict[str, Any] = {"scope": {"project": {"name": "cf-nowhere", "domain": {"id": "default"}}}}
    stage.api("unknown project", "POST identity /auth/tokens", _password(stage, elsewhere), token="")
    stage.api("no method", "POST identity /auth/tokens", {"auth": {"identity": {"methods": []}}}, token="")
    stage.api("no body", "POST identity /auth/tokens", {}, token="")
    stage.api("no token", "GET identity /auth/projects", token="")
    stage.api("bad token", "GET identity /users", token="nonsense")
    stage.cli("versions show --service identity", admin=True)
    stage.cli("catalog show identity")


def _directory(stage: Stage) -> None:
    stage.cli("domain create --description first cf-domain", admin=True)
    stage.cli("domain show cf-domain", admin=True)
    stage.cli("domain set --disable cf-domain", admin=True)
    stage.cli("domain list", admin=True)
    stage.cli(
        "project create --domain default --description first --property color=red --tag one cf-project", admin=True
    )
    stage.cli("project set --description second --tag two cf-project", admin=True)
    stage.cli("project show cf-project", admin=True)
    stage.cli("project create --domain default cf-project", admin=True)
    stage.cli("project list --long", admin=True)
    stage.cli("project show cf-nowhere", admin=True)
    stage.cli(
        "user create --domain default --project cf-project --password one --email a@b.example cf-user", admin=True
    )
    stage.cli("user create --domain default --password one cf-user", admin=True)
    stage.cli("user set --description second --disable cf-user", admin=True)
    stage.cli("user set --enable cf-user", admin=True)
    stage.cli("user show cf-user", admin=True)
    stage.cli("user list --long", admin=True)
    stage.cli("user list")
    stage.cli("user create cf-other --password one")
    stage.cli("user show cf-nobody", admin=True)
    stage.api("user of no name", "POST identity /users", {"user": {}}, admin=True)
    stage.api("project of a long name", "POST identity /projects", {"project": {"name": "n" * 65}}, admin=True)
    stage.api("unknown user", "GET identity /users/0123456789abcdef0123456789abcdef", admin=True)
    stage.cli("group create --domain default --description first cf-group", admin=True)
    stage.cli("group add user cf-group cf-user", admin=True)
    stage.cli("group contains user cf-group cf-user", admin=True)
    stage.cli("group show cf-group", admin=True)
    stage.cli("group remove user cf-group cf-user", admin=True)
    stage.cli("group contains user cf-group cf-user", admin=True)
    stage.cli("group set --description second cf-group", admin=True)
    stage.cli("group delete cf-group", admin=True)
    stage.cli("domain delete cf-domain", admin=True)
    stage.cli("service list", admin=True)
    stage.cli("endpoint list", admin=True)
    stage.cli("region list", admin=True)
    stage.cli("region show RegionOne", admin=True)


def _roles(stage: Stage) -> None:
    stage.cli("role create cf-role", admin=True)
    stage.cli("role create cf-role", admin=True)
    stage.cli("role show cf-role", admin=True)
    stage.cli("role list", admin=True)
    stage.cli("role set --description second cf-role", admin=True)
    stage.cli("role add --project cf-project --user cf-user cf-role", admin=True)
    stage.cli("role assignment list --project cf-project --names", admin=True)
    stage.cli("role assignment list --user cf-user", admin=True)
    stage.cli("role assignment list --user cf-user --effective", admin=True)
    stage.cli("role remove --project cf-project --user cf-user cf-role", admin=True)
    stage.cli("role remove --project cf-project --user cf-user cf-role", admin=True)
    stage.cli("implied role list", admin=True)
    stage.cli("role delete cf-role", admin=True)
    stage.cli("role show cf-role", admin=True)
    stage.cli("user delete cf-user", admin=True)
    stage.cli("project delete cf-project", admin=True)
    stage.cli("project delete cf-project", admin=True)


def _credentials(stage: Stage) -> None:
    stage.cli("application credential create --description first --secret hidden cf-app")
    stage.cli("application credential create cf-app")
    stage.cli("application credential create --role admin cf-greedy")
    stage.cli("application credential show cf-app")
    stage.cli("application credential list")
    made = stage.member.identity.find_application_credential(stage.user, "cf-app", ignore_missing=False)
    secret = {"id": made.id, "secret": "hidden"}
    wanted: dict[str, Any] = {"identity": {"methods": ["application_credential"], "application_credential": secret}}
    issued = stage.api("token of application credential", "POST identity /auth/tokens", {"auth": wanted}, token="")
    mine = f"/users/{stage.user.id}/application_credentials"
    another = {"application_credential": {"name": "cf-second", "roles": [{"name": "member"}]}}
    token = issued.headers["X-Subject-Token"]
    stage.api("application credential makes another", f"POST identity {mine}", another, token=token)
    wrong = {"identity": {**wanted["identity"], "application_credential": {**secret, "secret": "wrong"}}}
    stage.api("wrong secret", "POST identity /auth/tokens", {"auth": wrong}, token="")
    stage.cli("application credential delete cf-app")
    stage.cli("application credential show cf-app")
    ec2 = stage.cli("ec2 credentials create")
    stage.cli("ec2 credentials list")
    stage.cli(f"ec2 credentials show {ec2['access']}")
    signed = {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "AWSAccessKeyId": ec2["access"]}
    request = {"access": ec2["access"], "signature": "no", "host": "h", "verb": "GET", "path": "/", "params": signed}
    stage.api("bad EC2 signature", "POST identity /ec2tokens", {"credentials": request}, admin=True)
    stage.cli(f"ec2 credentials delete {ec2['access']}")
    stage.cli(f"ec2 credentials show {ec2['access']}")
    stage.cli("credential create --type cert conformance blob", admin=True)
    mine_only = f"/credentials?user_id={stage.user.id}"
    for each in stage.api("credentials of a user", f"GET identity {mine_only}", admin=True).json()["credentials"]:
        stage.api("credential goes", f"DELETE identity /credentials/{each['id']}", admin=True)


def _trusts(stage: Stage) -> None:
    admin = stage.admin.current_user_id
    trust = {
        "trustor_user_id": stage.user.id,
        "trustee_user_id": admin,
        "project_id": stage.project.id,
        "impersonation": True,
        "roles": [{"name": "member"}],
    }
    made = stage.api("trust", "POST identity /OS-TRUST/trusts", {"trust": trust}).json()["trust"]
    stage.api("trust with too much", "POST identity /OS-TRUST/trusts",
              {"trust": {**trust, "roles": [{"name": "admin"}]}})  # fmt: skip
    stage.api("trust of another", "POST identity /OS-TRUST/trusts", {"trust": {**trust, "trustor_user_id": admin}})
    stage.api("trust is shown", f"GET identity /OS-TRUST/trusts/{made['id']}")
    stage.api("trusts of the trustor", f"GET identity /OS-TRUST/trusts?trustor_user_id={stage.user.id}")
    stage.api("roles of a trust", f"GET identity /OS-TRUST/trusts/{made['id']}/roles")
    by_trust = {"identity": {"methods": ["token"], "token": {"id": stage.admin.auth_token}},
                "scope": {"OS-TRUST:trust": {"id": made["id"]}}}  # fmt: skip
    stage.api("token of a trust", "POST identity /auth/tokens", {"auth": by_trust}, token="")
    by_other = {**by_trust, "identity": {"methods": ["token"], "token": {"id": stage.member.auth_token}}}
    stage.api("token of a trust for another", "POST identity /auth/tokens", {"auth": by_other}, token="")
    stage.cli("trust create --project conformance --role member conformance admin")
    stage.cli("trust list", admin=True)
    stage.api("trust goes", f"DELETE identity /OS-TRUST/trusts/{made['id']}")
    stage.api("trust is gone", f"GET identity /OS-TRUST/trusts/{made['id']}")
