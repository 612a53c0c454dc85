"""Reports as SARIF 2.1.0, which code hosts and editors show beside the code.

Spec: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from hearth.tools.lint import linting, rules

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def log(reports: Iterable[linting.Report], tool_version: str) -> dict[str, Any]:
    """The SARIF log of one run."""
    described = [
        {
            "id": linting.INVALID,
            "name": "invalid",
            "shortDescription": {"text": "The template is not valid"},
            "defaultConfiguration": {"level": "error"},
        },
        *(
            {
                "id": rule.id,
                "name": rule.name,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.why},
                "defaultConfiguration": {"level": rule.level.value},
            }
            for rule in rules.RULES
        ),
    ]
    index = {rule["id"]: number for number, rule in enumerate(described)}
    driver = {"name": "hearth", "version": tool_version, "rules": described}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(report, index[report.rule]) for report in reports],
            }
        ],
    }


def _result(report: linting.Report, index: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(report.place.source)}}
    if report.place.line:
        physical["region"] = {"startLine": report.place.line, "startColumn": report.place.column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if report.place.path:
        location["logicalLocations"] = [{"fullyQualifiedName": report.place.path_text()}]
    return {
        "ruleId": report.rule,
        "ruleIndex": index,
        "level": report.level.value,
        "message": {"text": f"{report.message}. {report.advice}".strip() if report.advice else report.message},
        "locations": [location],
    }
