"""A service as clients reach it: over TLS, behind a proxy, from web pages."""

import pathlib
import socket
import ssl
import subprocess

import pytest
import requests
from acceptance_hearth import BIN
from acceptance_services import CONFIGURATION, Service

import certificates

ORIGIN = "https://dashboard.example"
OPTIONS = f"""
[cors]
allowed_origin = {ORIGIN}
[oslo_middleware]
enable_proxy_headers_parsing = true
"""


#: Not the one that is taken where the configuration names none.
ADDRESS = "127.0.0.2"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    made = certificates.make(tmp_path_factory.mktemp("tls"), ADDRESS)
    return made.certificate, made.key


def configured(folder: pathlib.Path, options: str) -> str:
    file = folder / "hearth.conf"
    file.write_text(CONFIGURATION.format(url="http://127.0.0.1:9", folder=folder, options=options))
    return str(file)


@pytest.mark.parametrize("section", ["ssl", "heat_api"])
def test_tls_proxies_and_web_pages(
    tmp_path: pathlib.Path, files: tuple[pathlib.Path, pathlib.Path], section: str
) -> None:
    certificate, key = files
    options = f"{OPTIONS}\n[heat_api]\nbind_host = {ADDRESS}\nbind_port = 0\n"
    options += f"[{section}]\ncert_file = {certificate}\nkey_file = {key}\n"
    service = Service(tmp_path / "log", "api", "cfn", "--config-file", configured(tmp_path, options))
    try:
        assert service.url.startswith(f"https://{ADDRESS}:")

        def get(path: str, method: str = "GET", **headers: str) -> requests.Response:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return requests.request(method, service.url + path, headers=sent, verify=str(certificate), timeout=30)

        def link(answer: requests.Response) -> str:
            return str(answer.json()["versions"][0]["links"][0]["href"])

        assert link(get("/")) == f"{service.url}/v1/"
        told = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "heat.example", "X_Forwarded_Prefix": "/orchestrate"}
        assert link(get("/", **told)) == "https://heat.example/orchestrate/v1/"
        assert link(get("/cloudformation/", **told)) == "https://heat.example/orchestrate/cloudformation/v1/"

        asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "X-Auth-Token"}
        allowed = get("/v1/p/stacks", "OPTIONS", Origin=ORIGIN, **asked)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "x-auth-token" in allowed.headers["Access-Control-Allow-Headers"].lower()
        refused = get("/v1/p/stacks", "OPTIONS", Origin="https://evil.example", **asked)
        assert "Access-Control-Allow-Origin" not in refused.headers
        # A page can read why it was refused, and under which id.
        answer = get("/v1/p/stacks", Origin=ORIGIN)
        assert answer.status_code == 401
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "X-OpenStack-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    finally:
        service.signal()
        assert service.ended() == 0


@pytest.mark.parametrize(
    ("parts", "section", "paths"),
    [
        (("cfn",), "heat_api_cfn", ["/"]),
        (("cloudwatch",), "heat_api_cloudwatch", ["/"]),
        (("cfn", "cloudwatch"), "heat_api", ["/cloudformation/", "/cloudwatch/"]),
        (("all",), "heat_api", ["/", "/cloudformation/", "/cloudwatch/"]),
    ],
)
def test_each_api_is_where_its_section_says_alone_and_has_a_path_beside_others(
    tmp_path: pathlib.Path, parts: tuple[str, ...], section: str, paths: list[str]
) -> None:
    options = f"[{section}]\nbind_host = {ADDRESS}\nbind_port = 0\n"
    service = Service(tmp_path / "log", *parts, "--config-file", configured(tmp_path, options))
    try:
        assert service.url.startswith(f"http://{ADDRESS}:")
        for path in paths:
            answer = requests.get(service.url + path, timeout=30)
            assert (answer.status_code, answer.json()["versions"][0]["id"]) == (300, "v1.0")
        assert requests.get(service.url + "/elsewhere/", timeout=30).status_code == 404
    finally:
        service.signal()
        assert service.ended() == 0


OFFERED = [
    ("", ssl.TLSVersion.TLSv1_2, True),
    ("", ssl.TLSVersion.TLSv1_3, True),
    ("version = TLSv1_3\n", ssl.TLSVersion.TLSv1_2, False),
    ("version = TLSv1_3\n", ssl.TLSVersion.TLSv1_3, True),
    ("version = TLSv1_2\nciphers = ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384\n", None, True),
]


@pytest.mark.parametrize("options", sorted({row[0] for row in OFFERED}))
def test_versions_and_ciphers_are_those_that_were_chosen(
    tmp_path: pathlib.Path, files: tuple[pathlib.Path, pathlib.Path], options: str
) -> None:
    certificate, key = files
    text = f"[heat_api]\nbind_host = {ADDRESS}\nbind_port = 0\n"
    text += f"[ssl]\ncert_file = {certificate}\nkey_file = {key}\n{options}"
    service = Service(tmp_path / "log", "api", "--config-file", configured(tmp_path, text))
    port = int(service.url.rpartition(":")[2])

    def spoken(version: ssl.TLSVersion | None, ciphers: str = "DEFAULT") -> tuple[str | None, str] | None:
        context = ssl.create_default_context(cafile=certificate)
        context.set_ciphers(ciphers)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        try:
            with (
                socket.create_connection((ADDRESS, port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=ADDRESS) as over,
            ):
                chosen = over.cipher()
                return over.version(), chosen[0] if chosen else ""
        except (ssl.SSLError, ConnectionError):
            return None

    try:
        for _, version, agreed in [row for row in OFFERED if row[0] == options]:
            assert (spoken(version) is not None) == agreed
        if "ciphers" in options:
            version, cipher = spoken(None) or ("", "")
            assert (version, cipher.endswith("AES256-GCM-SHA384")) == ("TLSv1.2", True)
            assert spoken(None, "AES128") is None
    finally:
        service.signal()
        assert service.ended() == 0


def test_ciphers_that_there_are_not_are_told_at_the_start(
    tmp_path: pathlib.Path, files: tuple[pathlib.Path, pathlib.Path]
) -> None:
    certificate, key = files
    text = f"[ssl]\ncert_file = {certificate}\nkey_file = {key}\nciphers = ROT13\n"
    command = [BIN / "hearth", "serve", "api", "--port", "0", "--config-file", configured(tmp_path, text)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "[ssl] ciphers: OpenSSL knows none of 'ROT13'" in done.stderr


def test_clients_that_leave_without_a_word_do_not_hold_up_the_end(
    tmp_path: pathlib.Path, files: tuple[pathlib.Path, pathlib.Path]
) -> None:
    certificate, key = files
    options = f"[heat_api]\nbind_host = {ADDRESS}\nbind_port = 0\n[ssl]\ncert_file = {certificate}\nkey_file = {key}\n"
    service = Service(tmp_path / "log", "api", "--config-file", configured(tmp_path, options))
    try:
        # Which closes its connection without the goodbye of TLS.
        assert requests.get(service.url, verify=str(certificate), timeout=30).status_code == 300
    finally:
        service.signal()
        assert service.process.wait(20) == 0  # the goodbye would be waited for for 30 s


def test_what_is_no_certificate_is_told_at_the_start(
    tmp_path: pathlib.Path, files: tuple[pathlib.Path, pathlib.Path]
) -> None:
    other = tmp_path / "other.pem"
    other.write_text("no certificate")
    for certificate in (other, tmp_path / "missing.pem"):
        done = subprocess.run(
            [BIN / "hearth", "serve", "cloud", "--port", "0", "--data-dir", tmp_path / "c", "--certfile", certificate],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert f"TLS cannot be served with {certificate}" in done.stderr
        assert "Traceback" not in done.stderr
