"""Specimens of the identity types."""

from collections.abc import Mapping
from typing import Any

from specimens.form import KEYSTONE, Request, Specimen, of, ref

GRANTED = [{"role": ref("role"), "project": ref("project")}]


def keystone(what: str, **fields: Any) -> Request:
    """A change of a thing of the identity service."""
    return Request("identity", "PATCH", f"/v3/{what}s/{{it}}", {what: fields})


def granted(actor: str) -> Request:
    """A role that is taken away."""
    return Request("identity", "DELETE", f"/v3/projects/{{project}}/{actor}s/{{{actor}}}/roles/{{role}}")


SPECIMENS: Mapping[str, Specimen] = {
    "OS::Keystone::Project": Specimen(
        {"tags": ["a"], "description": "mine"},
        changes={
            "tags": keystone("project", tags=[]),
            "description": keystone("project", description="other"),
            "enabled": keystone("project", enabled=False),
        },
        user="admin",
    ),
    "OS::Keystone::Domain": Specimen(
        {"enabled": False}, changes={"name": keystone("domain", name="other")}, user="admin"
    ),
    "OS::Keystone::Region": Specimen(
        {"description": "mine"}, changes={"description": keystone("region", description="other")}, user="admin"
    ),
    "OS::Keystone::Service": Specimen(
        {"type": "specimen"}, changes={"type": keystone("service", type="other")}, user="admin"
    ),
    "OS::Keystone::Endpoint": Specimen(
        {"service": ref("service"), "region": ref("region"), "interface": "public", "url": "http://there"},
        {"service": of("OS::Keystone::Service", type="other"), "region": KEYSTONE["region"]},
        updates={"url": "http://here"},
        changes={"url": keystone("endpoint", url="http://elsewhere")},
        user="admin",
    ),
    "OS::Keystone::Role": Specimen(changes={"name": keystone("role", name="other")}, user="admin"),
    "OS::Keystone::Group": Specimen(
        {"roles": GRANTED},
        {name: KEYSTONE[name] for name in ("role", "project")},
        changes={
            "name": keystone("group", name="other"),
            "roles": Request("identity", "DELETE", "/v3/projects/{project}/groups/{it}/roles/{role}"),
        },
        user="admin",
    ),
    "OS::Keystone::User": Specimen(
        {"roles": GRANTED, "groups": [ref("group")], "email": "a@b.example", "password": "secret"},
        {name: KEYSTONE[name] for name in ("role", "project", "group")},
        changes={
            "email": keystone("user", email="c@d.example"),
            "enabled": keystone("user", enabled=False),
            "roles": Request("identity", "DELETE", "/v3/projects/{project}/users/{it}/roles/{role}"),
            "groups": Request("identity", "DELETE", "/v3/groups/{group}/users/{it}"),
        },
        user="admin",
    ),
    **{
        f"OS::Keystone::{kind}RoleAssignment": Specimen(
            {kind.lower(): ref(kind.lower()), "roles": GRANTED},
            {name: KEYSTONE[name] for name in ("role", "project", kind.lower())},
            removal=granted(kind.lower()),
            user="admin",
        )
        for kind in ("User", "Group")
    },
}
