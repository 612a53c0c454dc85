"""The dashboard as a browser meets it: its pages, the way in and out, and what the token it gets is good for."""

import re
from urllib.parse import urljoin

import pytest
import requests
from acceptance_hearth import Hearth

ADMIN = {"user": "admin", "password": "secret", "user_domain": "Default"}
DEMO = {"user": "demo", "password": "secret"}


@pytest.fixture
def page(hearth: Hearth) -> str:
    return f"{hearth.url}/dashboard/"


def enter(page: str, given: object) -> requests.Response:
    return requests.post(f"{page}session", json=given, timeout=60)


def test_the_page_brings_all_that_it_names_and_lets_no_other_script_run(hearth: Hearth, page: str) -> None:
    found = requests.get(f"{hearth.url}/dashboard", timeout=60)
    assert (found.url, found.status_code) == (page, 200)
    assert "default-src 'none'; script-src 'self'" in found.headers["Content-Security-Policy"]
    names = re.findall(r'(?:src|href)="([^"]+)"', found.text)
    assert names
    while names:
        one = requests.get(urljoin(page, name := names.pop()), timeout=60)
        assert one.status_code == 200, name
        names += [urljoin(one.url, more) for more in re.findall(r'^import .* from "(\./[^"]+)"', one.text, re.M)]
    again = requests.get(page, headers={"If-None-Match": found.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")
    assert requests.get(f"{page}app.py", timeout=60).status_code == 404
    assert requests.get(f"{page}..%2fapp.py", timeout=60).status_code == 404


def test_who_signs_in_may_ask_the_api_where_the_page_says_it_is(page: str) -> None:
    entered = enter(page, DEMO)
    assert (entered.status_code, entered.headers["Cache-Control"]) == (200, "no-store")
    session = entered.json()
    assert (session["user"], session["project"]["name"]) == ("demo", "demo")
    place = re.search(r'name="hearth-api" content="([^"]+)"', requests.get(page, timeout=60).text)
    assert place is not None
    stacks = f"{urljoin(page, place[1])}/v1/{session['project']['id']}/stacks"
    headers = {"X-Auth-Token": session["token"]}
    assert requests.get(stacks, headers=headers, timeout=60).status_code == 200
    other = enter(page, {"token": session["token"], "project_id": session["project"]["id"]})
    assert other.json()["project"] == session["project"]
    assert requests.delete(f"{page}session", headers=headers, timeout=60).status_code == 204
    assert enter(page, {"token": session["token"]}).status_code == 401


def test_who_has_several_projects_chooses(hearth: Hearth, page: str) -> None:
    admin = ["--os-cloud", "hearth-admin"]
    made = hearth.openstack(*admin, "project", "create", "second")["id"]
    hearth.openstack(*admin, "role", "add", "--user", "demo", "--project", made, "member", fmt=False)
    try:
        several = enter(page, DEMO).json()
        assert [one["name"] for one in several["projects"]] == ["demo", "second"]
        chosen = enter(page, {"token": several["token"], "project_id": made})
        assert chosen.json()["project"] == {"id": made, "name": "second"}
    finally:
        hearth.openstack(*admin, "project", "delete", made, fmt=False)


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"user": "demo", "password": "wrong"}, 401, "refuses these credentials"),
        ({"user": "nobody", "password": "secret"}, 401, "refuses these credentials"),
        ({**DEMO, "user_domain": "nowhere"}, 401, "refuses these credentials"),
        ({**DEMO, "project_id": "nowhere"}, 401, "refuses these credentials"),
        ({"user": "heat_domain_admin", "password": "secret", "user_domain": "heat"}, 403, "a role in no project"),
        ({"token": "no\ntoken"}, 400, "token"),
        ({"user": "demo"}, 400, "user name and a password"),
        ({"user": ["demo"], "password": "secret"}, 400, "user"),
        ({"user": "x" * 9000, "password": "secret"}, 400, "8192"),
        ({"user": "x" * 40000, "password": "secret"}, 413, "32768"),
        ([], 400, "object"),
    ],
)
def test_who_is_not_let_in_is_told_why(page: str, given: object, status: int, said: str) -> None:
    refused = enter(page, given)
    assert (refused.status_code, said in refused.json()["error"]["message"]) == (status, True), refused.text
    assert "secret" not in refused.text


def test_other_sites_cannot_sign_a_browser_in(page: str) -> None:
    form = requests.post(f"{page}session", data='{"user": "demo", "password": "secret"}', timeout=60)
    assert form.status_code == 415
    broken = requests.post(f"{page}session", data="{", headers={"Content-Type": "application/json"}, timeout=60)
    assert (broken.status_code, "JSON" in broken.json()["error"]["message"]) == (400, True)
