"""The keys that say how the texts of a column look: where they fit, and what they are in words."""

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
"""What a number means in a column of percentages, whose texts have a % sign."""
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
    """Check that each key goes with the type of the column.

    Raises:
        ValueError: one does not.
    """
    for key, types in _TYPES_OF.items():
        if getattr(column, key) is not None and column.type not in types:
            raise ValueError(f"{key} is for {' and '.join(sorted(types))}, not for {column.type}")
    if "" in {*(synonyms := column.synonyms or {}), *synonyms.values()}:
        raise ValueError("synonyms: an empty text is none")


def has_own_texts(column: Column) -> bool:
    """Whether the column says how a text looks of what JSON has another type for."""
    has_words = (column.true_values, column.false_values) != (None, None)
    return has_number_keys(column) or (column.type == "boolean" and has_words)


def reads_texts(column: Column) -> bool:
    """Whether a text in JSON is read as that of a CSV table is."""
    return column.type in TYPES_OF_TEXTS or column.type == "boolean" or has_own_texts(column)


def text_example(column: Column) -> str | None:
    """Return what a text may look like; None unless the column says so."""
    if column.format is not None:
        return written_as(column.format)
    if has_number_keys(column):
        return written_number(column)
    return _words(column) if has_own_texts(column) else None


def expected_text(column: Column) -> str:
    """Return in words what a cell must be that is a text."""
    if column.type == "boolean":
        return _words(column)
    expected, example = EXPECTED[column.type], text_example(column)
    if example is None:
        return expected
    return f"{expected} or such as {example}" if column.format else f"{expected} such as {example}"


def expected_json(column: Column) -> str:
    """Return in words what a value in JSON must be."""
    if not has_own_texts(column):
        return expected_text(column) if column.format else EXPECTED[column.type]
    expected = f"a fraction ({FRACTION})" if column.percent else EXPECTED[column.type]
    return f"{expected}, or a text such as {text_example(column)}"


def expected_not_text(column: Column, text: str) -> str:
    """Return what a number must be that was sent as a text, which says the right number."""
    kind = "a whole number" if column.type == "integer" else "a number"
    number = text if _JSON_NUMBER.fullmatch(text) and not column.private else "it"
    return f"{kind}, not a text; in JSON send {number} without quotes"


def _words(column: Column) -> str:
    return " or ".join(word for words in words_of(column) for word in words)
