"""The keys for the text format of a column: their validity, and their description as text."""

import re
from typing import Final

from serve.schema.date_formats import written_as
from serve.schema.number_formats import has_number_keys, written_number
from serve.schema.signature import Column, ColumnType
from serve.schema.values import EXPECTED, TYPES_OF_TEXTS, words_of

_NUMBERS: Final[frozenset[ColumnType]] = frozenset({"number", "integer"})
_TEXTS: Final[frozenset[ColumnType]] = frozenset({"string"})
_DATES: Final[frozenset[ColumnType]] = frozenset({"date", "datetime"})
FRACTION: Final = "0.14 = 14 %"
"""The meaning of a JSON number in a percentage column, whose texts have a % sign."""
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_TYPES_OF: Final[dict[str, frozenset[ColumnType]]] = {
    "unicode": _TEXTS,
    "whitespace": _TEXTS,
    "case": _TEXTS,
    "synonyms": _TEXTS,
    "affixes": _NUMBERS,
    "group_char": _NUMBERS,
    "decimal_char": _NUMBERS,
    "percent": frozenset({"number"}),
    "format": _DATES,
}


def check_keys(column: Column) -> None:
    """Check that each key fits the column's type.

    Raises:
        ValueError: A key does not.
    """
    for key, types in _TYPES_OF.items():
        if getattr(column, key) is not None and column.type not in types:
            raise ValueError(f"{key} is for {' and '.join(sorted(types))}, not for {column.type}")
    if "" in {*(synonyms := column.synonyms or {}), *synonyms.values()}:
        raise ValueError("synonyms: an empty text is none")


def has_own_texts(column: Column) -> bool:
    """Whether the column has a text format for a type that is not a text in JSON."""
    has_words = (column.true_values, column.false_values) != (None, None)
    return has_number_keys(column) or (column.type == "boolean" and has_words)


def reads_texts(column: Column) -> bool:
    """Whether a text in JSON is parsed like a cell of CSV."""
    return column.type in TYPES_OF_TEXTS or column.type == "boolean" or has_own_texts(column)


def text_example(column: Column) -> str | None:
    """Return an example of a text; None unless the column has a text format."""
    if column.format is not None:
        return written_as(column.format)
    if has_number_keys(column):
        return written_number(column)
    return _words(column) if has_own_texts(column) else None


def expected_text(column: Column) -> str:
    """Return the expectation for a text."""
    if column.type == "boolean":
        return _words(column)
    expected, example = EXPECTED[column.type], text_example(column)
    if example is None:
        return expected
    return f"{expected} or such as {example}" if column.format else f"{expected} such as {example}"


def expected_json(column: Column) -> str:
    """Return the expectation for a JSON value."""
    if not has_own_texts(column):
        return expected_text(column) if column.format else EXPECTED[column.type]
    expected = f"a fraction ({FRACTION})" if column.percent else EXPECTED[column.type]
    return f"{expected}, or a text such as {text_example(column)}"


def expected_not_text(column: Column, text: str) -> str:
    """Return the expectation for a number that was sent as a text, with the correct number."""
    kind = "a whole number" if column.type == "integer" else "a number"
    number = text if _JSON_NUMBER.fullmatch(text) and not column.private else "it"
    return f"{kind}, not a text; in JSON send {number} without quotes"


def _words(column: Column) -> str:
    return " or ".join(word for words in words_of(column) for word in words)
