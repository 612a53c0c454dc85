"""Which of the known words was meant? Quick enough to be asked for a thousand typos among a thousand names.

Called by `hearth.model.diagnostics.nearest`. The library compares two words in some 20 microseconds; so it only
gets those that have the most pairs of letters in common with the wrong one.
"""

import difflib
import functools
import heapq
from typing import Final

#: So many words are compared letter by letter,
_CANDIDATES: Final = 12
#: if this part of both words' pairs of letters is common; words that are alike share more.
_LEAST_SHARE: Final = 0.12
#: Longer words are no typos, and comparing them takes the square of their length.
_LONGEST: Final = 200
_BITS: Final = 251


@functools.lru_cache(maxsize=4096)
def closest(wrong: str, known: tuple[str, ...], likeness: float = 0.6) -> str | None:
    """The known word most like the wrong one; None when none is like it (0: nothing in common, 1: the same)."""
    if len(wrong) > _LONGEST:
        return None
    found = difflib.get_close_matches(wrong, _candidates(wrong, known), n=1, cutoff=likeness)
    return found[0] if found else None


def _candidates(wrong: str, known: tuple[str, ...]) -> list[str]:
    mine = _pairs(wrong)
    size = mine.bit_count()
    marked = [
        (share - abs(len(word) - len(wrong)) / 1000, word)
        for word, pairs in zip(known, _marks(known), strict=True)
        if (share := (mine & pairs).bit_count() / (size + pairs.bit_count())) > _LEAST_SHARE and len(word) <= _LONGEST
    ]
    return [word for _, word in heapq.nlargest(_CANDIDATES, marked)]


@functools.lru_cache(maxsize=64)
def _marks(known: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(_pairs, known))


def _pairs(word: str) -> int:
    """The pairs of letters in a word, its ends included, as bits."""
    found = 0
    for one, other in zip(f" {word}", f"{word} ", strict=True):
        found |= 1 << ((ord(one) * 31 + ord(other)) % _BITS)
    return found
