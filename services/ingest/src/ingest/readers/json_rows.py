"""Parse a line of JSON Lines as a row of texts; numbers keep all their digits."""

import json
from collections.abc import Callable, Iterator, Mapping

_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)
_JSON_TYPE_NAMES = {
    tuple: "an object",
    list: "an array",
    str: "a text or number",
    bool: "true or false",
}
_NESTED = {tuple, list}

type Key = str | tuple[str, ...]
"""Key of a line, or the keys that lead to a field of an object."""

type Row = Mapping[Key, str | None]

type Nested = Mapping[Key, str]
"""What the values are that are no single values: an object or an array."""


class MalformedRowError(Exception):
    """The line is not a JSON object; the message describes what was found."""


class TooDeepError(Exception):
    """The values are nested too deep to be read."""


def parse_row(
    line: str, *, enters: Callable[[tuple[str, ...]], bool] | None = None
) -> tuple[Row, Nested]:
    """Return the cells of a stripped line by key; null becomes None, a boolean a text.

    A nested value is None, too, and is listed beside the row. If `enters` is true for the keys of
    an object, its fields are cells instead; an empty object is None.

    Raises:
        MalformedRowError: The line is not a JSON object, or a key is repeated.
        TooDeepError: It is nested too deep.
    """
    try:
        value, end = _DECODER.raw_decode(line)
    except json.JSONDecodeError as error:
        raise MalformedRowError(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise TooDeepError("the values are nested too deep") from None
    if end < len(line):
        raise MalformedRowError(f"Extra data at character {end + 1}")
    if not isinstance(value, tuple):
        raise MalformedRowError(_JSON_TYPE_NAMES.get(type(value), "null"))
    pairs = value if enters is None else [*_expand(value, (), enters)]
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise MalformedRowError(f"the key '{name_of(repeated)}' twice")
    nested: dict[Key, str] = {}
    for key, cell in pairs:
        # Skip texts, the most frequent case: this loop runs twice for every cell of a file.
        if type(cell) is not str:
            row[key] = str(cell).lower() if type(cell) is bool else None
            if type(cell) in _NESTED:
                nested[key] = _JSON_TYPE_NAMES[type(cell)]
    if "\\u" in line:
        _check_surrogates(row)
    return row, nested


def name_of(key: Key) -> str:
    """Return a key as a name: a field of an object is called as the object, a dot and itself."""
    return key if isinstance(key, str) else ".".join(key)


def _expand(
    pairs: tuple[tuple[str, object], ...],
    parents: tuple[str, ...],
    enters: Callable[[tuple[str, ...]], bool],
) -> Iterator[tuple[Key, object]]:
    for key, cell in pairs:
        path = (*parents, key)
        if isinstance(cell, tuple) and enters(path):
            if cell:
                yield from _expand(cell, path, enters)
                continue
            cell = None  # noqa: PLW2901  # an empty object has no value
        yield path if parents else key, cell


def _check_surrogates(row: Row) -> None:
    """Reject lone surrogates, which JSON can escape but UTF-8 cannot encode."""
    for key, cell in row.items():
        name = name_of(key)
        try:
            f"{name}{cell}".encode()
        except UnicodeEncodeError:
            escaped_key = name.encode(errors="backslashreplace").decode()
            raise MalformedRowError(f"an unpaired surrogate in the key '{escaped_key}'") from None
