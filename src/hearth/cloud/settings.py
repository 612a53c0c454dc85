"""How to reach the cloud and who we are there: plain values, read once from the configuration and passed down."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.cloud import addresses, breaker, microversions


@dataclasses.dataclass(frozen=True, slots=True)
class Tls:
    """How a service's certificate is checked and ours shown."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure: bool = False
    #: Certificates to trust, as text in PEM form, besides or in place of a file.
    ca_data: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class AuthSection:
    """A keystoneauth plugin and its options, as in a section of the configuration file."""

    auth_type: str
    options: Mapping[str, Any] = dataclasses.field(repr=False)

    @property
    def auth_url(self) -> str:
        """The URL of Keystone."""
        return str(self.options.get("auth_url") or "")


@dataclasses.dataclass(frozen=True, slots=True)
class StackDomain:
    """The domain of users that stacks make, by id or name, and who manages it."""

    id: str | None
    name: str | None
    admin: str
    password: str = dataclasses.field(repr=False)
    #: The role that such users get.
    user_role: str = "heat_stack_user"


@dataclasses.dataclass(frozen=True, slots=True)
class CloudSettings:
    """Everything the cloud package needs to know. Times are seconds."""

    #: Keystone's URL, with or without /v3.
    auth_url: str
    #: The service user, scoped to the service project: checks tokens.
    service: AuthSection
    #: The user that trusts are given to; None: the service user.
    trustee: AuthSection | None = None
    #: Where stacks make users; None: nowhere, and resources that need one fail.
    stack_domain: StackDomain | None = None
    #: The interface of Keystone that servers use; empty: `auth_url`.
    server_interface: str = ""
    #: Region of the services; None: the first one in the catalog.
    region: str | None = None
    #: Region of some services (official types) that regions share.
    regions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    interface: str = "public"
    #: Interface for some service types (official names).
    interfaces: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tls: Tls = Tls()
    #: TLS for some service types (official names).
    tls_by_service: Mapping[str, Tls] = dataclasses.field(default_factory=dict)
    #: URLs that replace the catalog's, by official type. `%(project_id)s` and `%(tenant_id)s` are filled in.
    endpoint_overrides: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: The CloudFormation API as servers reach it; None: as the catalog says.
    metadata_server: str | None = None
    #: Roles to delegate with a trust; none: all of the user's.
    trusts_delegated_roles: tuple[str, ...] = ()
    allow_trusts_redelegation: bool = False
    #: A whole call, answer included. Long because some services answer only when the work is done.
    request_timeout: float = 120.0
    connect_timeout: float = 10.0
    #: Further attempts of a call whose connection was lost before it can have changed anything.
    retries: int = 2
    #: Calls to one service at a time.
    connections_per_host: int = 32
    #: The same for some service types (official names).
    connections_by_service: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: The highest microversion to ask some service types for (official names).
    highest_microversions: Mapping[str, microversions.Cap] = dataclasses.field(default_factory=dict)
    #: Services (official types) of which requests and answers are logged.
    logged: frozenset[str] = frozenset()
    #: When services are left alone.
    rests: breaker.Rules = dataclasses.field(default_factory=breaker.Rules)
    #: Which addresses may be called when a user names another cloud.
    outward: addresses.FetchRules = dataclasses.field(default_factory=addresses.FetchRules)
