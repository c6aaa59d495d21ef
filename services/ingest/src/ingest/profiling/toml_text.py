"""Names and values as TOML, with any characters."""

import re
from collections.abc import Iterable, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_SHOWN_CHARACTERS = 40
_NAMES_SHOWN = 5


def quoted(text: str) -> str:
    """Return a TOML basic string; characters that are not printable are escaped."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def toml_list(texts: Iterable[str]) -> str:
    """Return a TOML array of texts."""
    return f"[{', '.join(map(quoted, texts))}]"


def join_names(names: Sequence[str]) -> str:
    """Return names for a sentence; of many only the first."""
    *others, last = map(quoted, names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    if more > 0:
        return f"{', '.join([*others, last])} and {more} more"
    return f"{', '.join(others)} and {last}" if others else last


def have(names: Sequence[str]) -> str:
    """Return "has" or "have" for these names."""
    return "has" if len(names) == 1 else "have"


def key(name: str) -> str:
    """Return a name as a TOML key, quoted if needed."""
    return name if _BARE.fullmatch(name) else quoted(name)


def shown(text: str) -> str:
    """Return a value for a comment, shortened if it is long."""
    return quoted(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
