"""Endpoints are found under any name of a service, and paths are joined to them once."""

from typing import Any

import pytest

from hearth.cloud import catalog, settings

URLS = [
    ("network", "http://h:9696", "/v2.0/networks", "http://h:9696/v2.0/networks"),
    ("network", "http://h:9696/v2.0/", "/v2.0/networks", "http://h:9696/v2.0/networks"),
    ("network", "http://h/network", "/networks", "http://h/network/v2.0/networks"),
    ("compute", "http://h/compute/v2.1", "/servers/a", "http://h/compute/v2.1/servers/a"),
    ("compute", "http://h/compute", "servers", "http://h/compute/v2.1/servers"),
    ("image", "http://h/image/v2", "/v2/images", "http://h/image/v2/images"),
    ("identity", "http://h/identity", "/v3/users", "http://h/identity/v3/users"),
    ("identity", "http://h/identity/v3", "/v3/users", "http://h/identity/v3/users"),
    ("volumev3", "http://h/volume/v3/p", "/volumes", "http://h/volume/v3/p/volumes"),
    ("volume", "http://h/volume", "/volumes", "http://h/volume/v3/p/volumes"),
    ("object-store", "http://h/v1/AUTH_p", "/c/an object", "http://h/v1/AUTH_p/c/an%20object"),
    ("object-store", "http://h/v1/AUTH_p", "", "http://h/v1/AUTH_p"),
    ("object-store", "http://h/v1/AUTH_p", "/c/a%2Fb", "http://h/v1/AUTH_p/c/a%2Fb"),
    ("made-up", "http://h/x", "/things", "http://h/x/things"),
]


@pytest.mark.parametrize(("service", "endpoint", "path", "expected"), URLS)
def test_url(service: str, endpoint: str, path: str, expected: str) -> None:
    assert catalog.url(service, endpoint, path, "p") == expected


def entry(kind: str, **urls: str) -> dict[str, Any]:
    """A catalog entry; keys are interface__region."""
    return {
        "type": kind,
        "endpoints": [
            {"interface": key.split("__")[0], "region_id": key.split("__")[1], "url": url} for key, url in urls.items()
        ],
    }


NETWORK = [entry("network", public__One="http://1", internal__One="http://2", public__Two="http://3")]
CHOICES: list[tuple[dict[str, Any], str | None]] = [
    ({}, "http://1"),
    ({"region": "One"}, "http://1"),
    ({"region": "Two"}, "http://3"),
    ({"region": "Three"}, None),
    ({"region": "One", "regions": {"network": "Two"}}, "http://3"),
    ({"region": "One", "interface": "internal"}, "http://2"),
    ({"region": "One", "interfaces": {"network": "internal"}}, "http://2"),
    ({"region": "One", "interface": "admin"}, None),
]


def options(**more: Any) -> settings.CloudSettings:
    return settings.CloudSettings("http://key:5000", settings.AuthSection("password", {}), **more)


@pytest.mark.parametrize(("chosen", "url"), CHOICES)
def test_region_and_interface_choose_the_endpoint(chosen: dict[str, Any], url: str | None) -> None:
    assert catalog.endpoints(NETWORK, options(**chosen)).get("network") == url


def test_keystone_is_known_without_a_catalog() -> None:
    assert catalog.endpoints((), options()) == {"identity": "http://key:5000/v3"}


def test_the_best_of_several_names_wins() -> None:
    listed = [entry("volumev2", public__One="http://2"), entry("volumev3", public__One="http://3")]
    assert catalog.endpoints(listed, options())["block-storage"] == "http://3"


@pytest.mark.parametrize(
    ("service", "headers"),
    [
        ("compute", {"OpenStack-API-Version": "compute 2.90"}),
        ("volumev3", {"OpenStack-API-Version": "volume 2.90"}),
        ("sharev2", {"X-OpenStack-Manila-API-Version": "2.90"}),
    ],
)
def test_microversion_headers(service: str, headers: dict[str, str]) -> None:
    assert catalog.microversion_headers(service, "2.90") == headers
