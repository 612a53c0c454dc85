"""From a request to what a definition is made of: template text, merged environment, files, parameters.

Precedence. Without `environment_files` the request's `parameters` are laid over the environment's. With them, the
stock client of Heat sends every parameter given on its command line in `parameters` too, and users expect those to
win; Heat lets the files win. Hearth does what users expect (see docs/decisions).
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.engine import definitions
from hearth.engine.requests import StackRequest
from hearth.model.diagnostics import Findings
from hearth.model.errors import BadRequest, Invalid
from hearth.template import environment as environments


def environment_of(request: StackRequest) -> environments.Environment:
    """The request's environments and parameters, merged.

    Raises:
        Invalid: one of them is wrong.
        BadRequest: an environment file is named but not sent.
    """
    findings = Findings()
    if request.environment_files:
        given = []
        for name in request.environment_files:
            if name not in request.files:
                raise BadRequest(
                    f"The environment file {name!r} is listed in environment_files but its text is not in files."
                )
            one, problems = environments.parse(request.files[name], name)
            findings.extend(problems)
            given.append(one)
        if findings.errors:
            raise Invalid(findings.errors)
        merged, problems = environments.merge(given)
    else:
        merged, problems = environments.parse(request.environment or {}, "environment")
    findings.extend(problems)
    if findings.errors:
        raise Invalid(findings.errors)
    return merged.with_parameters(request.parameters)


def template_of(request: StackRequest) -> str | Mapping[str, Any]:
    """The template as sent.

    Raises:
        BadRequest: there is none.
    """
    if request.template is None:
        raise BadRequest("No template specified: send `template` or `template_url`.")
    return request.template


def patched(request: StackRequest, stored: definitions.Material) -> definitions.Material:
    """Stored material with the request laid over it (PATCH); the environment still unchecked."""
    environment, findings = environments.parse(stored.environment, "stored environment")
    if findings.errors:
        raise Invalid(findings.errors)
    given = environment_of(request)
    kept = {name: value for name, value in environment.parameters.items() if name not in request.clear_parameters}
    laid = dataclasses.replace(environment, parameters=kept).with_overlay(given)
    return definitions.Material(
        stored.template if request.template is None else request.template,
        laid.to_wire(),
        {**stored.files, **request.files},
    )
