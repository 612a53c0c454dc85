"""All rules, in the order of their ids. A new rule is a file here and a line in this list."""

from typing import Final

from hearth.tools.lint.rule import Rule
from hearth.tools.lint.rules import (
    constant_condition,
    deprecated_property,
    deprecated_type,
    duplicate_resource,
    hard_coded_id,
    implied_depends_on,
    missing_constraints,
    missing_deletion_policy,
    missing_description,
    old_version,
    open_to_the_world,
    plain_text_secret,
    secret_output,
    ungrouped_parameter,
    unused_condition,
    unused_mapping,
    unused_parameter,
    unused_replacement,
    visible_secret_parameter,
)

RULES: Final[tuple[Rule, ...]] = (
    unused_parameter.RULE,
    unused_condition.RULE,
    constant_condition.RULE,
    unused_replacement.RULE,
    implied_depends_on.RULE,
    duplicate_resource.RULE,
    unused_mapping.RULE,
    deprecated_type.RULE,
    deprecated_property.RULE,
    old_version.RULE,
    plain_text_secret.RULE,
    visible_secret_parameter.RULE,
    secret_output.RULE,
    open_to_the_world.RULE,
    missing_deletion_policy.RULE,
    hard_coded_id.RULE,
    missing_description.RULE,
    missing_constraints.RULE,
    ungrouped_parameter.RULE,
)
