"""From clouds.yaml, OS_* and --os-* options to an authenticated client of the orchestration API.

Uses openstacksdk's configuration reader and keystoneauth1, so every credential form works as in the `openstack`
command. Loads slowly (half a second); only command modules import it. Every way to fail becomes one line with advice.
"""

import argparse
import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import openstack.config
from keystoneauth1 import exceptions as keystone_errors
from keystoneauth1 import session as keystone_session
from openstack import exceptions as sdk_errors

from hearth.cli import client, options, problems

NO_CREDENTIALS = (
    "Set OS_CLOUD to a cloud of clouds.yaml (`hearth up` prints one), or give OS_AUTH_URL, OS_USERNAME, OS_PASSWORD "
    "and OS_PROJECT_NAME."
)

#: What the environment says beside a cloud, as for the `openstack` command. The reader itself takes these
#: for a cloud of their own.
_BESIDE = {"os_region_name": "OS_REGION_NAME", "os_interface": "OS_INTERFACE"}

#: A stream of which nothing comes for so long is dead, in seconds: it has a sign of life every 15.
_SILENCE = 45


# It warns of what becomes an error with advice here.
logging.getLogger("keystoneauth").addHandler(logging.NullHandler())


@contextlib.contextmanager
def explained(auth_url: str = "") -> Iterator[None]:
    """Turn the errors of the OpenStack libraries into lines for a user."""
    at = f" at {auth_url}" if auth_url else ""
    try:
        yield
    except keystone_errors.Unauthorized as error:
        raise problems.CliError(
            f"Keystone{at} refused the credentials.", "Check user name, password, project and domain names."
        ) from error
    except keystone_errors.EndpointNotFound as error:
        raise problems.CliError(
            "The cloud's catalog has no orchestration endpoint.",
            "Register Hearth there as service type `orchestration`, or check the region and interface asked for.",
        ) from error
    except (keystone_errors.ConnectFailure, keystone_errors.DiscoveryFailure) as error:
        raise problems.CliError(
            f"Cannot connect{at or ' to the service'}.",
            "Is it running? `hearth up` starts a local one, `hearth status` looks.",
        ) from error
    except keystone_errors.MissingRequiredOptions as error:
        missing = ", ".join(sorted(option.name for option in error.options))
        raise problems.CliError(f"Credentials are incomplete: {missing} missing.", NO_CREDENTIALS) from error
    except (keystone_errors.ClientException, sdk_errors.SDKException) as error:
        raise problems.CliError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def connect() -> client.Client:
    """The client for the credentials of the running command.

    Raises:
        problems.CliError: no or wrong credentials, Keystone cannot be reached, no endpoint.
    """
    session, region = _session(options.given_credentials())
    auth_url = region.config.get("auth", {}).get("auth_url", "")
    with explained(auth_url):
        endpoint = region.get_endpoint("orchestration") or session.get_endpoint(
            service_type="orchestration",
            interface=region.get_interface("orchestration"),
            region_name=region.get_region_name("orchestration"),
        )
        if endpoint is None:
            raise keystone_errors.EndpointNotFound()
        if "%(project_id)s" in endpoint:
            endpoint = endpoint.replace("%(project_id)s", session.get_project_id() or "")
    transport = _Transport(session, endpoint)
    return client.Client(transport, transport.stream)


def admin_url() -> str:
    """The embedded cloud's admin API for the credentials in use: beside `/identity`, where Keystone is.

    Raises:
        problems.CliError: the credentials in use do not name a cloud that `hearth up` serves.
    """
    _, region = _session(options.given_credentials())
    auth_url = region.config.get("auth", {}).get("auth_url", "")
    parts = urlsplit(auth_url)
    if not parts.path.startswith("/identity"):
        raise problems.CliError(
            f"{auth_url or 'The cloud in use'} is not an embedded cloud.",
            "Use the clouds.yaml that `hearth up` writes (OS_CLIENT_CONFIG_FILE, OS_CLOUD=hearth), or give --url.",
        )
    return f"{parts.scheme}://{parts.netloc}/admin"


def identity() -> "Keystone":
    """Keystone for the credentials of the running command.

    Raises:
        problems.CliError: no or wrong credentials, Keystone cannot be reached.
    """
    session, region = _session(options.given_credentials())
    return Keystone(session, region.config.get("auth", {}).get("auth_url", ""), region.region_name or "")


class Keystone:
    """Authenticated requests to Keystone, where the credentials say it is."""

    def __init__(self, session: keystone_session.Session, auth_url: str, region: str) -> None:
        self._session = session
        self.auth_url = auth_url
        self.region = region

    def __call__(self, method: str, path: str, *, json: Any = None) -> tuple[int, Any]:
        """Status and body; `path` is below /v3."""
        base = self.auth_url.rstrip("/")
        base = base if base.endswith("/v3") else f"{base}/v3"
        with explained(self.auth_url):
            answer = self._session.request(base + path, method, json=json, raise_exc=False)
            return answer.status_code, answer.json() if answer.content and method != "HEAD" else None


def _session(given: Mapping[str, str]) -> tuple[keystone_session.Session, Any]:
    with explained():
        config = openstack.config.OpenStackConfig(app_name="hearth")
        beside = {name: os.environ[variable] for name, variable in _BESIDE.items() if os.environ.get(variable)}
        region = config.get_one(argparse=argparse.Namespace(**{**beside, **given}))
        if not region.config.get("auth", {}).get("auth_url"):
            raise problems.CliError("No cloud credentials were given.", NO_CREDENTIALS)
        return region.get_session(), region


class _Transport:
    """Authenticated HTTP to the orchestration endpoint. Follows redirects with the same method."""

    def __init__(self, session: keystone_session.Session, endpoint: str) -> None:
        self._session = session
        self._endpoint = endpoint.rstrip("/")

    def __call__(
        self, method: str, path: str, *, json: Any = None, params: list[tuple[str, str]] | None = None
    ) -> tuple[int, bytes]:
        """One request: status and body."""
        with explained(self._endpoint):
            answer = self._session.request(
                self._endpoint + path,
                method,
                json=json,
                params=params or [],
                raise_exc=False,
                headers={"Accept": "application/json"},
            )
            return answer.status_code, answer.content

    @contextlib.contextmanager
    def stream(
        self, path: str, *, params: list[tuple[str, str]], headers: Mapping[str, str]
    ) -> Iterator[Iterable[bytes] | None]:
        """The lines of an event stream as they come; None when the answer is none."""
        with explained(self._endpoint):
            answer = self._session.request(
                self._endpoint + path,
                "GET",
                params=params,
                raise_exc=False,
                headers={"Accept": "text/event-stream", **headers},
                stream=True,
                log=False,  # which would read the whole answer first
                timeout=_SILENCE,
            )
        with contextlib.closing(answer):
            is_stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
            yield answer.iter_lines() if answer.status_code == 200 and is_stream else None
