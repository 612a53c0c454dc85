"""QoS policies and their rules: /v2.0/qos/…. Kept and checked; nothing is shaped."""

import dataclasses
from typing import Any

from hearth.localcloud.core import errors, ids, quota, service, state
from hearth.localcloud.neutron import checks, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field

_AMOUNT = checks.between(0, 2**31 - 1)
_WAY = checks.one_of("egress", "ingress")
_DSCP = (0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56)


@dataclasses.dataclass(frozen=True, slots=True)
class RuleKind:
    """One kind of rule. `once`: the field of which each value may be there once; None: one rule in all."""

    name: str
    fields: tuple[Field, ...]
    once: str | None = "direction"


_DIRECTION = Field("direction", str, default="egress", check=_WAY)
KINDS = (
    RuleKind(
        "bandwidth_limit",
        (
            Field("max_kbps", int, required=True, check=_AMOUNT),
            Field("max_burst_kbps", int, default=0, check=_AMOUNT),
            _DIRECTION,
        ),
    ),
    RuleKind("dscp_marking", (Field("dscp_mark", int, required=True, check=checks.one_of(*_DSCP)),), None),
    RuleKind("minimum_bandwidth", (Field("min_kbps", int, required=True, check=_AMOUNT), _DIRECTION)),
    RuleKind(
        "minimum_packet_rate",
        (
            Field("min_kpps", int, required=True, check=_AMOUNT),
            Field("direction", str, default="egress", check=checks.one_of("egress", "ingress", "any")),
        ),
    ),
    RuleKind(
        "packet_rate_limit",
        (
            Field("max_kpps", int, required=True, check=_AMOUNT),
            Field("max_burst_kpps", int, default=0, check=_AMOUNT),
            _DIRECTION,
        ),
    ),
)


class Policies(resource.Resource):
    """/v2.0/qos/policies."""

    singular, plural, path = "policy", "policies", "/v2.0/qos/policies"
    tag_paths = ("/v2.0/policies",)
    missing_kind, noun = "QosPolicyNotFound", "QoS policy"
    rbac_type = "qos_policy"
    admin_writes = True
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.SHARED,
        Field("is_default", bool, default=False),
    )

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Nothing may use it."""
        for users, noun in (
            (self.data.ports, "port"),
            (self.data.networks, "network"),
            (self.data.floatingips, "floating IP"),
        ):
            user = next((each for each in users if each["qos_policy_id"] == document["id"]), None)
            if user is not None:
                raise refusals.conflict(
                    "QosPolicyInUse", f"QoS policy {document['id']} is in use by {noun} {user['id']}."
                )
        for rule in self.data.policy_rules.select(policy_id=document["id"]):
            self.data.policy_rules.delete(rule["id"])
        super().check_delete(call, document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With its rules."""
        shown = super().view(call, document)
        shown["rules"] = [
            {**rule["values"], "id": rule["id"], "qos_policy_id": document["id"], "type": rule["kind"]}
            for rule in self.data.policy_rules.select(policy_id=document["id"])
        ]
        return shown


class Rules(resource.Resource):
    """Rules of one kind, below their policy and by the alias path that needs no policy."""

    taggable = stamped = False
    missing_kind, noun = "QosRuleNotFound", "QoS rule"

    def __init__(
        self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, policies: Policies, kind: RuleKind
    ) -> None:
        self.kind = kind
        # One class serves all kinds; what is stated for a class elsewhere is stated for the object here.
        names = {
            "fields": kind.fields,
            "singular": f"{kind.name}_rule",
            "plural": f"{kind.name}_rules",
            "path": f"/v2.0/qos/policies/{{policy_id}}/{kind.name}_rules",
        }
        for name, value in names.items():
            setattr(self, name, value)
        super().__init__(owner, data, quotas)
        self._policies = policies

    def routes(self) -> list[service.Route]:
        """The regular routes and those of the alias."""
        alias = f"/v2.0/qos/alias-{self.kind.name.replace('_', '-')}-rules/{{id}}"
        return [
            service.Route("GET", self.path, self.listing),
            service.Route("POST", self.path, self.create),
            *(
                service.Route(method, path, handler)
                for path, envelope in ((self.path + "/{id}", self.singular), (alias, f"alias_{self.singular}"))
                for method, handler in (
                    ("GET", self._shower(envelope)),
                    ("PUT", self._changer(envelope)),
                    ("DELETE", self.delete),
                )
            ),
        ]

    def listing(self, call: service.Call) -> Any:
        """The policy's rules of this kind."""
        policy = self._policies.find(call, call.params["policy_id"])
        return {self.plural: [_shown(rule) for rule in self._of(policy["id"])]}

    def create(self, call: service.Call) -> Any:
        """A new rule of the policy."""
        policy = self._writable(call, call.params["policy_id"])
        values = self.checked(call, self.given(call), creating=True)
        values = {field.name: values.get(field.name, field.default) for field in self.fields}
        self._check_double(policy, values, None)
        rule = {"id": ids.new_id(), "policy_id": policy["id"], "kind": self.kind.name, "values": values}
        self.data.policy_rules.insert(rule)
        self._policies.touch(policy["id"])
        return service.Reply(201, {self.singular: _shown(rule)})

    def delete(self, call: service.Call) -> Any:
        """Take a rule away."""
        rule = self._rule(call)
        self._writable(call, rule["policy_id"])
        self.data.policy_rules.delete(rule["id"])
        self._policies.touch(rule["policy_id"])
        return service.Reply(204)

    def _shower(self, envelope: str) -> service.Handler:
        return lambda call: {envelope: _shown(self._rule(call))}

    def _changer(self, envelope: str) -> service.Handler:
        def change(call: service.Call) -> Any:
            rule = self._rule(call)
            policy = self._writable(call, rule["policy_id"])
            body = call.body if isinstance(call.body, dict) else {}
            given = body.get(envelope, body.get(self.singular))
            changes = self.checked(call, given, creating=False)
            values = {**rule["values"], **changes}
            self._check_double(policy, values, rule["id"])
            self._policies.touch(policy["id"])
            return {envelope: _shown(self.data.policy_rules.update(rule["id"], values=values))}

        return change

    def _writable(self, call: service.Call, policy_id: str) -> state.Document:
        policy = self._policies.find(call, policy_id)
        if not self._policies.owned(call, policy):
            raise refusals.denied(f"change the rules of QoS policy {policy_id}")
        return policy

    def _rule(self, call: service.Call) -> state.Document:
        rule = self.data.policy_rules.get(call.params["id"])
        policy = call.params.get("policy_id")
        if policy is not None:
            self._policies.find(call, policy)
        elif rule is not None:
            self._policies.find(call, rule["policy_id"])
        if rule is None or rule["kind"] != self.kind.name or policy not in (None, rule["policy_id"]):
            raise self.not_found(call.params["id"])
        return rule

    def _of(self, policy_id: str) -> list[state.Document]:
        return [rule for rule in self.data.policy_rules.select(policy_id=policy_id) if rule["kind"] == self.kind.name]

    def _check_double(self, policy: state.Document, values: dict[str, Any], own: str | None) -> None:
        once = self.kind.once
        for rule in self._of(policy["id"]):
            if rule["id"] != own and (once is None or rule["values"][once] == values[once]):
                raise refusals.conflict(
                    "QoSRulesConflict",
                    f"Rule {rule['id']} of QoS policy {policy['id']} is of the same kind and direction.",
                )


def _shown(rule: state.Document) -> dict[str, Any]:
    return {**rule["values"], "id": rule["id"]}


def rule_types(call: service.Call) -> Any:
    """GET /v2.0/qos/rule-types."""
    return {"rule_types": [{"type": kind.name} for kind in KINDS]}


def rule_type(call: service.Call) -> Any:
    """GET /v2.0/qos/rule-types/{name}."""
    name = call.params["name"]
    if all(kind.name != name for kind in KINDS):
        raise errors.ApiError(404, f"QoS rule type {name} could not be found.", kind="QosRuleNotFound")
    return {"rule_type": {"type": name, "drivers": []}}
