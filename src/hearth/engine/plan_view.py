"""Plan trees as documents, for whoever reads plans: the API, plan files, the command line. Secrets are masked here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hearth.engine import masking, views
from hearth.engine.plan_tree import Inside, PlanTree
from hearth.graph import dag
from hearth.model import plan, plan_document, states
from hearth.model.part import SEPARATOR
from hearth.model.plan import Verdict, Work
from hearth.model.plan_document import PropertyChange, ResourceChange, StackChanges, Task, WorkItem
from hearth.model.values import UNKNOWN, is_known
from hearth.resources.blueprint import Blueprint, Member
from hearth.store.rows import ResourceRow

_LEAVES = {"Retain": "object", "Snapshot": "snapshot"}
_TASKS = {Verdict.CREATE: Task.CREATE, Verdict.REPLACE: Task.CREATE, Verdict.UPDATE: Task.UPDATE}


def document(tree: PlanTree) -> plan_document.PlanDocument:
    """The whole plan."""
    summary = dict.fromkeys([*Verdict, "uncertain"], 0)
    _count(tree, summary)
    numbers = {str(name): count for name, count in summary.items()}
    return plan_document.PlanDocument(
        action=tree.made.action.value,
        summary=plan_document.Summary(**numbers),
        stack=_stack(tree, (), None),
        critical_path=_heaviest(tree, ()),
        left_out=sorted(_left_out(tree)),
    )


def _left_out(tree: PlanTree) -> Iterator[str]:
    """Paths of what keeps its former definition, though there is another."""
    if tree.wanted is None:
        return
    yield from tree.wanted.left_out
    for number, inside in tree.inside.items():
        for path in _left_out(inside.made) if inside.made is not None else ():
            yield f"{tree.made.steps[number].name}{SEPARATOR}{path}"


def _count(tree: PlanTree, summary: dict[str, int]) -> None:
    for number, step in enumerate(tree.made.steps):
        inside = tree.inside.get(number)
        verdict = step.verdict
        if verdict is Verdict.UPDATE and not tree.changes_at(number, step):
            verdict = Verdict.KEEP
        summary[verdict] += 1
        summary["uncertain"] += not step.judgement.certain
        for one in (inside.made, inside.removed) if inside is not None else ():
            if one is not None:
                _count(one, summary)


def _stack(tree: PlanTree, path: tuple[str, ...], above: masking.Mask | None) -> StackChanges:
    mask = masking.of(tree.run, tree.before, tree.wanted, above=above)
    resources = [
        _resource(tree, step, tree.inside.get(number), path, mask) for number, step in enumerate(tree.made.steps)
    ]
    return StackChanges(
        name=tree.stack.name,
        id=tree.stack.id if tree.is_there else None,
        action=tree.made.action.value,
        resources=resources,
        order=_order(tree.made),
        batches=_batches(tree),
    )


def _batches(tree: PlanTree) -> plan_document.Batches | None:
    course = tree.course
    if course is None:
        return None
    there = {step.name for step in tree.made.steps}
    temporary = [name for name in course.temporary if name not in there]
    return plan_document.Batches(len(course.stages), temporary, sorted(tree.changed_first))


def _resource(
    tree: PlanTree, step: plan.Step, inside: Inside | None, path: tuple[str, ...], mask: masking.Mask
) -> ResourceChange:
    member = tree.wanted.members.get(step.name) if tree.wanted else None
    row = tree.run.rows.get(step.row_id or "")
    decision, here = step.judgement.decision, (*path, step.name)
    made = inside.made if inside is not None else None
    removed = inside.removed if inside is not None else None
    reason = reason_of(step, member, mask)
    if step.name in tree.changed_first:
        reason += ", after it was changed in a batch"
    goes = step.verdict in (Verdict.DELETE, Verdict.REPLACE) and row is not None
    return ResourceChange(
        name=step.name,
        path="/".join(here),
        type=member.definition.type if member is not None else row.type if row is not None else "",
        change=step.verdict,
        reason=reason,
        may_be=[one for one in Verdict if one in step.judgement.others],
        because=list(decision.keys),
        physical_id=row.physical_id if row is not None else None,
        state=states.to_wire(row.action, row.status) if row is not None else None,
        leaves=_leaves(tree, row) if goes and row is not None else None,
        properties=property_changes(step, member, mask),
        nested=_stack(made, here, mask) if made is not None else None,
        nested_removed=_stack(removed, here, mask) if removed is not None else None,
        nested_unknown=mask.text(inside.unknown) if inside is not None and inside.unknown else None,
    )


def _leaves(tree: PlanTree, row: ResourceRow) -> str | None:
    waiver = tree.run.waiver(row)
    if waiver is None:
        return _LEAVES.get(row.deletion_policy)
    kind = tree.run.type_of_row(row)
    if kind is not None and not kind.external:
        return None  # there is no object; what is in a nested stack is told there
    return "object" if waiver.lets_go else _LEAVES.get(row.deletion_policy) or "forced"


def reason_of(step: plan.Step, member: Member | None, mask: masking.Mask) -> str:
    """Why, without secrets: values are left out where one of them may be one."""
    decision, gives_up = step.judgement.decision, step.judgement.gives_up
    declared = member.type.properties if member is not None else {}
    if any(mask.is_secret(step.name, key, declared.get(key)) for key in decision.keys):
        reason = ", ".join(f"{key} changes" for key in decision.keys)
    else:
        reason = mask.text(decision.reason)
    if not gives_up:
        return reason
    when = "" if step.verdict is plan.Verdict.REPLACE else "if it is replaced, "
    return f"{reason}; {when}the present one first gives up {mask.text(gives_up)}"


def property_changes(step: plan.Step, member: Member | None, mask: masking.Mask) -> dict[str, PropertyChange]:
    """What a creation, update or replacement changes, by property; secrets masked, unknown values told.

    Of a creation, what has its default is left out.
    """
    before, after = step.judgement.before or {}, step.judgement.after
    row_is_new = step.judgement.before is None
    if member is None or after is None:
        return {}
    changed: dict[str, PropertyChange] = {}
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if new is not UNKNOWN and old == new:
            continue
        declared = member.type.properties.get(key)
        if row_is_new and declared is not None and new == declared.default:
            continue
        known = is_known(new)
        if mask.is_secret(step.name, key, declared):
            hidden = [masking.MASK if one is not None else None for one in (old, new)]
            changed[key] = PropertyChange(hidden[0], hidden[1] if known else masking.KNOWN_LATER, known, secret=True)
        else:
            changed[key] = PropertyChange(mask.value(old, declared), mask.value(new, declared), known)
    return changed


def _work_of(made: plan.Plan) -> dict[int, tuple[Task, str]]:
    """`{number of node: what it does}`; nodes that will do nothing are left out."""
    verdicts = {step.name: step.verdict for step in made.steps if step.verdict is not Verdict.DELETE}
    found: dict[int, tuple[Task, str]] = {}
    for number, node in enumerate(made.nodes):
        match node.work:
            case Work.CONVERGE:
                found[number] = _TASKS.get(verdicts[node.name], Task.LOOK), node.name
            case Work.REMOVE:
                found[number] = Task.DELETE, node.name
            case Work.TIDY if verdicts[node.name] is Verdict.REPLACE:
                found[number] = Task.DELETE, node.name
    return found


def _order(made: plan.Plan) -> list[WorkItem]:
    work = _work_of(made)
    needs = _needs_of(made, work)
    order = [number for number in dag.order({n: node.needs for n, node in enumerate(made.nodes)}) if number in work]
    places = {number: place for place, number in enumerate(order, 1)}
    return [
        WorkItem(places[number], *work[number], sorted(places[one] for one in needs[number] if one in places))
        for number in order
    ]


def _needs_of(made: plan.Plan, work: Mapping[int, object]) -> dict[int, list[int]]:
    """The needs of nodes that do something, through those that do not."""
    found: dict[int, list[int]] = {}
    for number in work:
        reached: dict[int, None] = {}
        front = list(made.nodes[number].needs)
        passed = set(front)
        while front:
            one = front.pop()
            if one in work:
                reached[one] = None
                continue
            more = [other for other in made.nodes[one].needs if other not in passed]
            passed.update(more)
            front += more
        found[number] = list(reached)
    return found


def _heaviest(tree: PlanTree, path: tuple[str, ...]) -> list[str]:
    """The longest chain of work in a stack, that in nested stacks included."""
    inside: dict[str, list[Inside]] = {}
    for number, one in tree.inside.items():
        inside.setdefault(tree.made.steps[number].name, []).append(one)
    chains = {
        number: _chain(task, (*path, name), inside.get(name, ()))
        for number, (task, name) in _work_of(tree.made).items()
        if task is not Task.LOOK
    }
    needs = {number: node.needs for number, node in enumerate(tree.made.nodes)}
    heaviest: Sequence[int] = dag.longest_path(needs, lambda number: len(chains.get(number, ())))
    return [item for number in heaviest for item in chains.get(number, ())]


def _chain(task: Task, path: tuple[str, ...], several: Sequence[Inside]) -> list[str]:
    """What has to be done one after the other for one piece of work."""
    inner: list[str] = []
    for inside in several:
        nested = inside.removed if task is Task.DELETE else inside.made
        if nested is None:
            continue
        if task is Task.UPDATE and not nested.changes:
            return []
        inner = max(inner, _heaviest(nested, path), key=len)
    return [f"{task} {'/'.join(path)}", *inner]


def refusals(changes: StackChanges) -> list[str]:
    """What a plan itself says cannot be, with the reasons."""
    found = []
    for one in changes.resources:
        if one.change is Verdict.REFUSE:
            found.append(f"{one.path}: {one.reason}")
        for nested in (one.nested, one.nested_removed):
            found += refusals(nested) if nested is not None else []
    return found


# ---- the form of update previews ----

_LISTS = {
    Verdict.CREATE: "added",
    Verdict.UPDATE: "updated",
    Verdict.REPLACE: "replaced",
    Verdict.REFUSE: "updated",
    Verdict.DELETE: "deleted",
    Verdict.KEEP: "unchanged",
}

Lists = dict[str, list[dict[str, Any]]]


def lists(tree: PlanTree, *, show_nested: bool) -> Lists:
    """A plan in the form of an update preview; each entry also tells the reason and the property changes."""
    found: Lists = {name: [] for name in ("unchanged", "updated", "replaced", "added", "deleted")}
    _list(tree, found, None, show_nested)
    return found


def _list(tree: PlanTree, found: Lists, above: masking.Mask | None, show_nested: bool) -> None:
    mask = masking.of(tree.run, tree.before, tree.wanted, above=above)
    users = _users(tree.wanted)
    for step in tree.made.steps:
        found[_LISTS[step.verdict]].append(_entry(tree, step, users.get(step.name, []), mask))
    if show_nested:
        for inside in tree.inside.values():
            for one in (inside.made, inside.removed):
                if one is not None:
                    _list(one, found, mask, show_nested)


def _users(built: Blueprint | None) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for name, member in built.members.items() if built is not None else ():
        for needed in member.requires:
            users.setdefault(needed, []).append(name)
    return users


def _entry(tree: PlanTree, step: plan.Step, users: list[str], mask: masking.Mask) -> dict[str, Any]:
    member = tree.wanted.members.get(step.name) if tree.wanted else None
    row, stack = tree.run.rows.get(step.row_id or ""), tree.stack
    changed = property_changes(step, member, mask)
    return {
        "resource_name": step.name,
        "resource_type": member.definition.type if member else row.type if row else "",
        "physical_resource_id": row.physical_id or "" if row else "",
        "resource_action": row.action.value if row else "INIT",
        "resource_status": row.status.value if row else "COMPLETE",
        "resource_status_reason": row.reason if row else "",
        "creation_time": row.created_at if row else None,
        "updated_time": row.updated_at if row else None,
        "required_by": users,
        "resource_identity": views.identity_of(stack, f"/resources/{step.name}").to_wire(),
        "stack_identity": views.identity_of(stack).to_wire(),
        "stack_name": stack.name,
        "description": member.definition.description if member else "",
        "metadata": (row.metadata if row else None) or {},
        "attributes": {},
        **({"parent_resource": stack.owner_resource_name} if stack.owner_resource_name else {}),
        "change": {
            "verdict": step.verdict.value,
            "reason": reason_of(step, member, mask),
            "certain": step.judgement.certain,
            "keys": list(step.judgement.decision.keys),
            "properties": {key: {"before": one.before, "after": one.after} for key, one in changed.items()},
        },
    }
