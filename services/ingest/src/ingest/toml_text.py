"""Names and values as TOML, with any characters."""

import re
from collections.abc import Iterable, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_MAX_CHARACTERS = 40
_MAX_NAMES = 5


def quote(text: str) -> str:
    """Return a TOML basic string; characters that are not printable are escaped."""
    return '"' + "".join(_escape(character) for character in text) + '"'


def toml_list(texts: Iterable[str]) -> str:
    """Return a TOML array of texts."""
    return f"[{', '.join(map(quote, texts))}]"


def join_names(names: Sequence[str]) -> str:
    """Return names for a sentence; of many names only the first ones."""
    *others, last = map(quote, names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    if more > 0:
        return f"{', '.join([*others, last])} and {more} more"
    return f"{', '.join(others)} and {last}" if others else last


def has_or_have(names: Sequence[str]) -> str:
    """Return "has" or "have" for these names."""
    return "has" if len(names) == 1 else "have"


def toml_key(name: str) -> str:
    """Return a name as a TOML key, quoted if needed."""
    return name if _BARE.fullmatch(name) else quote(name)


def quote_short(text: str) -> str:
    """Return a value for a comment, shortened if it is long."""
    return quote(text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…")


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
