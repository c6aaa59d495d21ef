"""Settings to paste: what a line of the log proposes, as TOML."""

import re

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def where_of(name: str) -> str:
    """Return the table of a column's settings."""
    return f"[clean.columns.{name if _BARE.fullmatch(name) else quoted(name)}]"


def quoted(text: str) -> str:
    """Return a text as a basic string of TOML, with escapes for what is not printable."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def as_toml(value: object) -> str:
    """Return a text, a truth value, or a list of texts, as TOML writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return quoted(value) if isinstance(value, str) else str(value).lower()
