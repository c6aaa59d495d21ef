"""Parse a line of JSON Lines as a row of texts; numbers keep all their digits."""

import json
from collections.abc import Mapping

_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)
_JSON_TYPE_NAMES = {
    tuple: "an object",
    list: "an array",
    str: "a text or number",
    bool: "true or false",
}

type Row = Mapping[str, str | None]


class MalformedRowError(Exception):
    """The line is not a flat JSON object; the message describes what was found."""


class NestedValueError(Exception):
    """A value is an object or an array; the message names the key."""


def parse_row(line: str) -> Row:
    """Return the cells of a stripped line by key; null becomes None, a boolean a text.

    Raises:
        MalformedRowError: The line is not a JSON object, or a key is repeated.
        NestedValueError: A value is an object or an array.
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
        raise MalformedRowError(_JSON_TYPE_NAMES.get(type(value), "null"))
    row = dict(value)
    if len(row) < len(value):
        keys = [key for key, _ in value]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise MalformedRowError(f"the key '{repeated}' twice")
    for key, cell in value:
        # Skip texts, the most frequent case: this loop runs twice for every cell of a file.
        if type(cell) is not str:
            row[key] = _as_text(key, cell)
    if "\\u" in line:
        _check_surrogates(row)
    return row


def _as_text(key: str, value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _:
            raise NestedValueError(f"the key '{key}' holds {_JSON_TYPE_NAMES[type(value)]}")


def _check_surrogates(row: Row) -> None:
    """Reject lone surrogates, which JSON can escape but UTF-8 cannot encode."""
    for key, cell in row.items():
        try:
            f"{key}{cell}".encode()
        except UnicodeEncodeError:
            escaped_key = key.encode(errors="backslashreplace").decode()
            raise MalformedRowError(f"an unpaired surrogate in the key '{escaped_key}'") from None
