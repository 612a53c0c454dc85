"""Specimens of the workflow types."""

from collections.abc import Mapping

from specimens.form import Specimen, of, ref

TASK = {"name": "say", "action": "std.echo", "input": {"output": "<% $.word %>"}, "on_success": ["end"]}
END = {"name": "end", "action": "std.noop", "retry": {"count": 2, "delay": 1}}
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
        unchanged=("type",),
        replaces={"name": "another"},
    ),
    "OS::Mistral::CronTrigger": Specimen(
        {"pattern": "0 * * * *", "workflow": {"name": ref("workflow"), "input": {"word": "hello"}}, "count": 3},
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
