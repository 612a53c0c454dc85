"""What `hearth keystone setup` does to a Keystone: all that is missing, nothing twice, nothing in a dry run."""

import json
from typing import Any

import pytest

from hearth.cli import keystone_setup, problems

URLS = dict.fromkeys(("public", "internal", "admin"), "http://here:8004/v1/%(tenant_id)s")
CFN_URLS = dict.fromkeys(("public", "internal", "admin"), "http://here:8000/v1")
WATCHED = ("roles", "projects", "users", "domains", "services", "endpoints", "role_assignments")


class Keystone:
    """Keystone as its administrator."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, method: str, path: str, *, json: Any = None) -> tuple[int, Any]:
        answer = self.client.request(method, f"/identity/v3{path}", json)
        return answer.status, decoded(answer.body)

    def everything(self) -> dict[str, Any]:
        return {one: self("GET", f"/{one}")[1][one] for one in WATCHED}


def decoded(body: bytes) -> Any:
    return json.loads(body) if body else None


@pytest.fixture
def keystone(cloud_client: Any) -> Keystone:
    return Keystone(cloud_client.log_in("admin", "admin"))


def wanted(**more: Any) -> keystone_setup.Wanted:
    named = {
        "service": "hearth",
        "cfn_service": "hearth-cfn",
        "user": "hearth",
        "stack_domain": "guests",
        "domain_admin": "host",
        "owner_role": "owner",
        "user_role": "guest",
    }
    return keystone_setup.Wanted("RegionTwo", URLS, CFN_URLS, **{**named, **more})


def done(keystone: Keystone, asked: keystone_setup.Wanted, *, dry_run: bool = False) -> keystone_setup.Setup:
    doing = keystone_setup.Setup(keystone, asked, dry_run)
    doing.run()
    return doing


def test_a_dry_run_tells_what_a_run_does_and_does_nothing(keystone: Keystone) -> None:
    before = keystone.everything()
    told = done(keystone, wanted(), dry_run=True)
    assert keystone.everything() == before
    made = done(keystone, wanted())
    assert made.deeds == told.deeds
    assert {deed.done for deed in made.deeds} == {"there", "made"}


def test_a_second_run_changes_nothing(keystone: Keystone) -> None:
    first = done(keystone, wanted())
    before = keystone.everything()
    second = done(keystone, wanted(password=first.password, domain_admin_password=first.domain_admin_password))
    assert {deed.done for deed in second.deeds} == {"there"}
    assert keystone.everything() == before
    third = done(keystone, wanted())
    assert third.password is None
    assert keystone.everything() == before


def test_who_was_made_can_do_what_it_is_for(keystone: Keystone, cloud_client: Any) -> None:
    made = done(keystone, wanted(password="first", domain_admin_password="second"))
    assert cloud_client.log_in("hearth", "service", "first").get("/identity/v3/users").status == 200
    text = keystone_setup.snippet(made, "http://here:5000", "k" * 32)
    for line in ("stack_domain_admin_password = second", "heat_stack_user_role = guest", "password = first"):
        assert line in text.splitlines()


def test_an_endpoint_of_another_address_is_changed_and_a_password_that_does_not_fit_set(keystone: Keystone) -> None:
    done(keystone, wanted(password="first"))
    urls = {**URLS, "public": "https://heat.example.org/v1/%(tenant_id)s"}
    again = keystone_setup.Setup(
        keystone,
        keystone_setup.Wanted(
            "RegionTwo", urls, CFN_URLS, service="hearth", cfn_service="hearth-cfn", user="hearth", password="new"
        ),
        False,
    )
    again.run()
    changed = {deed.kind: deed.name for deed in again.deeds if deed.done == "changed"}
    assert changed.keys() == {"endpoint", "user"}
    assert "it was http://here:8004" in changed["endpoint"]
    _, body = keystone("GET", "/endpoints")
    assert [one["url"] for one in body["endpoints"] if one["url"].startswith("https://heat")] == [urls["public"]]


def test_a_service_that_is_there_is_taken(keystone: Keystone) -> None:
    before = keystone("GET", "/services")[1]["services"]
    done(keystone, wanted(service=None, cfn_service=None))
    assert keystone("GET", "/services")[1]["services"] == before


def test_refusals_are_told(cloud_client: Any) -> None:
    member = Keystone(cloud_client.log_in("demo", "demo"))
    with pytest.raises(problems.CliError, match="Keystone refused"):
        done(member, wanted())
    with pytest.raises(problems.CliError, match="no domain nowhere"):
        done(Keystone(cloud_client.log_in("admin", "admin")), wanted(domain="nowhere"))


def test_a_region_without_the_services_that_stacks_use_is_told(keystone: Keystone) -> None:
    first = done(keystone, wanted(), dry_run=True)
    assert first.lacking
    assert done(keystone, wanted()).lacking
    services = {one["type"]: one["id"] for one in keystone("GET", "/services")[1]["services"]}
    body = {"service_id": services["compute"], "interface": "public", "url": "http://there", "region_id": "RegionTwo"}
    assert keystone("POST", "/endpoints", json={"endpoint": body})[0] == 201
    assert not done(keystone, wanted()).lacking
