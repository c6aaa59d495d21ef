"""Writing names and values as TOML, whatever characters they have."""

import re
from collections.abc import Iterable, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_SHOWN_CHARACTERS = 40
_NAMES_SHOWN = 5


def quoted(text: str) -> str:
    """Return a basic string; what can't be seen is escaped, so that it may stand in a comment."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def listed(texts: Iterable[str]) -> str:
    """Return an array of texts."""
    return f"[{', '.join(map(quoted, texts))}]"


def enumerated(names: Sequence[str]) -> str:
    """Return names for a sentence; of many the first."""
    *others, last = map(quoted, names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    if more > 0:
        return f"{', '.join([*others, last])} and {more} more"
    return f"{', '.join(others)} and {last}" if others else last


def have(names: Sequence[str]) -> str:
    """Return the verb that goes with so many names."""
    return "has" if len(names) == 1 else "have"


def key(name: str) -> str:
    """Return a name as a key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else quoted(name)


def shown(text: str) -> str:
    """Return a value for a comment, cut if it is long."""
    return quoted(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
