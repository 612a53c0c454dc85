import pytest

from hearth.localcloud.core import router, service

ROUTES = [
    service.Route(method, path, lambda call: None)
    for method, path in (
        ("GET", "/"),
        ("GET", "/v2"),
        ("GET", "/v2/things"),
        ("POST", "/v2/things"),
        ("GET", "/v2/things/detail"),
        ("GET", "/v2/things/{id}"),
        ("PUT", "/v2/things/{id}/tags/{tag}"),
        ("GET", "/v1/{account}/{container}"),
        ("GET", "/v1/{account}/{container}/{object:path}"),
    )
]


@pytest.mark.parametrize(
    ("method", "path", "route", "params"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/v2/", "/v2", {}),
        ("HEAD", "/v2/things", "/v2/things", {}),
        ("GET", "/v2/things/detail", "/v2/things/detail", {}),
        ("GET", "/v2/things/x", "/v2/things/{id}", {"id": "x"}),
        ("PUT", "/v2/things/detail/tags/t", "/v2/things/{id}/tags/{tag}", {"id": "detail", "tag": "t"}),
        ("GET", "/v1/a/c/", "/v1/{account}/{container}", {"account": "a", "container": "c"}),
        (
            "GET",
            "/v1/a/c/x//y/",
            "/v1/{account}/{container}/{object:path}",
            {"account": "a", "container": "c", "object": "x//y/"},
        ),
    ],
)
def test_paths_find_their_route(method: str, path: str, route: str, params: dict[str, str]) -> None:
    found = router.Router(ROUTES).find(method, path)
    assert isinstance(found, tuple)
    assert (found[0].path, found[1]) == (route, params)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v2/things", {"GET", "POST"}),
        ("GET", "/v3", set()),
        ("GET", "/v2/things/x/tags", set()),
        ("GET", "/v2//x", set()),
    ],
)
def test_other_paths_tell_what_is_allowed(method: str, path: str, allowed: set[str]) -> None:
    assert router.Router(ROUTES).find(method, path) == allowed
