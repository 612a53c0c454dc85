"""Plans as people see them, and the files they are kept in."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from hearth.cli import plan_draw
from hearth.model.plan import Verdict
from hearth.model.plan_document import (
    Batches,
    PlanDocument,
    PropertyChange,
    ResourceChange,
    StackChanges,
    Summary,
    WorkItem,
)
from hearth.process import main
from hearth.store.codec import digest, encode


def change(name, verdict, reason="nothing changes", **more):
    return ResourceChange(name=name, path=name, type="A::Type", change=verdict, reason=reason, **more)


def nested(*several, **more):
    return StackChanges("web-in", "2", "UPDATE", list(several), [], **more)


DOCUMENT = PlanDocument(
    "UPDATE",
    Summary(create=1, replace=1, keep=3, uncertain=1),
    StackChanges(
        "web",
        "1",
        "UPDATE",
        [
            change("kept", Verdict.KEEP),
            change("new", Verdict.CREATE, properties={"size": PropertyChange(None, 3)}),
            change(
                "old",
                Verdict.REPLACE,
                "size changes",
                may_be=[Verdict.KEEP],
                leaves="object",
                properties={"size": PropertyChange(1, "(known after apply)", known=False)},
            ),
            change(
                "lists",
                Verdict.UPDATE,
                properties={
                    "rules": PropertyChange(
                        [{"b": 1, "a": 22}, {"a": 80}, {"a": 53}], [{"a": 22, "b": 1}, {"a": 80}, {"a": 443}]
                    ),
                    "order": PropertyChange([1, 2], [2, 1]),
                    "one": PropertyChange([{"b": 1, "a": 2}], [{"c": 1}]),
                },
            ),
            change("quiet", Verdict.UPDATE, nested=nested(change("inner", Verdict.KEEP))),
            change(
                "busy",
                Verdict.UPDATE,
                nested=nested(change("0", Verdict.DELETE, "no longer in the template"), batches=Batches(2, ["9"])),
            ),
        ],
        [WorkItem(1, "create", "new", [])],
    ),
    ["create new", "create old"],
)
SHOWN = """\
Update of stack web
├── + new  A::Type
│       size: 3
├── ± old  A::Type
│       replaced: size changes
│       or keep, when the values are known
│       its object stays where it is
│       size: 1 → (known after apply)
├── ~ lists  A::Type
│       rules: 1 less, 1 more
│         - {"a":53}
│         + {"a":443}
│       order: [1,2] → [2,1]
│       one: [{"a":2,"b":1}] → [{"c":1}]
└── ~ busy  A::Type
    ├── in 2 batches; for a while there are also 9
    └── - 0  A::Type
            deleted: no longer in the template
Longest chain of work (2): create new → create old
1 to create, 1 to replace, 3 to keep; 1 may come otherwise, when values are known.
"""


def kept():
    document = msgspec.to_builtins(DOCUMENT)
    return {"id": "p", "digest": digest(encode(document)), "stack_id": "1", "document": document}


def test_a_plan_is_drawn_with_what_happens_and_why(capsys):
    plan_draw.show(kept(), "table")
    assert "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n" == SHOWN


def test_a_plan_for_scripts(capsys):
    plan_draw.show(kept(), "value")
    assert capsys.readouterr().out.splitlines()[:3] == ["keep kept", "create new", "replace old"]
    plan_draw.show(kept(), "json")
    assert json.loads(capsys.readouterr().out) == kept()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda made: made["plan"]["document"]["stack"].update(name="other"), "was changed after it was written"),
        (lambda made: made["plan"].update(digest="0"), "was changed after it was written"),
        (lambda made: made.update(hearth_plan=2), "another version"),
        (lambda made: made.pop("plan"), "is not a plan"),
    ],
)
def test_a_file_that_is_no_plan_any_more_is_not_sent(tmp_path, spoil, said):
    made = {"hearth_plan": 1, "plan": kept()}
    spoil(made)
    path = tmp_path / "web.plan"
    path.write_text(json.dumps(made))
    answer = CliRunner().invoke(main.root, ["stack", "apply", str(path)])
    assert answer.exit_code == 1
    assert said in answer.output
