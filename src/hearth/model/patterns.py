"""Does this whole text match that regular expression, in bounded time whatever the expression?

Called by `hearth.model.constraints` for patterns that users write. The standard library's engine backtracks: `(a+)+b`
takes time that doubles with each character, and nothing can interrupt it. So before a match the number of ways through
the expression is estimated from its syntax tree (`a+` has as many ways as the text has characters, a sequence
multiplies them, a repeat of something with choices raises them to a power). Few ways: the library's engine does it.
Many: the expression becomes an automaton, a set of states walked over the text once, whose steps are counted and
limited. Only yes or no is wanted, so groups need no bookkeeping. Both read the expression with the library's own parser
and so agree on its meaning. Back references and atomic, possessive or conditional parts have no automaton; with many
ways they are refused.
"""

import functools
import re
import warnings
from collections.abc import Callable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser has had no public name since 3.11
from typing import Any

#: Longest text an expression is tried on, and longest expression, in characters.
MAX_TEXT = 65_536
MAX_PATTERN = 4_096
#: Ways x characters up to which the library's engine is used: some tens of milliseconds at worst.
_MAX_BACKTRACKING = 2_000_000
#: States of an automaton, and state visits of one match: half a second at worst.
_MAX_STATES = 20_000
_MAX_VISITS = 1_000_000

#: What `search_amount` may be for a search of half a second at worst.
MOST_SEARCH = 200_000_000

_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


class Pattern:
    """A compiled expression. Raises re.error when it is not valid, ValueError when it is too long."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise ValueError(f"the pattern has {len(pattern)} characters; the limit is {MAX_PATTERN}")
        with warnings.catch_warnings():
            # "Possible nested set" and the like: advice to programmers, not to the author of a template.
            warnings.simplefilter("ignore")
            try:
                self._compiled = re.compile(pattern)
                self._tree = _parser.parse(pattern)
            except (OverflowError, RecursionError) as error:
                raise ValueError(f"the pattern is too deep or repeats too often: {error}") from error
        self._automaton: _Automaton | None = None

    def matches(self, text: str) -> bool:
        """Whether the whole text matches. Raises ValueError when finding out would take too long."""
        if len(text) > MAX_TEXT:
            raise ValueError(f"the text has {len(text)} characters; a pattern is tried on up to {MAX_TEXT}")
        if _ways(self._tree, len(text)) * (len(text) + 1) <= _MAX_BACKTRACKING:
            return self._compiled.fullmatch(text) is not None
        if self._automaton is None:
            self._automaton = _Automaton(self._tree, self._compiled.flags)
        return _Run(text).accepts(self._automaton, 0, len(text))


def search_amount(pattern: str, length: int) -> int:
    """How much the library's engine may have to do to search a text of this length; cut above `MOST_SEARCH`.

    Raises re.error when the pattern is not valid, ValueError when it is too deep.
    """
    try:
        return min(_ways(_tree(pattern), length, MOST_SEARCH) * (length + 1), MOST_SEARCH + 1)
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern is too deep or repeats too often: {error}") from error


@functools.lru_cache(maxsize=256)
def _tree(pattern: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _parser.parse(pattern)


def _ways(tree: Any, length: int, most_ways: int = _MAX_BACKTRACKING) -> int:
    """How many ways a backtracking engine may try on a text of this length, cut at the limit."""
    ways = 1
    for kind, argument in tree:
        if kind in _REPEATS or kind is _constants.POSSESSIVE_REPEAT:
            least, most, body = argument
            most = min(most, length + 1)
            inner = _ways(body, length, most_ways)
            # 40 rounds of two choices are beyond the limit already
            ways *= inner ** min(most, 40) if inner > 1 else max(1, most - least + 1)
        elif kind is _constants.BRANCH:
            ways *= sum(_ways(branch, length, most_ways) for branch in argument[1])
        elif kind is _constants.GROUPREF_EXISTS:
            ways *= _ways(argument[1], length, most_ways) + _ways(argument[2] or [], length, most_ways)
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.SUBPATTERN):
            ways *= _ways(argument[-1], length, most_ways)
        elif kind is _constants.ATOMIC_GROUP:
            ways *= _ways(argument, length, most_ways)
        if ways > most_ways:
            return most_ways + 1
    return ways


class _State:
    """One state: moves over a character that `takes` accepts, or without one when `holds` (None: always) agrees."""

    __slots__ = ("holds", "next", "takes")

    def __init__(self, takes: "Callable[[str], bool] | None", holds: "Callable[[_Run, int], bool] | None") -> None:
        self.takes = takes
        self.holds = holds
        self.next: list[_State] = []


class _Automaton:
    """States for an expression; built backwards, so that each part knows where it leads."""

    def __init__(self, tree: Any, flags: int) -> None:
        self._count = 0
        self.end = self._state()
        self.start = self._sequence(list(tree), flags, self.end)

    def _state(
        self,
        *following: _State,
        takes: Callable[[str], bool] | None = None,
        holds: "Callable[[_Run, int], bool] | None" = None,
    ) -> _State:
        self._count += 1
        if self._count > _MAX_STATES:
            raise ValueError("the pattern repeats too much to be tried on a text of this length")
        state = _State(takes, holds)
        state.next.extend(following)
        return state

    def _sequence(self, items: Any, flags: int, following: _State) -> _State:
        for kind, argument in reversed(list(items)):
            following = self._part(kind, argument, flags, following)
        return following

    def _part(self, kind: Any, argument: Any, flags: int, following: _State) -> _State:
        if kind in _REPEATS:
            least, most, body = argument
            return self._repeat(least, most, body, flags, following)
        if kind is _constants.BRANCH:
            return self._state(*[self._sequence(branch, flags, following) for branch in argument[1]])
        if kind is _constants.SUBPATTERN:
            _, added, removed, body = argument
            return self._sequence(body, (flags | added) & ~removed, following)
        if kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            direction, body = argument
            look = _Look(_Automaton(body, flags), body.getwidth()[0] if direction < 0 else None)
            wanted = kind is _constants.ASSERT
            return self._state(following, holds=lambda run, at: run.sees(look, at) is wanted)
        if kind is _constants.AT:
            test = _position_test(argument, flags)
            return self._state(following, holds=lambda run, at: test(run.text, at))
        test_character = _character_test(kind, argument, flags)
        if test_character is None:
            raise ValueError(f"the pattern is too ambiguous for a text of this length because of a {str(kind).lower()}")
        return self._state(following, takes=_remembered(test_character))

    def _repeat(self, least: int, most: Any, body: Any, flags: int, following: _State) -> _State:
        if most is _constants.MAXREPEAT:
            loop = self._state()
            loop.next += [self._sequence(body, flags, loop), following]
            entry = loop
        else:
            entry = following
            for _ in range(int(most) - least):
                entry = self._state(self._sequence(body, flags, entry), following)
        for _ in range(least):
            entry = self._sequence(body, flags, entry)
        return entry


class _Look:
    """A look ahead (`back` None) or behind by so many characters."""

    __slots__ = ("automaton", "back")

    def __init__(self, automaton: _Automaton, back: int | None) -> None:
        self.automaton = automaton
        self.back = back


class _Run:
    """One match: the text, what looks around have found already, and how much work was done."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._visits = 0
        self._seen: dict[tuple[_Look, int], bool] = {}

    def accepts(self, automaton: _Automaton, start: int, stop: int, *, anywhere: bool = False) -> bool:
        """Whether the automaton takes the text from start to exactly stop (`anywhere`: to any place up to stop)."""
        current = self._reachable([automaton.start], start)
        for at in range(start, stop):
            if anywhere and automaton.end in current:
                return True
            character = self.text[at]
            moved = [state.next[0] for state in current if state.takes is not None and state.takes(character)]
            if not moved:
                return False
            current = self._reachable(moved, at + 1)
        return automaton.end in current

    def sees(self, look: _Look, at: int) -> bool:
        """Whether a look around finds its expression at this position."""
        known = self._seen.get((look, at))
        if known is None:
            if look.back is None:
                known = self.accepts(look.automaton, at, len(self.text), anywhere=True)
            else:
                known = at >= look.back and self.accepts(look.automaton, at - look.back, at)
            self._seen[look, at] = known
        return known

    def _reachable(self, states: list[_State], at: int) -> dict[_State, None]:
        """The states reached from these without taking a character."""
        reached: dict[_State, None] = {}
        waiting = states
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            self._visits += 1
            if self._visits > _MAX_VISITS:
                raise ValueError("the pattern is too ambiguous for a text of this length")
            reached[state] = None
            if state.takes is None and (state.holds is None or state.holds(self, at)):
                waiting.extend(state.next)
        return reached


def _remembered(test: Callable[[str], bool]) -> Callable[[str], bool]:
    known: dict[str, bool] = {}

    def takes(character: str) -> bool:
        answer = known.get(character)
        if answer is None:
            answer = known[character] = test(character)
        return answer

    return takes


def _character_test(kind: Any, argument: Any, flags: int) -> Callable[[str], bool] | None:
    """The test for a part that takes one character; None when the part is not of that kind."""
    if kind is _constants.ANY:
        return (lambda _: True) if flags & re.DOTALL else (lambda character: character != "\n")
    if kind is _constants.LITERAL:
        return lambda character: _any_case(lambda one: one == argument, character, flags)
    if kind is _constants.NOT_LITERAL:
        return lambda character: not _any_case(lambda one: one == argument, character, flags)
    if kind is _constants.IN:
        negated = argument[0][0] is _constants.NEGATE
        members = [_member_test(part, value, flags) for part, value in (argument[1:] if negated else argument)]
        return lambda character: (
            _any_case(lambda one: any(test(one) for test in members), character, flags) is not negated
        )
    return None


def _any_case(test: Callable[[int], bool], character: str, flags: int) -> bool:
    if not flags & re.IGNORECASE:
        return test(ord(character))
    return any(test(ord(one)) for one in _cases(character, flags))


def _cases(character: str, flags: int) -> Iterator[str]:
    yield character
    if not flags & re.ASCII or character.isascii():
        for other in (character.lower(), character.upper()):
            if len(other) == 1:
                yield other


def _member_test(kind: Any, argument: Any, flags: int) -> Callable[[int], bool]:
    if kind is _constants.RANGE:
        low, high = argument
        return lambda code: low <= code <= high
    if kind is _constants.CATEGORY:
        return _category_test(argument, flags)
    return lambda code: code == argument


def _category_test(category: Any, flags: int) -> Callable[[int], bool]:
    name = str(category)
    positive = "NOT_" not in name

    def test(code: int) -> bool:
        character = chr(code)
        if flags & re.ASCII and not character.isascii():
            found = False
        elif name.endswith("DIGIT"):
            found = character.isdecimal()
        elif name.endswith("SPACE"):
            found = character.isspace() and (not flags & re.ASCII or character in " \t\n\r\f\v")
        else:
            found = character.isalnum() or character == "_"
        return found is positive

    return test


def _position_test(position: Any, flags: int) -> Callable[[str, int], bool]:
    """The test for anchors and word boundaries."""
    if position is _constants.AT_BEGINNING_STRING or (position is _constants.AT_BEGINNING and not flags & re.MULTILINE):
        return lambda text, at: at == 0
    if position is _constants.AT_BEGINNING:
        return lambda text, at: at == 0 or text[at - 1] == "\n"
    if position is _constants.AT_END_STRING:
        return lambda text, at: at == len(text)
    if position is _constants.AT_END:
        if flags & re.MULTILINE:
            return lambda text, at: at == len(text) or text[at] == "\n"
        return lambda text, at: at == len(text) or (at == len(text) - 1 and text[at] == "\n")
    is_word = _category_test(_constants.CATEGORY_WORD, flags)
    wanted = position is _constants.AT_BOUNDARY

    def at_boundary(text: str, at: int) -> bool:
        before = at > 0 and is_word(ord(text[at - 1]))
        after = at < len(text) and is_word(ord(text[at]))
        return (before is not after) is wanted and bool(text or wanted)

    return at_boundary
