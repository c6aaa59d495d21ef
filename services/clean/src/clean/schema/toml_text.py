"""TOML for settings that the log suggests to paste."""

import re

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def settings_table(name: str) -> str:
    """Return the TOML table header for a column's settings."""
    return f"[clean.columns.{name if _BARE.fullmatch(name) else quote(name)}]"


def quote(text: str) -> str:
    """Return a TOML basic string; characters that are not printable are escaped."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def as_toml(value: object) -> str:
    """Return a text, a boolean or a list of texts as TOML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return quote(value) if isinstance(value, str) else str(value).lower()
