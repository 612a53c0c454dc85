"""What belongs to a load balancer: listeners, pools, members, health monitors, policies and rules.

While anything of it changes, a load balancer is PENDING_UPDATE and takes no other change (409).

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from hearth.localcloud.core import errors, service, staged, state
from hearth.localcloud.core.staged import Field, between, one_of, read_only

if TYPE_CHECKING:
    from hearth.localcloud.octavia.service import Octavia

PROTOCOLS = ("TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS", "PROXY", "PROXYV2", "UDP", "SCTP", "PROMETHEUS")
ALGORITHMS = ("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT")
MONITORS = ("PING", "TCP", "HTTP", "HTTPS", "TLS-HELLO", "UDP-CONNECT", "SCTP")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH")
COMPARISONS = ("REGEX", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "EQUAL_TO")
RULES = ("HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE", "SSL_CONN_HAS_CERT", "SSL_VERIFY_RESULT", "SSL_DN_FIELD")
ACTIONS = ("REJECT", "REDIRECT_TO_POOL", "REDIRECT_TO_URL", "REDIRECT_PREFIX")
PORT = between(1, 65535)

NAME = Field("name", default="", nullable=True)
DESCRIPTION = Field("description", default="", nullable=True)
UP = Field("admin_state_up", bool, default=True)
TAGS = Field("tags", list, default=[])
PROJECT = Field("project_id", default=lambda call: call.identity.project_id, update=False)
OPERATING = read_only("operating_status", default="ONLINE")


class Part(staged.Staged):
    """Something of a load balancer."""

    status_field = "provisioning_status"
    creation = ("PENDING_CREATE", "ACTIVE")
    updating = ("PENDING_UPDATE", "ACTIVE")
    deletion = ("PENDING_DELETE", None)

    @property
    def octavia(self) -> "Octavia":
        return cast("Octavia", self.service)

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"{self.singular.capitalize()} {id} not found.")

    #: The quota that counts it.
    quota: ClassVar[str]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        project = document["project_id"]
        self.octavia.quotas.require(project, self.quota, len(self.table.select(project_id=project)))
        super().prepare(call, document)

    def root(self, call: service.Call, document: state.Document) -> str:
        """The id of the load balancer that a new document is of. Raises 404."""
        raise NotImplementedError

    def complete(self, call: service.Call, document: state.Document) -> None:
        document["_lb"] = self.root(call, document)
        self.octavia.load_balancers.lock(document["_lb"])
        self.fill(call, document)

    def fill(self, call: service.Call, document: state.Document) -> None:
        """Before a new document of a load balancer that takes changes is stored."""

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self.octavia.load_balancers.lock(document["_lb"])

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self.octavia.load_balancers.lock(document["_lb"])

    def named(self, table: state.Table, id: str, what: str) -> state.Document:
        """Another document that a request names. Raises 404."""
        found = table.get(id)
        if found is None:
            raise errors.ApiError(404, f"{what} {id} not found.")
        return found


class Listeners(Part):
    """Where clients connect."""

    singular, plural, path = "listener", "listeners", "/v2/lbaas/listeners"
    quota = "listener"
    index = ("project_id", "_lb")
    fields = (
        NAME,
        DESCRIPTION,
        UP,
        TAGS,
        PROJECT,
        OPERATING,
        Field("loadbalancer_id", required=True, update=False),
        Field("protocol", required=True, update=False, check=one_of(*PROTOCOLS)),
        Field("protocol_port", int, required=True, update=False, check=PORT),
        Field("connection_limit", int, default=-1, nullable=True, check=between(-1)),
        Field("default_pool_id", nullable=True),
        Field("default_tls_container_ref", nullable=True),
        Field("sni_container_refs", list, default=[], nullable=True),
        Field("allowed_cidrs", list, nullable=True),
        Field("insert_headers", dict, default={}, nullable=True),
        *(
            Field(f"timeout_{name}", int, default=value, nullable=True)
            for name, value in (
                ("client_data", 50000),
                ("member_connect", 5000),
                ("member_data", 50000),
                ("tcp_inspect", 0),
            )
        ),
    )

    def root(self, call: service.Call, document: state.Document) -> str:
        return str(self.octavia.load_balancers.find(call, document["loadbalancer_id"])["id"])

    def fill(self, call: service.Call, document: state.Document) -> None:
        for other in self.table.select(_lb=document["_lb"], protocol_port=document["protocol_port"]):
            if (other["protocol"] == "UDP") == (document["protocol"] == "UDP"):
                port = document["protocol_port"]
                raise errors.ApiError(
                    409, f"Another Listener on this Load Balancer is already using protocol_port {port}"
                )
        if document["default_pool_id"]:
            self.named(self.octavia.pools.table, document["default_pool_id"], "Pool")

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        super().change(call, document, changes)
        if changes.get("default_pool_id"):
            self.named(self.octavia.pools.table, changes["default_pool_id"], "Pool")

    def vanish(self, document: state.Document) -> None:
        for policy in self.octavia.policies.table.select(listener_id=document["id"]):
            self.octavia.policies.vanish(policy)
        super().vanish(document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        shown["loadbalancers"] = [{"id": shown.pop("loadbalancer_id")}]
        policies = self.octavia.policies.table.select(listener_id=document["id"])
        return shown | {"l7policies": [{"id": one["id"]} for one in policies]}


class Pools(Part):
    """Members that share the work."""

    singular, plural, path = "pool", "pools", "/v2/lbaas/pools"
    quota = "pool"
    index = ("project_id", "_lb")
    fields = (
        NAME,
        DESCRIPTION,
        UP,
        TAGS,
        PROJECT,
        OPERATING,
        Field("loadbalancer_id", nullable=True, update=False),
        Field("listener_id", nullable=True, update=False),
        Field("protocol", required=True, update=False, check=one_of(*PROTOCOLS)),
        Field("lb_algorithm", required=True, check=one_of(*ALGORITHMS)),
        Field("session_persistence", dict, nullable=True),
        Field("tls_enabled", bool, default=False),
    )

    def root(self, call: service.Call, document: state.Document) -> str:
        listener = document["listener_id"]
        if listener:
            return str(self.octavia.listeners.find(call, listener)["_lb"])
        if not document["loadbalancer_id"]:
            raise self.refuse("Must provide at least one of loadbalancer_id or listener_id")
        return str(self.octavia.load_balancers.find(call, document["loadbalancer_id"])["id"])

    def fill(self, call: service.Call, document: state.Document) -> None:
        document["loadbalancer_id"] = document["_lb"]
        listener = document.pop("listener_id")
        if not listener:
            return
        if self.octavia.listeners.find(call, listener)["default_pool_id"]:
            raise errors.ApiError(409, f"Listener {listener} already has a default pool.")
        document["_listener"] = listener

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        if document.get("_listener"):
            self.octavia.listeners.table.update(document["_listener"], default_pool_id=document["id"])
        return document

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        for policy in self.octavia.policies.table.select(redirect_pool_id=document["id"]):
            raise errors.ApiError(409, f"Pool {document['id']} is in use by L7 policy {policy['id']}")
        super().check_delete(call, document)

    def vanish(self, document: state.Document) -> None:
        for several in (self.octavia.members, self.octavia.monitors):
            for one in several.table.select(pool_id=document["id"]):
                several.vanish(one)
        for listener in self.octavia.listeners.table.select(default_pool_id=document["id"]):
            self.octavia.listeners.table.update(listener["id"], default_pool_id=None)
        super().vanish(document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        its_id = document["id"]
        monitor = next(iter(self.octavia.monitors.table.select(pool_id=its_id)), None)
        return shown | {
            "loadbalancers": [{"id": shown.pop("loadbalancer_id")}],
            "listeners": [{"id": one["id"]} for one in self.octavia.listeners.table.select(default_pool_id=its_id)],
            "members": [{"id": one["id"]} for one in self.octavia.members.table.select(pool_id=its_id)],
            "healthmonitor_id": monitor["id"] if monitor else None,
        }


class Inside(Part):
    """Things whose collection is within another thing, named by the path."""

    #: The parameter of the path, and the field that keeps it.
    parameter: str
    owner_field: str

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        return self.table.select(**{self.owner_field: call.params[self.parameter]})

    def find(self, call: service.Call, id: str) -> state.Document:
        found = super().find(call, id)
        if found[self.owner_field] != call.params[self.parameter]:
            raise self.not_found(id)
        return found

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        del shown[self.owner_field]
        return shown


class Members(Inside):
    """Servers of a pool."""

    singular, plural, path = "member", "members", "/v2/lbaas/pools/{pool}/members"
    quota = "member"
    index = ("project_id", "pool_id", "_lb")
    parameter, owner_field = "pool", "pool_id"
    fields = (
        NAME,
        UP,
        TAGS,
        PROJECT,
        read_only("operating_status", default="NO_MONITOR"),
        Field("address", required=True, update=False),
        Field("protocol_port", int, required=True, update=False, check=PORT),
        Field("subnet_id", nullable=True, update=False),
        Field("weight", int, default=1, check=between(0, 256)),
        Field("backup", bool, default=False),
        Field("monitor_address", nullable=True),
        Field("monitor_port", int, nullable=True, check=PORT),
    )

    def root(self, call: service.Call, document: state.Document) -> str:
        document["pool_id"] = call.params["pool"]
        return str(self.octavia.pools.find(call, call.params["pool"])["_lb"])

    def fill(self, call: service.Call, document: state.Document) -> None:
        same = {name: document[name] for name in ("pool_id", "address", "protocol_port")}
        if self.table.select(**same):
            raise errors.ApiError(409, "Another member on this pool is already using ip_address {address} on "
                                  "protocol_port {protocol_port}".format_map(same))  # fmt: skip
        if document["subnet_id"]:
            self.octavia.subnet(document["subnet_id"])

    def routes(self) -> list[service.Route]:
        return [*super().routes(), service.Route("PUT", self.path, self.replace)]

    def add_to(self, call: service.Call, pool: str, given: state.Document) -> None:
        """Add a member to a pool that the path does not name."""
        call.params["pool"] = pool
        self.add(call, given)

    def replace(self, call: service.Call) -> service.Reply:
        """Make the members of a pool those of a list, told apart by address and port; or only add and change those."""
        wanted = call.body.get("members") if isinstance(call.body, dict) else None
        if not isinstance(wanted, list):
            raise self.refuse("The request body must hold a list 'members'.")
        balancers, pool = self.octavia.load_balancers, self.octavia.pools.find(call, call.params["pool"])
        balancers.lock(pool["_lb"])
        present = {(one["address"], one["protocol_port"]): one for one in self.table.select(pool_id=pool["id"])}
        with balancers.filling(pool["_lb"]):
            for given in wanted:
                one = present.pop((given.get("address"), given.get("protocol_port")), None)
                if one is None:
                    self.add(call, given)
                else:
                    changes = {name: given[name] for name in given if name not in ("address", "protocol_port")}
                    self.modify(call, one, {name: it for name, it in changes.items() if it != one.get(name)})
            if call.query.get("additive_only", "").lower() != "true":
                for one in present.values():
                    self.begin(one["id"], self.deletion)
        return service.Reply(202)


class Monitors(Part):
    """How a pool finds out which members are well."""

    singular, plural, path = "healthmonitor", "healthmonitors", "/v2/lbaas/healthmonitors"
    quota = "health_monitor"
    index = ("project_id", "pool_id", "_lb")
    fields = (
        NAME,
        UP,
        TAGS,
        PROJECT,
        OPERATING,
        Field("pool_id", required=True, update=False),
        Field("type", required=True, update=False, check=one_of(*MONITORS)),
        Field("delay", int, required=True, check=between(0)),
        Field("timeout", int, required=True, check=between(0)),
        Field("max_retries", int, required=True, check=between(1, 10)),
        Field("max_retries_down", int, default=3, check=between(1, 10)),
        Field("http_method", nullable=True, check=one_of(*METHODS)),
        Field("url_path", nullable=True),
        Field("expected_codes", nullable=True),
        Field("domain_name", nullable=True),
        Field("http_version", float, nullable=True),
    )
    _HTTP: Mapping[str, str] = {"http_method": "GET", "url_path": "/", "expected_codes": "200"}

    def root(self, call: service.Call, document: state.Document) -> str:
        return str(self.octavia.pools.find(call, document["pool_id"])["_lb"])

    def fill(self, call: service.Call, document: state.Document) -> None:
        if self.table.select(pool_id=document["pool_id"]):
            raise errors.ApiError(409, "This pool already has a health monitor")
        for name, default in self._HTTP.items():
            if document["type"] in ("HTTP", "HTTPS"):
                document[name] = document[name] or default
            elif document[name]:
                raise self.refuse(f"Invalid input for field/attribute {name}. HTTP monitors only have it.")

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        return shown | {"pools": [{"id": shown.pop("pool_id")}]}


class Policies(Part):
    """Where requests of a kind go."""

    singular, plural, path = "l7policy", "l7policies", "/v2/lbaas/l7policies"
    quota = "l7policy"
    index = ("project_id", "listener_id", "redirect_pool_id", "_lb")
    fields = (
        NAME,
        DESCRIPTION,
        UP,
        TAGS,
        PROJECT,
        OPERATING,
        Field("listener_id", required=True, update=False),
        Field("action", required=True, check=one_of(*ACTIONS)),
        Field("position", int, nullable=True, check=between(1)),
        Field("redirect_pool_id", nullable=True),
        Field("redirect_url", nullable=True),
        Field("redirect_prefix", nullable=True),
        Field("redirect_http_code", int, nullable=True),
    )

    def root(self, call: service.Call, document: state.Document) -> str:
        return str(self.octavia.listeners.find(call, document["listener_id"])["_lb"])

    def fill(self, call: service.Call, document: state.Document) -> None:
        others = len(self.table.select(listener_id=document["listener_id"]))
        document["position"] = min(int(document["position"] or others + 1), others + 1)
        self._check(document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        super().change(call, document, changes)
        self._check({**document, **changes})

    def _check(self, document: state.Document) -> None:
        if document["action"] == "REDIRECT_TO_POOL":
            self.named(self.octavia.pools.table, document["redirect_pool_id"] or "", "Pool")
        if document["action"] == "REDIRECT_TO_URL" and not document["redirect_url"]:
            raise self.refuse("redirect_url must not be None")

    def vanish(self, document: state.Document) -> None:
        for rule in self.octavia.rules.table.select(l7policy_id=document["id"]):
            self.octavia.rules.vanish(rule)
        super().vanish(document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        rules = self.octavia.rules.table.select(l7policy_id=document["id"])
        return super().view(call, document) | {"rules": [{"id": one["id"]} for one in rules]}


class Rules(Inside):
    """What requests of a kind have in common."""

    singular, plural, path = "rule", "rules", "/v2/lbaas/l7policies/{policy}/rules"
    quota = "l7rule"
    index = ("project_id", "l7policy_id", "_lb")
    parameter, owner_field = "policy", "l7policy_id"
    fields = (
        UP,
        TAGS,
        PROJECT,
        OPERATING,
        Field("type", required=True, check=one_of(*RULES)),
        Field("compare_type", required=True, check=one_of(*COMPARISONS)),
        Field("key", nullable=True),
        Field("value", required=True),
        Field("invert", bool, default=False),
    )

    def root(self, call: service.Call, document: state.Document) -> str:
        document["l7policy_id"] = call.params["policy"]
        return str(self.octavia.policies.find(call, call.params["policy"])["_lb"])
