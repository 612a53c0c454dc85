"""Another cloud, or the same one as somebody else: credentials that a user gives, and the way they lead to.

A user says where and as whom, so nothing here is taken on trust: only ways to sign in that need nothing of this
machine are known, and addresses that the operator forbids for templates are not called either, unless our own cloud is
there. `hearth.cloud.credentials` opens the sessions; what a user gives (the text of a secret) is read here.

Spec: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
"""

import dataclasses
import json
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from hearth.cloud import access, answers, catalog, errors, settings

if TYPE_CHECKING:  # resource types read credentials here, and need no HTTP library for it
    from hearth.cloud import transport

#: Names of keystoneauth's plugins by the method of Keystone that they use.
_METHODS: Final = {
    "password": "password",
    "v3password": "password",
    "token": "token",
    "v3token": "token",
    "v3applicationcredential": "application_credential",
}
_EXAMPLE: Final = (
    '{"auth_type": "v3applicationcredential", "auth": {"auth_url": "https://keystone.example.org/v3", '
    '"application_credential_id": "...", "application_credential_secret": "..."}}'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """Credentials for another cloud, and how to reach it. `options`: those of the plugin, by name."""

    auth_type: str
    options: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)
    region: str | None = None
    tls: settings.Tls = dataclasses.field(default_factory=settings.Tls)

    @property
    def auth_url(self) -> str:
        """The URL of its Keystone."""
        return dict(self.options)["auth_url"]

    def seen_from(self, options: settings.CloudSettings) -> settings.CloudSettings:
        """The settings for calls over there: nothing that holds for our own cloud."""
        return dataclasses.replace(
            options,
            auth_url=self.auth_url,
            region=self.region,
            regions={},
            interface="public",
            interfaces={},
            tls=self.tls,
            tls_by_service={},
            endpoint_overrides={},
            metadata_server=None,
        )


def read(text: str, region: str | None, tls: settings.Tls) -> Elsewhere:
    """The credentials in a text: JSON with `auth_type` and `auth`, the options of keystoneauth's plugin.

    Raises ValueError saying what is wrong; the text itself is never in it.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"it is no JSON; needed is {_EXAMPLE}") from None
    if not isinstance(data, dict) or not isinstance(data.get("auth"), dict):
        raise ValueError(f"it has no map 'auth'; needed is {_EXAMPLE}")
    kind = data.get("auth_type", "password")
    if not isinstance(kind, str) or kind not in _METHODS:
        raise ValueError(f"its auth_type is not one of {', '.join(_METHODS)}")
    options = {str(key): str(value) for key, value in data["auth"].items() if isinstance(value, (str, int))}
    parts = urlsplit(options.get("auth_url", ""))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("its auth has no 'auth_url' with http or https")
    found = Elsewhere(kind, tuple(sorted(options.items())), region, tls)
    _body(found)
    return found


def check_certificates(text: str) -> str:
    """What is wrong with the text of certificates to trust; "" when nothing is."""
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError, TypeError) as error:
        reason = getattr(error, "reason", None) or "no certificate in it"
        return f"it holds no certificates in PEM form ({str(reason).lower()})"
    return ""


async def sign_in(given: Elsewhere, wire: "Outward", options: settings.CloudSettings) -> access.Access:
    """A token of the other cloud. Raises CloudError."""
    there = given.seen_from(options)
    url = catalog.identity_url(given.auth_url) + "/auth/tokens"
    answer = await wire.exchange("identity", "POST", url, {}, json=_body(given), tls=given.tls)
    token = answer.headers.get("X-Subject-Token")
    if not token or not isinstance(answer.body, dict) or "token" not in answer.body:
        raise errors.CloudError(answer.status, "identity", f"{url} answered without a token")
    return access.from_wire(token, answer.body, there)


class Outward:
    """The way to other clouds: as `transport.Transport`, but what the operator forbids is not called."""

    def __init__(
        self, own: "transport.Transport", guarded: "transport.Transport", is_own: Callable[[str], bool]
    ) -> None:
        """`is_own`: whether a host (with its port) serves our own cloud, which every user reaches anyway."""
        self._own = own
        self._guarded = guarded
        self._is_own = is_own

    async def exchange(
        self, service: str, method: str, url: str, headers: dict[str, str], **options: Any
    ) -> answers.Response:
        """See `transport.Transport.exchange`."""
        wire = self._own if self._is_own(urlsplit(url).netloc) else self._guarded
        return await wire.exchange(service, method, url, headers, **options)


# ---- the request for a token ----


def _body(given: Elsewhere) -> dict[str, Any]:
    """The body that asks for a token. Raises ValueError naming the option that is missing."""
    options = dict(given.options)
    method = _METHODS[given.auth_type]
    build = {"password": _password, "token": _token, "application_credential": _application_credential}[method]
    identity = {"methods": [method], method: build(options)}
    auth: dict[str, Any] = {"identity": identity}
    scope = None if method == "application_credential" else _scope(options)
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def _password(options: Mapping[str, str]) -> dict[str, Any]:
    return {"user": {**_user(options), "password": _needed(options, "password")}}


def _token(options: Mapping[str, str]) -> dict[str, Any]:
    return {"id": _needed(options, "token")}


def _application_credential(options: Mapping[str, str]) -> dict[str, Any]:
    secret = _needed(options, "application_credential_secret")
    if "application_credential_id" in options:
        return {"id": options["application_credential_id"], "secret": secret}
    return {"name": _needed(options, "application_credential_name"), "user": _user(options), "secret": secret}


def _user(options: Mapping[str, str]) -> dict[str, Any]:
    if "user_id" in options:
        return {"id": options["user_id"]}
    return {"name": _needed(options, "username"), "domain": _domain(options, "user_domain")}


def _scope(options: Mapping[str, str]) -> dict[str, Any] | None:
    project = options.get("project_id") or options.get("tenant_id")
    if project:
        return {"project": {"id": project}}
    name = options.get("project_name") or options.get("tenant_name")
    if name:
        return {"project": {"name": name, "domain": _domain(options, "project_domain")}}
    return None


def _domain(options: Mapping[str, str], prefix: str) -> dict[str, str]:
    for kind in ("id", "name"):
        found = options.get(f"{prefix}_{kind}") or options.get(f"default_domain_{kind}")
        if found:
            return {kind: found}
    return {"id": "default"}


def _needed(options: Mapping[str, str], name: str) -> str:
    if not options.get(name):
        raise ValueError(f"its auth has no {name!r}")
    return options[name]
