"""Tokenizer: splits a text into words exactly as the operators of ONNX do.

A text is cut at spaces and line feeds, and A to Z become small; how other letters are folded would
depend on who does it. What is left, a piece, is looked up: a word may stand between marks, if
AFFIXES has them, and if it has other letters be small, capitalised or large.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

WORDS_READ = 200
"""Maximum number of words to read, which bounds the tensors of the graph."""

LINES_READ = 3
"""Maximum number of lines between two spaces that are read as words."""

_ENDS = (".", ",", ";", ":", "!", "?", "!!", "!!!", "...", "…")
_PAIRS = (("(", ")"), ("[", "]"), ('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"))
_CHARACTERS_MIN = 2


def _affixes() -> Iterator[tuple[str, str]]:
    yield from (("", end) for end in _ENDS)
    yield from (("", f"{end}\r") for end in ("", *".,:!?"))
    for opening, closing in _PAIRS:
        yield opening, ""
        yield from ((before, closing) for before in ("", opening))
        for end in ".,!?":
            yield "", f"{end}{closing}"
            yield from ((before, f"{closing}{end}") for before in ("", opening))


AFFIXES: Sequence[tuple[str, str]] = sorted(
    {("", ""), *_affixes()}, key=lambda affix: (-len("".join(affix)), affix)
)
"""Prefixes and suffixes that are stripped from a word, longest first."""


def words_of(text: str) -> list[str]:
    """Return the words in order; a part without a word is the empty text."""
    parts = _ascii_small(text).split(" ", WORDS_READ)[:WORDS_READ]
    pieces = (piece for part in parts for piece in part.split("\n", LINES_READ - 1))
    return [word_in(piece) for piece in pieces]


@lru_cache(maxsize=1 << 17)
def word_in(piece: str) -> str:
    """Return a part in lower case, without the longest affixes that leave a word."""
    if piece[:1].isalnum() and piece[-1:].isalnum():
        return _small(piece)
    for before, after in AFFIXES:
        inner = piece.removeprefix(before).removesuffix(after)
        if inner and len(before) + len(inner) + len(after) == len(piece):
            return _small(inner)
    return piece


def spellings(word: str) -> list[str]:
    """Return every piece of a text that has this word in it."""
    pieces = (f"{before}{form}{after}" for before, after in AFFIXES for form in _forms(word))
    return [piece for piece in dict.fromkeys(pieces) if word_in(piece) == word]


def _small(word: str) -> str:
    """Return a word in lower case if it is one of the known forms."""
    small = word.lower()
    return small if word in _forms(small) else word


def _forms(small: str) -> tuple[str, ...]:
    """Return the spellings of a word that differ after A to Z are lowered."""
    return small, _ascii_small(small.capitalize()), _ascii_small(small.upper())


def _ascii_small(text: str) -> str:
    # bytes.lower() lowers A to Z only.
    return text.encode().lower().decode()


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
