"""What is wrong with configuration files is told with its place; every option of Heat is heeded, or said why not."""

import json
import pathlib
from typing import Any

import pytest

from hearth.cloud import config, config_check, options

_FACTS = json.loads((pathlib.Path(__file__).parents[2] / "facts" / "config_options.json").read_text())
#: A value other than the default, by type.
_OTHER = {"str": "other", "int": "7", "float": "7.5", "bool": "", "list": "one,two", "uri": "http://elsewhere:8000"}
#: Values for options that take only some.
_CHOSEN = {
    "clients.endpoint_type": "internalURL",
    "endpoint_type": "internalURL",
    "DEFAULT.reauthentication_auth_method": "trusts",
    "DEFAULT.default_deployment_signal_transport": "HEAT_SIGNAL",
    "DEFAULT.default_software_config_transport": "POLL_SERVER_HEAT",
    "DEFAULT.default_user_data_format": "RAW",
    "DEFAULT.deferred_auth_method": "password",
    "DEFAULT.server_keystone_endpoint_type": "internal",
    "DEFAULT.heat_waitcondition_server_url": "http://elsewhere:8000/v1/waitcondition",
    "trustee.auth_type": "v3password",
    **{f"DEFAULT.max_{one}_api_microversion": "2.60" for one in ("cinder", "ironic", "nova")},
}
#: The last word on each option of Heat that has no effect; an option that comes to be heeded leaves this list.
_EFFECTLESS = {
    "cloud_backend",
    "engine_life_check_timeout",
    "instance_connection_https_validate_certificates",
    "instance_connection_is_secure",
    "keystone_backend",
    "loadbalancer_template",
    "max_interface_check_attempts",
    "template_dir",
}
_EFFECTLESS_OF_DATABASE = {
    "asyncio_connection",
    "asyncio_slave_connection",
    "backend",
    "db_inc_retry_interval",
    "db_max_retries",
    "db_max_retry_interval",
    "db_retry_interval",
    "mysql_sql_mode",
    "sqlite_synchronous",
    "synchronous_reader",
    "use_db_reconnect",
}
_EFFECTLESS_SECTIONS = {
    "constraint_validation_cache",
    "ec2authtoken",
    "noauth",
    "resource_finder_cache",
    "service_extension_cache",
}


def _rows() -> list[tuple[str, str, dict[str, Any]]]:
    rows = [(section, name, fact) for section, of in _FACTS["options"].items() for name, fact in of.items()]
    for section in _FACTS["client_sections"]:
        rows += [
            (section, name, _FACTS["options"]["clients"].get(name, {"type": "bool", "default": False}))
            for name in _FACTS["client_options"]
        ]
    return rows


def _heeded(section: str, name: str) -> bool:
    if section == "database":
        return name not in _EFFECTLESS_OF_DATABASE
    if section == "DEFAULT":
        return name not in _EFFECTLESS
    if section == "paste_deploy":
        return name == "flavor"
    return section not in _EFFECTLESS_SECTIONS


def _value(section: str, name: str, fact: dict[str, Any]) -> str:
    chosen = _CHOSEN.get(f"{section}.{name}") or (_CHOSEN.get(name) if section.startswith("clients_") else None)
    if chosen is not None:
        return chosen
    if fact["type"] == "bool":
        return "false" if fact["default"] else "true"
    return _OTHER[fact["type"]]


@pytest.mark.parametrize(("section", "name", "fact"), _rows())
def test_every_option_of_heat_is_heeded_or_said_why_not(
    tmp_path: pathlib.Path, section: str, name: str, fact: dict[str, Any]
) -> None:
    path = tmp_path / "heat.conf"
    text = f"[{section}]\n{name} = {_value(section, name, fact)}\n"
    if section == "trustee" and name != "auth_type":
        text += "auth_type = password\n"
    if section == "auth_password":
        text += "[paste_deploy]\nflavor = standalone\n"
    path.write_text(text)
    found = config_check.check([str(path)])
    if _heeded(section, name):
        assert found == []
        conf = config.load([str(path)])
        known = {(where, option.dest): option for where, option in config.every_option(conf)}
        option = known[section, name]
        assert config.origin(conf, section, option) == "file"
        assert config.value(conf, section, option) != option.default
    else:
        (problem,) = found
        assert not problem.is_error
        assert problem.line == 2
        assert f"[{section}]" in problem.message
        assert "has no effect: " in problem.message


def test_the_document_names_all_that_have_no_effect() -> None:
    text = (pathlib.Path(__file__).parents[3] / "docs" / "compatibility.md").read_text()
    told = text.partition("## Options without effect")[2].partition("\n## ")[0]
    named = {*_EFFECTLESS, *_EFFECTLESS_OF_DATABASE, *(f"[{section}]" for section in _EFFECTLESS_SECTIONS)}
    assert {one for one in named if f"`{one}`" not in told} == set()


@pytest.mark.parametrize(("section", "name", "fact"), _rows())
def test_defaults_are_those_of_heat(section: str, name: str, fact: dict[str, Any]) -> None:
    own = {option.dest: option.default for option in options.DECLARED.get(section, ())}
    if name in own and name not in ("host", "plugin_dirs"):  # the machine's name; Hearth's folders are its own
        assert own[name] == fact["default"]


CASES = [
    ("[DEFAULT]\nmax_stack_per_tenant = 5", 2, True, "Did you mean max_stacks_per_tenant?"),
    ("[clients_nva]\ninsecure = true", 2, True, "Did you mean [clients_nova]?"),
    ("[DEFAULT]\nwww_authenticate_uri = http://k", 2, True, "It belongs into [keystone_authtoken]."),
    ("[DEFAULT]\n\n# a word\nmax_template_size = big", 4, True, "'big' cannot be used"),
    ("[DEFAULT]\nengine_life_check_timeout = 9", 2, False, "nobody has to be asked whether it lives"),
    ("[keystone_authtoken]\nauth_uri = http://k", 2, False, "is called www_authenticate_uri now"),
    ("[keystone_authtoken]\nidentity_uri = http://k", 2, False, "has no effect: auth_url"),
    ("[oslo_messaging_rabbit]\nssl = true\nrabbit_retry_interval = 1", 3, False, "rabbit_retry_interval has no effect"),
    ("[ec2authtoken.other]\nauth_uri = http://k", 2, False, "[ec2authtoken.other] has no effect"),
    (
        "[paste_deploy]\nflavor = noauth",
        2,
        False,
        "flavor = noauth has no effect: every request is checked by Keystone",
    ),
    ("[paste_deploy]\nflavor = custombackend", 2, False, "no other backend can be plugged in"),
    (
        "[auth_password]\nmulti_cloud = false\nallowed_auth_uris = http://k\n",
        3,
        False,
        "[auth_password] has no effect without [paste_deploy] flavor = standalone",
    ),
    ("[database]\nmax_pool_size = -1", 2, True, "'-1' cannot be used"),
    ("[database]\nidle_timeout = 60", 2, False, "idle_timeout is called connection_recycle_time now"),
    ("[ssl]\nversion = TLSv1", 2, False, "[ssl] version = TLSv1 has no effect: it is no longer safe"),
    ("[DEFAULT]\nmax_nova_api_microversion = new", 2, True, "'new' cannot be used"),
    ("[ssl]\nversion = TLSv7", 2, True, "'TLSv7' cannot be used"),
    ("[healthcheck]\npath = health", 2, True, "'health' cannot be used"),
    ("[DEFAULT]\nnonsense", 2, True, "'nonsense' is neither a [section]"),
]


@pytest.mark.parametrize(("text", "line", "is_error", "said"), CASES)
def test_a_problem_is_told_with_its_place(
    tmp_path: pathlib.Path, text: str, line: int, is_error: bool, said: str
) -> None:
    path = tmp_path / "heat.conf"
    path.write_text(text)
    (problem,) = config_check.check([str(path)])
    assert (problem.file, problem.line, problem.is_error) == (str(path), line, is_error)
    assert said in str(problem)


FINE = """
[DEFAULT]
debug = true
# what Heat does by default is no news
engine_life_check_timeout = 2
hidden_stack_tags = one,
    two
stack_domain_admin = "admin"
auth-encryption-key = $key
[trustee]
auth_section = elsewhere
[elsewhere]
auth_type = v3applicationcredential
application_credential_id = some
[oslo_policy]
policy_file = policy.yaml
[heat_api]
backlog = 100
[ssl]
version = SSLv23
ciphers = HIGH
[auth_password]
multi_cloud = true
[paste_deploy]
flavor = standalone
[healthcheck]
path = /status
allowed_source_ranges = 10.0.0.0/8,192.0.2.1
ignore_proxied_requests = true
"""


def test_what_is_well_is_passed_over(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "heat.conf"
    path.write_text(FINE)
    assert config_check.check([str(path)]) == []


def test_no_secret_is_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "heat.conf"
    path.write_text(
        "[DEFAULT]\nauth_encryption_kye = c4n4ry\n[database]\nasyncio_slave_connection = mysql://u:c4n4ry@h/d\n"
    )
    found = config_check.check([str(path)])
    assert len(found) == 2
    assert "c4n4ry" not in "".join(map(str, found))
