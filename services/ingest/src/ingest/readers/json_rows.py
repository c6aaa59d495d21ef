"""One line of JSON Lines as a row of texts: numbers as they are written, to the last digit."""

import json
from collections.abc import Mapping

_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)
_KINDS = {tuple: "an object", list: "an array", str: "a text or number", bool: "true or false"}

type Row = Mapping[str, str | None]


class MalformedRowError(Exception):
    """The line is no object of single values; says what it is."""


class NestedValueError(Exception):
    """A value is an object or an array; says which key holds what."""


def parse_row(line: str) -> Row:
    """Return the cells of a line by key: null is None, true and false are texts.

    The line has no white space at its ends.

    Raises:
        MalformedRowError: it is no JSON object, or a key is there twice.
        NestedValueError: a value is an object or an array.
    """
    try:
        value, end = _DECODER.raw_decode(line)
    except json.JSONDecodeError as error:
        raise MalformedRowError(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise NestedValueError("the values are nested too deep") from None
    if end < len(line):
        raise MalformedRowError(f"Extra data at character {end + 1}")
    if not isinstance(value, tuple):
        raise MalformedRowError(_KINDS.get(type(value), "null"))
    row = dict(value)
    if len(row) < len(value):
        keys = [key for key, _ in value]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise MalformedRowError(f"the key '{twice}' twice")
    for key, cell in value:
        # Most are texts, and a line is parsed twice.
        if type(cell) is not str:
            row[key] = _as_text(key, cell)
    if "\\u" in line:
        _check_characters(row)
    return row


def _as_text(key: str, value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _:
            raise NestedValueError(f"the key '{key}' holds {_KINDS[type(value)]}")


def _check_characters(row: Row) -> None:
    """Refuse halves of surrogate pairs, which JSON can escape and no text can hold."""
    for key, cell in row.items():
        try:
            f"{key}{cell}".encode()
        except UnicodeEncodeError:
            shown = key.encode(errors="backslashreplace").decode()
            raise MalformedRowError(f"half a character in the key '{shown}'") from None
