"""Who may do what: Heat's policy rules and their defaults, an operator's policy.yaml over them.

The API asks `Policy.require` before each operation. Rules about resource types are asked by name, with a wildcard for
the whole namespace; types without a rule are for everybody. Whose project a request is about was checked before.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from hearth.cloud import tokens
from hearth.model import errors

_OWN = "project_id:%(project_id)s"
_READER = f"role:reader and {_OWN}"
_MEMBER = f"role:member and {_OWN}"
_ADMIN = f"role:admin and {_OWN}"
_STACK_USER = "role:heat_stack_user"
_MEMBER_OR_STACK_USER = f"({_MEMBER}) or ({_STACK_USER} and {_OWN})"
_READER_OR_STACK_USER = f"({_READER}) or ({_STACK_USER} and {_OWN})"

#: The older defaults. They hold as well unless [oslo_policy] enforce_new_defaults is set.
_NOT_STACK_USER = f"not {_STACK_USER}"
_EVERYBODY = ""
_CONTEXT_ADMIN = "role:admin and is_admin_project:True"
_NOBODY = "!"


@dataclasses.dataclass(frozen=True, slots=True)
class _Level:
    check: str
    older: str


_LEVELS = {
    "reader": _Level(_READER, _NOT_STACK_USER),
    "member": _Level(_MEMBER, _NOT_STACK_USER),
    "reader or stack user": _Level(_READER_OR_STACK_USER, _EVERYBODY),
    "member or stack user": _Level(_MEMBER_OR_STACK_USER, _EVERYBODY),
    "admin": _Level(_ADMIN, _CONTEXT_ADMIN),
    "nobody": _Level(_NOBODY, _NOBODY),
}

#: {level: {subject of the rule: its names}}
_RULES: Mapping[str, Mapping[str, str]] = {
    "reader": {
        "stacks": (
            "detail drift environment files index list_outputs list_resource_types list_snapshots "
            "list_template_functions list_template_versions preview resource_schema show show_output show_snapshot "
            "template"
        ),
        "plans": "index show",
        "resource": "index show",
        "events": "index show",
        "actions": "check",
        "build_info": "build_info",
        "cloudformation": (
            "ListStacks DescribeStacks GetTemplate ValidateTemplate EstimateTemplateCost DescribeStackEvents "
            "DescribeStackResources ListStackResources"
        ),
        "cloudwatch": "DescribeAlarms DescribeAlarmHistory DescribeAlarmsForMetric GetMetricStatistics ListMetrics",
        "software_configs": "index show",
        "software_deployments": "index show",
        "orphans": "index",
    },
    "member": {
        "stacks": (
            "abandon create delete delete_forced delete_retaining delete_snapshot export generate_template "
            "preview_update preview_update_patch "
            "restore_snapshot snapshot update update_drift update_patch validate_template"
        ),
        "plans": "create apply delete",
        "resource": "mark_unhealthy",
        "cloudformation": "CreateStack UpdateStack CancelUpdateStack DeleteStack",
        "cloudwatch": "DeleteAlarms DisableAlarmActions EnableAlarmActions PutMetricAlarm SetAlarmState",
        "actions": (
            "action snapshot suspend resume cancel_update cancel_without_rollback "
            "pause unpause protect unprotect lock unlock retry continue migrate"
        ),
        "software_configs": "create delete",
        "software_deployments": "create update delete",
        "orphans": "forget delete",
    },
    "reader or stack user": {
        "stacks": "lookup",
        "resource": "metadata signal",
        "cloudformation": "DescribeStackResource",
        "software_deployments": "metadata",
    },
    "member or stack user": {"cloudwatch": "PutMetricData"},
    "admin": {"service": "index", "actions": "force_lock", "orphans": "global_index"},
    "nobody": {"stacks": "global_index", "software_configs": "global_index"},
}

_ADMIN_TYPES = (
    "OS::Blazar::Host",
    "OS::Cinder::EncryptedVolumeType",
    "OS::Cinder::QoSAssociation",
    "OS::Cinder::QoSSpecs",
    "OS::Cinder::Quota",
    "OS::Cinder::VolumeType",
    "OS::Keystone::*",
    "OS::Manila::ShareType",
    "OS::Neutron::ProviderNet",
    "OS::Neutron::QoSBandwidthLimitRule",
    "OS::Neutron::QoSDscpMarkingRule",
    "OS::Neutron::QoSMinimumBandwidthRule",
    "OS::Neutron::QoSMinimumPacketRateRule",
    "OS::Neutron::QoSPolicy",
    "OS::Neutron::Quota",
    "OS::Neutron::Segment",
    "OS::Nova::Flavor",
    "OS::Nova::HostAggregate",
    "OS::Nova::Quota",
    "OS::Octavia::AvailabilityZone",
    "OS::Octavia::AvailabilityZoneProfile",
    "OS::Octavia::Flavor",
    "OS::Octavia::FlavorProfile",
    "OS::Octavia::Quota",
)


def defaults(stack_user_role: str = "heat_stack_user") -> Iterable[Any]:
    """All rules with their defaults, as oslo.policy wants them. `stack_user_role`: the role of stack users."""
    yield policy.RuleDefault("context_is_admin", _CONTEXT_ADMIN, "May act on all projects.")
    for level, subjects in _RULES.items():
        for subject, names in subjects.items():
            for name in names.split():
                yield _rule(f"{subject}:{name}", _LEVELS[level], stack_user_role)
    yield policy.RuleDefault("stacks:update_no_change", "rule:stacks:update_patch", "Run an unchanged stack again.")
    for name in _ADMIN_TYPES:
        yield policy.RuleDefault(f"resource_types:{name}", "rule:context_is_admin", f"Use {name} in a template.")


def _rule(name: str, level: _Level, stack_user_role: str) -> Any:
    check, older_check = (text.replace(_STACK_USER, f"role:{stack_user_role}") for text in (level.check, level.older))
    older = policy.DeprecatedRule(
        name,
        older_check,
        deprecated_reason="Roles reader, member and admin take the place of the stack user's exclusion.",
        deprecated_since="20.0.0",
    )
    return policy.RuleDefault(name, check, deprecated_rule=None if check == older_check else older)


class Policy:
    """Answers whether a caller may do something."""

    def __init__(self, conf: cfg.ConfigOpts, rules: Mapping[str, str] | None = None) -> None:
        """`conf` says where the operator's policy file is ([oslo_policy] policy_file); `rules` override it."""
        # A missing file is no error: the defaults hold then.
        self._enforcer = policy.Enforcer(conf, use_conf=True)
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.suppress_deprecation_warnings = True
        self._enforcer.register_defaults(list(defaults(conf.heat_stack_user_role)))
        self._enforcer.load_rules()
        if rules:
            self._enforcer.set_rules(policy.Rules.from_dict(dict(rules)), overwrite=False, use_conf=True)
        self._known_types = frozenset(
            name.removeprefix("resource_types:") for name in self._enforcer.rules if name.startswith("resource_types:")
        )

    def allows(self, caller: tokens.Caller, rule: str) -> bool:
        """Whether the caller may do what the rule is about, in the caller's own project."""
        target = {"project_id": caller.project_id, "user_id": caller.user_id}
        return bool(self._enforcer.enforce(rule, target, _credentials(caller)))

    def require(self, caller: tokens.Caller, rule: str) -> None:
        """Raises Forbidden unless the caller may."""
        if not self.allows(caller, rule):
            raise errors.Forbidden(f"You are not authorized to do this ({rule}).")

    def is_admin(self, caller: tokens.Caller) -> bool:
        """Whether the caller may act on all projects. The administrator of a domain, as such, may not."""
        return caller.domain_id is None and self.allows(caller, "context_is_admin")

    def allows_type(self, caller: tokens.Caller, type_name: str) -> bool:
        """Whether the caller may use a resource type."""
        for name in (type_name, type_name.rpartition("::")[0] + "::*"):
            if name in self._known_types and not self.allows(caller, f"resource_types:{name}"):
                return False
        return True

    def require_type(self, caller: tokens.Caller, type_name: str) -> None:
        """Raises Forbidden unless the caller may use the type."""
        if not self.allows_type(caller, type_name):
            raise errors.Forbidden(f"You are not authorized to use resource type {type_name}.")


def _credentials(caller: tokens.Caller) -> dict[str, Any]:
    return {
        "user_id": caller.user_id,
        "user_domain_id": caller.user_domain_id,
        "project_id": caller.project_id,
        "project_domain_id": caller.project_domain_id,
        "roles": list(caller.roles),
        "is_admin": caller.is_admin,
        "is_admin_project": caller.is_admin_project,
        "system_scope": caller.system_scope,
        "domain_id": caller.domain_id,
        "service_roles": list(caller.service_roles),
    }
