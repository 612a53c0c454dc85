"""An operator's heat.conf is understood, and what is wrong in it is named."""

import pathlib
from typing import Any

import pytest

from hearth.cloud import config

HEAT_CONF = """
[DEFAULT]
region_name_for_services = RegionOne
region_name_for_shared_services = Shared
trusts_delegated_roles = member,reader
an_option_nobody_knows = 1
[keystone_authtoken]
auth_type = password
auth_url = http://keystone:5000/v3
username = heat
password = secret
project_name = service
user_domain_name = Default
project_domain_name = Default
memcached_servers = 127.0.0.1:11211
insecure = true
[trustee]
auth_type = password
auth_url = http://keystone:5000
username = trustee
password = secret
user_domain_id = default
[clients]
endpoint_type = internalURL
[clients_nova]
endpoint_type = adminURL
insecure = true
[clients_heat]
url = http://heat:8004/v1/%(tenant_id)s
"""


def written(folder: pathlib.Path, text: str) -> list[str]:
    path = folder / "heat.conf"
    path.write_text(text)
    return [str(path)]


def test_a_heat_conf_is_read(tmp_path: pathlib.Path) -> None:
    conf = config.load(written(tmp_path, HEAT_CONF))
    cloud = config.cloud_settings(conf)
    assert cloud.auth_url == "http://keystone:5000/v3"
    assert cloud.service.options["project_name"] == "service"
    assert cloud.trustee is not None
    assert cloud.trustee.options["username"] == "trustee"
    assert cloud.region == "RegionOne"
    assert cloud.regions == {"image": "Shared", "block-storage": "Shared"}
    assert cloud.interface == "internal"
    assert cloud.interfaces == {"compute": "admin"}
    assert cloud.tls_by_service["compute"].insecure
    assert "network" not in cloud.tls_by_service
    assert cloud.endpoint_overrides == {"orchestration": "http://heat:8004/v1/%(tenant_id)s"}
    assert cloud.trusts_delegated_roles == ("member", "reader")
    asking = config.validator_settings(conf)
    assert asking.tls.insecure
    assert asking.interface == "internal"
    assert config.token_rules(conf).www_authenticate_uri == "http://keystone:5000/v3"


def test_settings_show_no_passwords(tmp_path: pathlib.Path) -> None:
    conf = config.load(written(tmp_path, HEAT_CONF))
    assert "secret" not in repr(config.cloud_settings(conf))


def test_overrides_are_stronger_than_files(tmp_path: pathlib.Path) -> None:
    overrides: dict[str, dict[str, Any]] = {
        "DEFAULT": {"max_json_body_size": 99},
        "keystone_authtoken": {"auth_type": "password", "auth_url": "http://other/v3"},
    }
    conf = config.load(written(tmp_path, HEAT_CONF), overrides)
    assert conf.max_json_body_size == 99
    assert config.cloud_settings(conf).auth_url == "http://other/v3"


BAD_FILES = [
    ("[yaql]\nmemory_quota = much", ["[yaql] memory_quota", "much"]),
    ("[clients]\nendpoint_type = outside", ["[clients] endpoint_type", "outside", "publicURL"]),
    ("[DEFAULT]\nmax_server_name_length = 99", ["[DEFAULT] max_server_name_length", "53"]),
    ("no section", ["heat.conf"]),
]


@pytest.mark.parametrize(("text", "parts"), BAD_FILES)
def test_what_is_wrong_is_named(tmp_path: pathlib.Path, text: str, parts: list[str]) -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.load(written(tmp_path, text))
    for part in parts:
        assert part in str(caught.value)


def test_certificates_that_cannot_be_read_are_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for text, file in (
        ("[clients]\nca_file = /no/such.pem", "/no/such.pem"),
        (f"[clients_nova]\ncert_file = {tmp_path}/empty.pem", "empty.pem"),
    ):
        conf = config.load(written(tmp_path, f"{HEAT_CONF}\n{text}"))
        with pytest.raises(config.ConfigError, match=rf"\[{text[1:].partition(']')[0]}\].*{file}"):
            config.cloud_settings(conf)


def test_a_missing_service_user_is_named() -> None:
    with pytest.raises(config.ConfigError, match=r"\[keystone_authtoken\] auth_type is not set"):
        config.cloud_settings(config.load())


def test_an_unknown_plugin_is_named() -> None:
    with pytest.raises(config.ConfigError, match="no authentication plugin 'magic'"):
        config.load(overrides={"trustee": {"auth_type": "magic"}})


def test_a_missing_keystone_is_named() -> None:
    conf = config.load(overrides={"keystone_authtoken": {"auth_type": "password", "username": "heat"}})
    with pytest.raises(config.ConfigError, match=r"\[keystone_authtoken\] auth_url is not set"):
        config.cloud_settings(conf)


def test_a_wrong_network_is_named() -> None:
    conf = config.load(overrides={"DEFAULT": {"template_fetch_denied_networks": ["10.0.0.0/99"]}})
    with pytest.raises(config.ConfigError, match=r"10\.0\.0\.0/99"):
        config.fetch_rules(conf)


def test_what_services_may_be_asked_for_and_what_is_logged(tmp_path: pathlib.Path) -> None:
    text = (
        "[DEFAULT]\nmax_nova_api_microversion = 2.60\nmax_cinder_api_microversion = 3.latest\n"
        "[clients_cinder]\nhttp_log_debug = 1\n"
    )
    chosen = config.cloud_settings(config.load(written(tmp_path, text + HEAT_CONF)))
    assert {kind: cap.version for kind, cap in chosen.highest_microversions.items()} == {"compute": "2.60"}
    assert chosen.logged == {"block-storage"}
