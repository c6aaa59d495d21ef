"""Columns as JSON Schema: type, bounds, statistics of the training data, and an example value.

Written by hand instead of with pydantic's `create_model`, which saves no line (31 instead of 30),
takes ten times the time and memory (1,000 columns: 0.18 s on the event loop instead of 0.02, and
3.9 MB instead of 0.4), and gives each column a title and each optional one a default. The command
is in bench/serve/alternatives/openapi.py.
"""

from collections.abc import Iterator
from typing import Any

from serve.schema.constraints import describe_text_constraints
from serve.schema.signature import Bound, Column, ColumnType, Observed, Signature
from serve.schema.text_formats import FRACTION, has_own_texts, text_example
from serve.schema.text_normalization import compile_normalization

_JSON_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "date": "string",
    "datetime": "string",
}
_FORMATS: dict[ColumnType, str] = {"date": "date", "datetime": "date-time"}
"""Text formats that are always accepted; a column with a `format` also accepts others."""
_MEDIAN = 3
"""Index of the median in the quantiles at 0, 5, 25, 50, 75, 95 and 100 %."""


def row_schema(signature: Signature) -> dict[str, Any]:
    """Return the schema of one row."""
    ignored = {name: {"description": "Accepted and ignored."} for name in signature.ignored}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in signature.fields if column.is_required],
        "properties": {column.name: column_schema(column) for column in signature.fields} | ignored,
    }


def column_schema(column: Column) -> dict[str, Any]:
    """Return the schema of one value."""
    has_texts = has_own_texts(column)
    types = [_JSON_TYPES[column.type], *(["string"] if has_texts else [])]
    types += [] if column.is_required else ["null"]
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    if column.type in _FORMATS and column.format is None:
        schema = _with_format(_FORMATS[column.type], column)
    schema |= _constraints(column)
    if column.is_required and schema.get("type") == "string":
        schema["minLength"] = max(1, schema.get("minLength", 1))  # An empty text is missing.
    if not column.is_required and "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if description := " ".join(_sentences(column)):
        schema["description"] = description
    if examples := _examples(column):
        schema["examples"] = examples
    return schema


def _with_format(form: str, column: Column) -> dict[str, Any]:
    text = {"type": "string", "format": form}
    if column.is_required:
        return text
    # An empty text is missing, as null is, and has no format.
    return {"anyOf": [text, {"type": "string", "maxLength": 0}, {"type": "null"}]}


def _constraints(column: Column) -> dict[str, Any]:
    limits = column.constraints
    keywords = {
        "minLength": limits.min_length,
        "maxLength": limits.max_length,
        "pattern": None if limits.pattern is None else f"^(?:{limits.pattern})$",
        "enum": limits.enum,
    }
    if changes_texts(column):
        keywords = {}  # The constraints apply to the normalized text.
    bounds: dict[str, Bound | None] = {
        "minimum": limits.minimum,
        "exclusiveMinimum": limits.exclusive_minimum,
        "maximum": limits.maximum,
        "exclusiveMaximum": limits.exclusive_maximum,
    }
    # JSON Schema has no bounds for texts; the description contains those of dates.
    numbers = {name: bound for name, bound in bounds.items() if not isinstance(bound, str)}
    return {name: value for name, value in (keywords | numbers).items() if value is not None}


def _sentences(column: Column) -> Iterator[str]:
    if column.description:
        yield f"{column.description.rstrip('.')}."
    if column.unit:
        yield f"Unit: {column.unit}."
    for words, bound in _text_bounds(column):
        yield f"{words} {bound}."
    yield from text_sentences(column)
    if column.observed is not None:
        yield from _observed_sentences(column, column.observed)


def _text_bounds(column: Column) -> Iterator[tuple[str, str]]:
    limits = column.constraints
    named = (
        ("At least", limits.minimum),
        ("After", limits.exclusive_minimum),
        ("At most", limits.maximum),
        ("Before", limits.exclusive_maximum),
    )
    return ((words, bound) for words, bound in named if isinstance(bound, str))


def _observed_sentences(column: Column, observed: Observed) -> Iterator[str]:
    if column.private:
        yield "Its values are private."
    elif observed.minimum is not None and observed.maximum is not None:
        median = ""
        if column.type in {"number", "integer"} and len(observed.quantiles) > _MEDIAN:
            median = f", median {observed.quantiles[_MEDIAN]:.6g}"
        yield f"In training {_shown(observed.minimum)} to {_shown(observed.maximum)}{median}."
    elif observed.distinct is not None:
        yield f"In training {observed.distinct:,} different values."
    if observed.missing:
        yield f"Missing in {observed.missing:,} of {observed.rows:,} rows."


def _shown(bound: Bound) -> str:
    return f"{bound:.6g}" if isinstance(bound, float) else str(bound)


def _examples(column: Column) -> list[Any]:
    if column.private or column.observed is None:
        return []
    values = [column.observed.example, *(item.value for item in column.observed.categories)]
    if column.type != "string":
        values = values[:1]  # Categories are texts for all column types.
    return list(dict.fromkeys(value for value in values if value is not None))


_SHOWN_SYNONYMS = 5


def changes_texts(column: Column) -> bool:
    """Whether normalization can make an invalid text valid."""
    return has_own_texts(column) or compile_normalization(column) is not None


def text_sentences(column: Column) -> Iterator[str]:
    """Yield sentences about the accepted texts and their normalization."""
    if example := text_example(column):
        yield f"A text such as {example} is read, too."
    if column.percent:
        yield f"A number is the fraction: {FRACTION}."
    if column.case:
        yield "Upper and lower case are the same."
    if column.whitespace:
        yield "White space inside counts as one space."
    if synonyms := [f"{text} means {meant}" for text, meant in (column.synonyms or {}).items()]:
        more = ", …" if len(synonyms) > _SHOWN_SYNONYMS else ""
        yield f"{', '.join(synonyms[:_SHOWN_SYNONYMS])}{more}."
    if changes_texts(column):
        yield from (f"Cleaned it must be {limit}." for limit in describe_text_constraints(column))
