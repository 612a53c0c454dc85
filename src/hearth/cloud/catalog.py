"""Where services are: service types and their other names, a catalog's endpoints, and joining paths to them.

Used by `hearth.cloud.access` to read a catalog once and by `hearth.cloud.session` for every call. Makes no calls.
Spec: https://specs.openstack.org/openstack/service-types-authority/
"""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import os_service_types

from hearth.cloud import settings

_TYPES = os_service_types.ServiceTypes()
_VERSION = re.compile(r"v\d+(\.\d+)?")

#: What an endpoint without a version needs before paths that name none.
_DEFAULT_VERSION = {
    "compute": "v2.1",
    "network": "v2.0",
    "image": "v2",
    "identity": "v3",
    "block-storage": "v3/{project_id}",
    "orchestration": "v1/{project_id}",
    "shared-file-system": "v2",
    "workflow": "v2",
    "load-balancer": "v2",
    "message": "v2",
    "key-manager": "v1",
    "alarm": "v2",
    "dns": "v2",
    "database": "v1.0/{project_id}",
}


@functools.cache
def official(service_type: str) -> str:
    """The official name of a service type: `block-storage` for `volume`, `volumev3`; unknown ones stay."""
    return _TYPES.get_service_type(service_type) or service_type


@functools.cache
def names(service_type: str) -> tuple[str, ...]:
    """All types under which a catalog may list the service, the best first."""
    known = _TYPES.get_all_types(service_type) or [service_type]
    return (service_type, *(name for name in known if name != service_type))


def endpoints(catalog: Iterable[Mapping[str, Any]], options: settings.CloudSettings) -> dict[str, str]:
    """`{official type: URL}` of a token's catalog, as region, interface and overrides of the settings choose."""
    listed: dict[str, str] = {}
    for service in catalog:
        kind = official(service["type"])
        interface = options.interfaces.get(kind, options.interface)
        region = options.regions.get(kind, options.region)
        for endpoint in service.get("endpoints", ()):
            here = endpoint.get("region_id") or endpoint.get("region")
            if endpoint.get("interface") == interface and (region is None or here == region):
                listed.setdefault(service["type"], endpoint["url"].rstrip("/"))
                break
    found: dict[str, str] = {}
    for kind in listed:
        best = official(kind)
        if best not in found:
            found[best] = next(listed[name] for name in names(best) if name in listed)
    # Keystone was reached without a catalog, so it can be reached where the catalog leaves it out.
    found.setdefault("identity", identity_url(options.auth_url))
    return found


def identity_url(auth_url: str) -> str:
    """Keystone's v3 URL, whether or not the configured one names the version."""
    plain = auth_url.rstrip("/")
    for version in ("/v3", "/v2.0"):
        plain = plain.removesuffix(version)
    return plain + "/v3"


@functools.lru_cache(maxsize=4096)
def base_url(service_type: str, endpoint: str, versioned_path: bool, project_id: str | None) -> str:
    """The URL that a path is appended to.

    A path that begins with its own version (`/v2.0/networks`) replaces the version of the endpoint; a path without
    one gets the service's usual version when the endpoint names none.
    """
    parts = urlsplit(endpoint)
    steps = [step for step in parts.path.split("/") if step]
    at = next((index for index, step in enumerate(steps) if _VERSION.fullmatch(step)), None)
    if versioned_path:
        steps = steps[:at]
    elif at is None and (usual := _DEFAULT_VERSION.get(official(service_type))):
        steps.append(usual.format(project_id=project_id))
    return urlunsplit((parts.scheme, parts.netloc, "/".join(["", *steps]), "", ""))


def url(service_type: str, endpoint: str, path: str, project_id: str | None = None) -> str:
    """The full URL of a path of a service. Reserved characters of names in the path are the caller's to quote."""
    first = path.lstrip("/").partition("/")[0]
    base = base_url(service_type, endpoint, _VERSION.fullmatch(first) is not None, project_id)
    return base + quote(path if path.startswith("/") or not path else "/" + path, safe="/%?:@!$&'()*+,;=~")


#: The header that asks for a microversion, where it is not the common one.
_OWN_HEADER = {"shared-file-system": "X-OpenStack-Manila-API-Version", "baremetal": "X-OpenStack-Ironic-API-Version"}


def microversion_headers(service_type: str, microversion: str) -> dict[str, str]:
    """The headers that ask a service for a microversion."""
    kind = official(service_type)
    if own := _OWN_HEADER.get(kind):
        return {own: microversion}
    return {"OpenStack-API-Version": f"{'volume' if kind == 'block-storage' else kind} {microversion}"}
