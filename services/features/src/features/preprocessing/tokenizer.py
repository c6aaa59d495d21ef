"""Tokenizer: splits a text into words exactly as the operators of ONNX do.

A text is split into pieces at spaces and line feeds. Only A to Z are converted to lower case,
because libraries convert other letters differently. A piece is a word, with a prefix and a suffix
from AFFIXES. A word with other letters is also found capitalised or in upper case.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

MAX_WORDS_READ = 200
"""Maximum number of words to read, which bounds the tensors of the graph."""

MAX_LINES_READ = 3
"""Maximum number of lines between two spaces that are read as words."""

_ENDS = (".", ",", ";", ":", "!", "?", "!!", "!!!", "...", "…")
_PAIRS = (("(", ")"), ("[", "]"), ('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"))
_MIN_CHARACTERS = 2


def _affixes() -> Iterator[tuple[str, str]]:
    yield from (("", end) for end in _ENDS)
    yield from (("", f"{end}\r") for end in ("", *".,:!?"))
    for opening, closing in _PAIRS:
        yield opening, ""
        yield from ((prefix, closing) for prefix in ("", opening))
        for end in ".,!?":
            yield "", f"{end}{closing}"
            yield from ((prefix, f"{closing}{end}") for prefix in ("", opening))


AFFIXES: Sequence[tuple[str, str]] = sorted(
    {("", ""), *_affixes()}, key=lambda affix: (-len("".join(affix)), affix)
)
"""Prefixes and suffixes that are stripped from a word, longest first."""


def split_words(text: str) -> list[str]:
    """Return the words in order, without empty pieces."""
    parts = _lower_ascii(text).split(" ", MAX_WORDS_READ)[:MAX_WORDS_READ]
    pieces = (piece for part in parts for piece in part.split("\n", MAX_LINES_READ - 1))
    return [extract_word(piece) for piece in pieces if piece]


@lru_cache(maxsize=1 << 17)
def extract_word(piece: str) -> str:
    """Return the word in a piece, in lower case, without the longest affixes that leave a word."""
    if piece[:1].isalnum() and piece[-1:].isalnum():
        return _lower(piece)
    for prefix, suffix in AFFIXES:
        inner = piece.removeprefix(prefix).removesuffix(suffix)
        if inner and len(prefix) + len(inner) + len(suffix) == len(piece):
            return _lower(inner)
    return piece


def spellings(word: str) -> list[str]:
    """Return every piece that contains this word."""
    pieces = (f"{prefix}{form}{suffix}" for prefix, suffix in AFFIXES for form in _forms(word))
    return [piece for piece in dict.fromkeys(pieces) if extract_word(piece) == word]


def _lower(word: str) -> str:
    """Return a word in lower case, unless its case is mixed: then it stays as it is."""
    lower = word.lower()
    return lower if word in _forms(lower) else word


def _forms(lower: str) -> tuple[str, ...]:
    """Return a word in lower case, capitalised and in upper case, with A to Z in lower case."""
    return lower, _lower_ascii(lower.capitalize()), _lower_ascii(lower.upper())


def _lower_ascii(text: str) -> str:
    # bytes.lower() converts only A to Z.
    return text.encode().lower().decode()


def frequent_words(
    texts: Iterable[str], *, min_texts: int, max_words: int, with_pairs: bool = False
) -> tuple[str, ...]:
    """Return the most frequent words and pairs, in alphabetical order; ties are broken by the text.

    Each is in `min_texts` texts. A word has two or more characters, one of them alphanumeric.
    A pair is two neighbouring words with a space, each with an alphanumeric character.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        words = split_words(text)
        counts.update({word for word in words if len(word) >= _MIN_CHARACTERS})
        if with_pairs:
            counts.update({" ".join(pair) for pair in pairwise(words)})
    frequent = [
        term
        for term, count in counts.items()
        if count >= min_texts and all(any(map(str.isalnum, word)) for word in term.split(" "))
    ]
    frequent.sort(key=lambda term: (-counts[term], term))
    return tuple(sorted(frequent[:max_words]))
