"""Definitions that hold for a part of a stack only: the rest keeps the definition it had.

A user names targets, or what to leave out. What a target needs comes along; what is left out has its former
definition, or is not there where it had none. The stack's definition is then made of two layers, and everything works
on it as on any other. Pure; called where requests are understood and where stored definitions are made ready.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from hearth.graph import dag
from hearth.model.diagnostics import nearest
from hearth.model.errors import BadRequest
from hearth.model.values import is_known
from hearth.resources.blueprint import Blueprint, Member


def left_out(
    new: Blueprint, former: Blueprint | None, targets: Collection[str], excludes: Collection[str]
) -> frozenset[str]:
    """The names that keep what they had.

    Raises:
        BadRequest: a name is of no resource, or targets and what is left out do not go together.
    """
    before = former.members if former is not None else {}
    names = {*new.members, *before}
    _check_names("targets", targets, names)
    _check_names("excludes", excludes, names)
    both = sorted(set(targets).intersection(excludes))
    if both:
        raise BadRequest(f"{both[0]} is a target and left out at the same time.")
    wanted = dag.reachable([one for one in targets if one in new.members], new.requires) if targets else set(names)
    out = names - (wanted | set(targets)) | set(excludes)
    why = dict.fromkeys(out, "it is left out")
    while True:
        more = _also_out(new.members, before, out)
        if not more:
            break
        why |= more
        out.update(more)
    lost = sorted(out.intersection(targets))
    if lost:
        raise BadRequest(f"The target {lost[0]} cannot be reached: {why[lost[0]]}.")
    return frozenset(out)


def _check_names(field: str, chosen: Iterable[str], known: Collection[str]) -> None:
    for name in chosen:
        if "/" in name and name.partition("/")[0] in known:
            outer = name.partition("/")[0]
            raise BadRequest(f"{field}: {name} is in a nested stack; name {outer}, which goes as a whole.")
        if name not in known:
            raise BadRequest(f"{field}: there is no resource {name}. {nearest(name, known)}".rstrip())


def _also_out(new: Mapping[str, Member], before: Mapping[str, Member], out: Collection[str]) -> dict[str, str]:
    """What cannot take the new definition because of what is left out, with the reason."""
    found = {}
    for name, member in new.items():
        missing = [one for one in member.requires if one in out and one not in before]
        if name not in out and missing:
            found[name] = f"it needs {missing[0]}, which is left out and does not exist"
    for name in out:
        for one in before[name].requires if name in before else ():
            if one in before and one not in new and one not in out:
                found[one] = f"{name}, which is left out, uses it"
    return found


def combined(new: Blueprint, former: Blueprint | None, out: Collection[str]) -> Blueprint:
    """The new definition with the former one for what is left out.

    Raises:
        BadRequest: the two need each other in a circle.
    """
    before = former.members if former is not None else {}
    members: dict[str, Member] = {}
    for name in dict.fromkeys([*new.members, *before]):
        chosen = before.get(name) if name in out else new.members.get(name)
        if chosen is None:
            continue
        several = [one.reads for one in (new.members.get(name), before.get(name)) if one is not None]
        reads = tuple(sorted({path for reads in several for path in reads}, key=str))
        members[name] = dataclasses.replace(chosen, reads=reads)
    circle = dag.cycle({name: member.requires for name, member in members.items()})
    if circle:
        text = " -> ".join(map(str, circle))
        raise BadRequest(f"What is left out needs what changes, and the other way round: {text}.")
    outputs = dict(new.bound.outputs)
    for name, output in outputs.items():
        if not all(use.resource in members for use in output.uses):
            outputs[name] = dataclasses.replace(output, enabled=False)  # about something that is not there yet
    origins = {name: former.origin(name) for name in out if name in members} if former is not None else {}
    return dataclasses.replace(
        new,
        members=members,
        bound=dataclasses.replace(new.bound, outputs=outputs),
        origins=origins,
        left_out=tuple(sorted(name for name in out if _differs(name, new, former))),
    )


def _differs(name: str, new: Blueprint, former: Blueprint | None) -> bool:
    """Whether a whole update would still have something to bring, as far as the definitions tell."""
    wanted, has = new.members.get(name), former.members.get(name) if former is not None else None
    if wanted is None or has is None or former is None:
        return wanted is not has
    one, other = wanted.definition, has.definition
    if _written(wanted) != _written(has) or one.type != other.type or wanted.values != has.values:
        return True
    if is_known(wanted.values):
        return False
    # The same text may come to something else by other parameters, which shows when values are known.
    now, was = new.parameters.native(), former.origin(name).parameters.native()
    changed = {key for key in {*now, *was} if now.get(key) != was.get(key)}
    return _mentions(_written(wanted), changed)


def _mentions(tree: object, names: Collection[str]) -> bool:
    """Whether a definition may use one of some parameters, or a condition, which may go by them."""
    if isinstance(tree, str):
        return tree in names or any("${" + name in tree for name in names)
    if isinstance(tree, Mapping):
        return any(key in ("if", "Fn::If") or _mentions(one, names) for key, one in tree.items())
    return isinstance(tree, list) and any(_mentions(one, names) for one in tree)


def _written(member: Member) -> object:
    template = member.definition.template
    return template.raw[template.key("resources")][member.definition.name]
