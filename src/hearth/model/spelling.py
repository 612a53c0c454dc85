"""Which of the known words was meant? Quick enough to be asked for a thousand typos among a thousand names.

Called by `hearth.model.diagnostics.nearest`. The library compares two words in some 20 microseconds; so of many it
only gets those that have the most pairs of letters in common with the wrong one.
"""

import difflib
import functools
import heapq
from typing import Final

#: Up to so many words are compared one by one.
_FEW: Final = 50
#: So many of the others are.
_CANDIDATES: Final = 12
#: Longer words are no typos, and comparing them takes the square of their length.
_LONGEST: Final = 200
_BITS: Final = 251


@functools.lru_cache(maxsize=4096)
def closest(wrong: str, known: tuple[str, ...]) -> str | None:
    """The known word most like the wrong one; None when none is like it."""
    if len(wrong) > _LONGEST:
        return None
    if len(known) > _FEW:
        known = _candidates(wrong, known)
    found = difflib.get_close_matches(wrong, [word for word in known if len(word) <= _LONGEST], n=1)
    return found[0] if found else None


def _candidates(wrong: str, known: tuple[str, ...]) -> tuple[str, ...]:
    mine = _pairs(wrong)
    size = mine.bit_count()

    def likeness(word: str, pairs: int) -> float:
        return (mine & pairs).bit_count() / (size + pairs.bit_count()) - abs(len(word) - len(wrong)) / 1000

    marked = [(likeness(word, pairs), word) for word, pairs in zip(known, _marks(known), strict=True)]
    return tuple(word for _, word in heapq.nlargest(_CANDIDATES, marked))


@functools.lru_cache(maxsize=8)
def _marks(known: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(_pairs, known))


def _pairs(word: str) -> int:
    """The pairs of letters in a word, its ends included, as bits."""
    found = 0
    for one, other in zip(f" {word}", f"{word} ", strict=True):
        found |= 1 << ((ord(one) * 31 + ord(other)) % _BITS)
    return found
