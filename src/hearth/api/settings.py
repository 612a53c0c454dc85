"""What an operator can set about the API: plain values, read once from the configuration."""

import dataclasses

from oslo_config import cfg

from hearth.cloud import addresses, config


@dataclasses.dataclass(frozen=True, slots=True)
class ApiSettings:
    """Sizes are bytes."""

    #: Shown in the answer 401.
    www_authenticate_uri: str = ""
    max_json_body_size: int = 1_048_576
    max_template_size: int = 524_288
    max_nested_stack_depth: int = 5
    #: Where a template_url may point.
    fetch_rules: addresses.FetchRules = dataclasses.field(default_factory=addresses.FetchRules)


def from_conf(conf: cfg.ConfigOpts) -> ApiSettings:
    """Read the settings. Raises hearth.cloud.config.ConfigError."""
    return ApiSettings(
        www_authenticate_uri=config.token_rules(conf).www_authenticate_uri,
        max_json_body_size=conf.max_json_body_size,
        max_template_size=conf.max_template_size,
        max_nested_stack_depth=conf.max_nested_stack_depth,
        fetch_rules=config.fetch_rules(conf),
    )
