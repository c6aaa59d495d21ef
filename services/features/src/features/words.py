"""The words of a text, told apart in a way that operators of ONNX repeat exactly.

A text is cut at spaces and line feeds, A to Z become small (other letters stay: how Unicode folds
them depends on who does it), and marks around a word are dropped if AFFIXES has them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

WORDS_READ = 200
"""Longer texts end there, so that no text makes the graph's tensors large."""

LINES_READ = 3
"""Of what stands between two spaces; so many lines are words, the rest is none."""

_ENDS = (".", ",", ";", ":", "!", "?", "!!", "!!!", "...", "…")
_PAIRS = (("(", ")"), ("[", "]"), ('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"))
_CHARACTERS_MIN = 2


def _affixes() -> Iterator[tuple[str, str]]:
    yield from (("", end) for end in _ENDS)
    for opening, closing in _PAIRS:
        yield opening, ""
        yield from ((before, closing) for before in ("", opening))
        for end in ".,!?":
            yield "", f"{end}{closing}"
            yield from ((before, f"{closing}{end}") for before in ("", opening))


AFFIXES: Sequence[tuple[str, str]] = sorted(
    {("", ""), *_affixes()}, key=lambda affix: (-len("".join(affix)), affix)
)
"""What may stand before and after a word, longest first."""


def words_of(text: str) -> list[str]:
    """Return the words in their order; a part that has none is the empty text."""
    # The lower case of bytes is that of A to Z and of nothing else.
    parts = text.encode().lower().decode().split(" ", WORDS_READ)[:WORDS_READ]
    pieces = (piece for part in parts for piece in part.split("\n", LINES_READ - 1))
    return [word_in(piece) for piece in pieces]


@lru_cache(maxsize=1 << 17)
def word_in(piece: str) -> str:
    """Return what is left without the longest affixes that leave something."""
    if piece[:1].isalnum() and piece[-1:].isalnum():
        return piece
    for before, after in AFFIXES:
        word = piece.removeprefix(before).removesuffix(after)
        if word and len(before) + len(word) + len(after) == len(piece):
            return word
    return piece


def spellings(word: str) -> list[str]:
    """Return every piece of a text that has this word in it."""
    pieces = (f"{before}{word}{after}" for before, after in AFFIXES)
    return [piece for piece in pieces if word_in(piece) == word]


def frequent_words(texts: Iterable[str], *, at_least: int, at_most: int) -> tuple[str, ...]:
    """Return the words in most texts, ties by word, in alphabetical order.

    Each is in `at_least` texts, and has two characters or more, of which one is no mark.
    """
    counts = Counter(word for text in texts for word in set(words_of(text)))
    frequent = [
        word
        for word, count in counts.items()
        if count >= at_least and len(word) >= _CHARACTERS_MIN and any(map(str.isalnum, word))
    ]
    frequent.sort(key=lambda word: (-counts[word], word))
    return tuple(sorted(frequent[:at_most]))
