"""Settings of the clean stage: the table [clean] of the pipeline."""

import sys
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from stage_contract.stages.pipelines import pipeline_path, read_pipeline

from clean.parsing.field_types import FieldType

MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"]
_LARGEST = sys.float_info.max


def _trimmed(text: str) -> str:
    if text != text.strip():
        raise ValueError(f"cells are compared after trimming; write {text.strip()!r}")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected an IANA name such as UTC or Europe/Berlin") from None
    return name


def _bound(value: object) -> float | str:
    """Accept what TOML calls a number, a text or a date; the column's type decides later."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise ValueError("expected a number, or for a date a text such as '2013-01-31'")


def _choice(value: object) -> float | str:
    return value if isinstance(value, bool) else _bound(value)


def _in_order(synonyms: dict[str, str]) -> dict[str, str]:
    """Sort them: they go into schema.json, and the order of TOML is no part of an id."""
    return dict(sorted(synonyms.items()))


Token = Annotated[str, AfterValidator(_trimmed)]
Bound = Annotated[int | float | str, PlainValidator(_bound)]
Choice = Annotated[bool | int | float | str, PlainValidator(_choice)]
Length = Annotated[int, Field(strict=True, ge=0)]


class Column(BaseModel, frozen=True, extra="forbid"):
    """What is known about one column."""

    type: FieldType | None = None
    """Default: the narrowest type that every value of the column has."""

    description: str | None = None
    """For the API's documentation."""

    unit: str | None = None
    """For the API's documentation."""

    private: bool = False
    """Keeps the column's values out of profile, rejects and logs."""

    missing: list[Token] | None = None
    """Default: the table's list, which this one replaces."""

    true_values: list[Token] | None = None
    """Default: true, True, TRUE."""

    false_values: list[Token] | None = None
    """Default: false, False, FALSE."""

    unicode: Literal["NFC", "NFKC"] | None = None
    """Normal form of texts; an é of one code point and one of two are two texts without it."""

    whitespace: Literal["collapse"] | None = None
    """Makes one space of every run of white space inside a text."""

    case: Literal["lower", "upper"] | None = None
    """For columns in which it says nothing."""

    synonyms: Annotated[dict[str, str], Field(min_length=1), AfterValidator(_in_order)] | None = (
        None
    )
    """Text by text that it replaces, after unicode, case and whitespace."""

    affixes: Annotated[list[str], Field(min_length=1)] | None = None
    """What may stand before or after a number; units are not converted."""

    group_char: Literal[".", ",", "'", "_", " "] | None = None
    """Between groups of three digits of a number; a space stands for the narrow ones, too."""

    decimal_char: Literal[".", ","] | None = None
    """Default: '.'."""

    percent: bool = False
    """Texts such as 12.5 % mean 0.125."""

    format: str | None = None
    """How dates look besides ISO 8601, as %d.%m.%Y; see contract/README.md."""

    required: bool = False
    """Rejects rows in which the value is missing."""

    minimum: Bound | None = None
    maximum: Bound | None = None
    exclusive_minimum: Bound | None = None
    exclusive_maximum: Bound | None = None
    min_length: Length | None = None
    """Lengths are in code points, after trimming."""

    max_length: Length | None = None
    pattern: str | None = None
    """RE2 syntax, which takes time linear in the text; the whole text must match."""

    enum: Annotated[list[Choice], Field(min_length=1)] | None = None

    unique: bool = False
    """Rejects rows whose value stands in another row, too; a missing one may."""

    outliers: Literal["iqr", "mad"] | None = None
    """Rejects rows whose value is far from the others; requests may hold such values."""

    outlier_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Default: 3 times the interquartile range, or 3.5 standard deviations by the MAD."""

    @model_serializer(mode="wrap")
    def _stated(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what says nothing, so that a log of changes shows what was changed."""
        values: dict[str, Any] = serialize(self)
        return {
            name: value
            for name, value in values.items()
            if value is not None and value is not False
        }


_REJECTING = {
    "type",
    "required",
    "minimum",
    "maximum",
    "exclusive_minimum",
    "exclusive_maximum",
    "min_length",
    "max_length",
    "pattern",
    "enum",
    "unique",
    "outliers",
    "outlier_factor",
}
"""Settings of a column that reject rows."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How a table is cleaned."""

    missing: list[Token] = MISSING
    """What pandas and R write; a sentinel such as -999 is a fact about one table."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """The zone of datetimes without an offset."""

    duplicates: Literal["drop", "keep"] = "drop"
    """Exact copies of a whole row would stand on both sides of a split and flatter the score."""

    key: Annotated[list[str], Field(min_length=1)] | None = None
    """The columns by which rows are duplicates; default: all of them."""

    keep_duplicates: Literal["first", "last"] = "first"
    """Which of the rows that are alike stays."""

    columns: dict[str, Column] = {}
    """What is known about single columns; the others are inferred."""

    @property
    def selection(self) -> dict[str, Any]:
        """What decides which rows are kept, as JSON."""
        rules = {
            name: {key: value for key, value in column.items() if key in _REJECTING}
            for name, column in self.model_dump(mode="json")["columns"].items()
        }
        table = self.model_dump(mode="json", include={"duplicates", "key", "keep_duplicates"})
        return table | {"columns": {name: rule for name, rule in rules.items() if rule}}


def target_column() -> str | None:
    """Return the column that the pipeline predicts, if it names one.

    It stays out of `Settings`, which are part of the cause: a table is not cleaned anew, nor in
    another way, because another column is predicted. The features stage checks what it is.
    """
    target = read_pipeline(pipeline_path()).table("features").get("target")
    name = target.get("column") if isinstance(target, dict) else target
    return name if isinstance(name, str) else None
