"""RBAC policies: /v2.0/rbac-policies, which open one project's object to another or to everybody."""

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import checks, networks, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field

#: Object type -> what may be allowed.
_ACTIONS = {
    "network": ("access_as_shared", "access_as_external"),
    "qos_policy": ("access_as_shared",),
    "security_group": ("access_as_shared",),
    "address_group": ("access_as_shared",),
    "address_scope": ("access_as_shared",),
    "subnetpool": ("access_as_shared",),
}


class RbacPolicies(resource.Resource):
    """RBAC policies."""

    singular, plural, path = "rbac_policy", "rbac_policies", "/v2.0/rbac-policies"
    missing_kind, noun = "RbacPolicyNotFound", "RBAC policy"
    counted_as = "rbac_policy"
    taggable = stamped = False
    index = ("project_id", "object_id", "target_tenant")
    fields = (
        Field("object_type", str, required=True, update=False),
        Field("object_id", str, required=True, update=False),
        Field("action", str, required=True, update=False),
        Field("target_tenant", str, required=True, check=checks.text(255)),
    )
    filters = frozenset({"target_project"})

    def __init__(
        self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, nets: networks.Networks
    ) -> None:
        super().__init__(owner, data, quotas)
        self._networks = nets
        self._objects = {
            "network": data.networks,
            "qos_policy": data.policies,
            "security_group": data.security_groups,
            "address_group": data.address_groups,
            "address_scope": data.address_scopes,
            "subnetpool": data.subnetpools,
        }

    def restrict(self, call: service.Call, document: state.Document | None, given: state.Document) -> None:
        """Only administrators open something to everybody."""
        if given.get("target_tenant") == "*" and not call.identity.is_admin:
            raise refusals.denied("open an object to every project")

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """The object has to be there and the caller's own."""
        kind, id = document["object_type"], document["object_id"]
        if kind not in _ACTIONS:
            raise refusals.invalid(f"object_type {kind!r} is none of {', '.join(_ACTIONS)}.")
        if document["action"] not in _ACTIONS[kind]:
            raise errors.ApiError(
                400,
                f"action {document['action']!r} is none of {', '.join(_ACTIONS[kind])}.",
                kind="InvalidActionForType",
            )
        target = self._objects[kind].get(id)
        if target is None:
            raise refusals.invalid(f"There is no {kind} {id}.")
        if not call.identity.sees(target["project_id"]):
            raise refusals.invalid(f"The {kind} {id} belongs to another project; only its owner may open it.")
        _check_target(document["target_tenant"])
        self._check_double(document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Who loses access must not use it."""
        _check_target(changes.get("target_tenant", "*"))
        if changes.get("target_tenant", document["target_tenant"]) != document["target_tenant"]:
            self._check_double({**document, **changes})
            self._check_users(document)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Who loses access must not use it."""
        self._check_users(document)

    def not_found(self, id: str) -> errors.ApiError:
        """404."""
        return refusals.missing(self.missing_kind, self.noun, id)

    def _check_double(self, document: state.Document) -> None:
        for other in self.table.select(object_id=document["object_id"], target_tenant=document["target_tenant"]):
            if other["action"] == document["action"] and other["id"] != document["id"]:
                raise refusals.conflict("DuplicateRbacPolicy", f"RBAC policy {other['id']} says the same already.")

    def _check_users(self, document: state.Document) -> None:
        if document["object_type"] != "network":
            return
        network = self.data.networks.get(document["object_id"])
        if network is None:
            return
        others = [each for each in self.table.select(object_id=network["id"]) if each["id"] != document["id"]]
        targets = frozenset(each["target_tenant"] for each in others if each["action"] == document["action"])
        if "*" in targets:
            return
        try:
            if document["action"] == "access_as_shared":
                self._networks.check_unshare(network, targets)
            elif document["target_tenant"] == "*":
                self._networks.check_inner(network)
        except errors.ApiError as error:
            raise refusals.conflict(
                "RbacPolicyInUse", f"RBAC policy {document['id']} is needed: {error.message}"
            ) from error


def _check_target(target: str) -> None:
    try:
        if target != "*":
            checks.uuid(target)
    except ValueError:
        raise refusals.invalid(f"target_tenant {target!r} is neither the id of a project nor *.") from None
