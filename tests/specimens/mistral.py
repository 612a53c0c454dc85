"""Specimens of the workflow types."""

from collections.abc import Mapping

from specimens.form import Request, Specimen, of, ref

TASK = {"name": "say", "action": "std.echo", "input": {"output": "<% $.word %>"}, "on_success": ["end"]}
END = {"name": "end", "action": "std.noop", "retry": {"count": 2, "delay": 1}}
#: The definition with other tags, as the service takes texts.
OTHER_TAGS = Request(
    "workflow",
    "PUT",
    "/v2/workflows",
    {
        "version": "2.0",
        "{it}": {
            "type": "direct",
            "description": "mine",
            "input": ["word"],
            "output": {"said": "<% $.word %>"},
            "tags": ["theirs"],
            "tasks": {
                "say": {"action": "std.echo", "input": {"output": "<% $.word %>"}, "on-success": ["end"]},
                "end": {"action": "std.noop", "retry": {"count": 2, "delay": 1}},
            },
        },
    },
    {"Content-Type": "text/plain", "Accept": "text/plain"},
)
WORKFLOW = of("OS::Mistral::Workflow", type="direct", input={"word": "hello"}, tasks=[END])

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Mistral::Workflow": Specimen(
        {
            "type": "direct",
            "description": "mine",
            "input": {"word": "hello"},
            "output": {"said": "<% $.word %>"},
            "tags": ["a"],
            "tasks": [TASK, END],
        },
        updates={"tasks": [END], "tags": ["b"]},
        changes={"tags": OTHER_TAGS},
        unchanged=("type",),
        replaces={"name": "another"},
    ),
    "OS::Mistral::CronTrigger": Specimen(
        {"pattern": "0 * * * *", "workflow": {"name": ref("workflow"), "input": {"word": "hello"}}},
        {"workflow": WORKFLOW},
        replaces={"pattern": "1 * * * *"},
    ),
}

#: Examples of types that have no specimen, for the reference.
EXAMPLES: Mapping[str, Specimen] = {
    "OS::Mistral::ExternalResource": Specimen(
        {
            "actions": {"CREATE": {"workflow": ref("make")}, "DELETE": {"workflow": ref("unmake")}},
            "input": {"word": "hello"},
        },
        {"make": WORKFLOW, "unmake": WORKFLOW},
    ),
}
