"""Definitions that hold for a part of a stack only: the rest keeps the definition it had.

A user names targets, or what to leave out (`model.part`). What a target needs comes along; what is left out has its
former definition, or is not there where it had none. The stack's definition is then made of two layers, and everything
works on it as on any other; a nested stack of which a part is left out has two layers of its own. Pure; called where
requests are understood and where definitions are made ready.
"""

import dataclasses
from collections.abc import Collection, Mapping

from hearth.graph import dag
from hearth.model.diagnostics import nearest
from hearth.model.errors import BadRequest
from hearth.model.part import SEPARATOR, Part
from hearth.model.values import is_known
from hearth.resources.blueprint import Blueprint, Member

#: How many resources of the same name in nested stacks are told.
_MOST_TOLD = 3


def left_out(
    new: Blueprint, former: Blueprint | None, part: Part, paths_inside: Collection[str] = ()
) -> frozenset[str]:
    """The names that keep what they had. `paths_inside`: what there is in nested stacks, for advice.

    Raises:
        BadRequest: a name is of no resource, or targets and what is left out do not go together.
    """
    before = former.members if former is not None else {}
    names = {*new.members, *before}
    for field, chosen in (("targets", part.targets), ("excludes", part.excludes)):
        for path in chosen:
            _check_path(field, path, part.above, new, names, paths_inside)
    _check_both(part)
    targets, excludes = part.own_targets, part.own_excludes
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
        raise BadRequest(f"The target {part.above}{lost[0]} cannot be reached: {why[lost[0]]}.")
    return frozenset(out)


def _check_path(
    field: str, path: str, above: str, new: Blueprint, known: Collection[str], paths_inside: Collection[str]
) -> None:
    name, *rest = path.split(SEPARATOR)
    here, shown = above + name, above + path
    if not all((name, *rest)):
        raise BadRequest(f"{field}: {shown!r} is no path of names; write it as group/0/server.")
    if name not in known:
        same = [one for one in paths_inside if one.rpartition(SEPARATOR)[2] == name] if not rest else []
        alike = [repr(one) for one in sorted(same)]
        advice = (
            f"Did you mean {' or '.join(alike[:_MOST_TOLD])}?"
            if alike
            else nearest(here, [above + one for one in known])
        )
        raise BadRequest(f"{field}: there is no resource {here}. {advice}".rstrip())
    if not rest:
        return
    if name not in new.members:
        raise BadRequest(f"{field}: {here} is not in the new template and goes as a whole: name {here}.")
    if not new.members[name].type.nests:
        raise BadRequest(f"{field}: {here} has no nested stack, so there is no {shown}. Name {here}.")


def goes_as_a_whole(part: Part) -> str:
    """Why a part of a nested stack cannot be left out that is made anew."""
    return f"{_asked(part)} is replaced as a whole, so nothing in it can be left out: name {_owner(part)}."


def shows_later(part: Part, why: str) -> str:
    """Why a part of a nested stack cannot be named yet."""
    return (
        f"{_asked(part, 'what is in ')} shows only when other resources are there ({why}): "
        f"name {_owner(part)}, which goes as a whole."
    )


def _asked(part: Part, what: str = "") -> str:
    return f"{'targets' if part.targets else 'excludes'}: {what}{_owner(part)}"


def _owner(part: Part) -> str:
    return part.above.removesuffix(SEPARATOR)


def _check_both(part: Part) -> None:
    for target in part.targets:
        for one in part.excludes:
            if target == one:
                raise BadRequest(f"{part.above}{target} is a target and left out at the same time.")
            if target.startswith(one + SEPARATOR):
                raise BadRequest(
                    f"{part.above}{target} is a target, but {part.above}{one}, which it is in, is left out."
                )


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


def applied(
    new: Blueprint, former: Blueprint | None, part: Part, paths_inside: Collection[str] = ()
) -> tuple[Blueprint, frozenset[str]]:
    """A definition that holds for a part only, and the names that keep what they had; see `left_out`, `combined`."""
    out = left_out(new, former, part, paths_inside)
    return combined(new, former, out, part), out


def resized(new: Blueprint, former: Blueprint, part: Part) -> tuple[Blueprint, frozenset[str]]:
    """The same for a group that only changes its size: what it has been left out of stays so, unless it goes."""
    out = frozenset(former.left_out).intersection(new.members)
    return combined(new, former, out, part), out


def combined(new: Blueprint, former: Blueprint | None, out: Collection[str], part: Part) -> Blueprint:
    """The new definition, which holds for a part, with the former one for what is left out.

    Raises:
        BadRequest: the two need each other in a circle.
    """
    if not out:
        return dataclasses.replace(new, part=part)
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
        part=part,
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
