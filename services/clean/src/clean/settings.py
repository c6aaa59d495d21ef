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
from type_inference.field_types import MISSING, FieldType

_MAX_NUMBER = sys.float_info.max


def _check_trimmed(text: str) -> str:
    if text != text.strip():
        raise ValueError(f"cells are compared after trimming; write {text.strip()!r}")
    return text


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected an IANA name such as UTC or Europe/Berlin") from None
    return name


def _check_bound(value: object) -> float | str:
    """Accept a TOML number, text or date; the column's type is checked later."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER:
        return value
    raise ValueError("expected a number, or for a date a text such as '2013-01-31'")


def _check_choice(value: object) -> float | str:
    return value if isinstance(value, bool) else _check_bound(value)


def _sort_synonyms(synonyms: dict[str, str]) -> dict[str, str]:
    """Sort the synonyms, because the order in TOML is not part of an artifact's id."""
    return dict(sorted(synonyms.items()))


Token = Annotated[str, AfterValidator(_check_trimmed)]
Bound = Annotated[int | float | str, PlainValidator(_check_bound)]
Choice = Annotated[bool | int | float | str, PlainValidator(_check_choice)]
Length = Annotated[int, Field(strict=True, ge=0)]


class Column(BaseModel, frozen=True, extra="forbid"):
    """Settings of one column."""

    type: FieldType | None = None
    """Default: the narrowest type that every value of the column has."""

    description: str | None = None
    """Description for the API documentation."""

    unit: str | None = None
    """Unit for the API documentation."""

    private: bool = False
    """Keeps the column's values out of the profile, rejects and logs."""

    missing: list[Token] | None = None
    """Missing tokens that replace the table's list."""

    true_values: list[Token] | None = None
    """Default: true, True, TRUE."""

    false_values: list[Token] | None = None
    """Default: false, False, FALSE."""

    unicode: Literal["NFC", "NFKC"] | None = None
    """Unicode normal form; without it, é as one and as two code points are different texts."""

    whitespace: Literal["collapse"] | None = None
    """Replaces each run of white space inside a text by one space."""

    case: Literal["lower", "upper"] | None = None
    """Case to convert to, for columns in which case has no meaning."""

    synonyms: (
        Annotated[dict[str, str], Field(min_length=1), AfterValidator(_sort_synonyms)] | None
    ) = None
    """Replacement by text, applied after unicode, case and whitespace."""

    affixes: Annotated[list[str], Field(min_length=1)] | None = None
    """Texts that may precede or follow a number; units are not converted."""

    group_char: Literal[".", ",", "'", "_", " "] | None = None
    """Character between groups of three digits; a space also matches narrow spaces."""

    decimal_char: Literal[".", ","] | None = None
    """Default: '.'."""

    percent: bool = False
    """Reads texts such as 12.5 % as 0.125."""

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
    """RE2 pattern, which takes linear time; the whole text must match."""

    enum: Annotated[list[Choice], Field(min_length=1)] | None = None

    unique: bool = False
    """Rejects rows whose value another row also has; missing values may repeat."""

    outliers: Literal["iqr", "mad"] | None = None
    """Rejects rows whose value is far from the others; requests may contain such values."""

    outlier_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Default: 3 interquartile ranges, or 3.5 standard deviations by the MAD."""

    @model_serializer(mode="wrap")
    def _omit_unset(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit unset values, so that a log of changes shows only what was changed."""
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
"""Column settings that reject rows."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How a table is cleaned."""

    missing: list[Token] = [*MISSING]
    """Tokens that pandas and R write; a sentinel such as -999 belongs to one table."""

    timezone: Annotated[str, AfterValidator(_check_zone)] = "UTC"
    """Time zone of datetimes without an offset."""

    duplicates: Literal["drop", "keep"] = "drop"
    """Duplicate rows on both sides of a split would make scores too good."""

    key: Annotated[list[str], Field(min_length=1)] | None = None
    """Columns that identify duplicates; default: all columns."""

    keep_duplicates: Literal["first", "last"] = "first"
    """Which of the duplicate rows is kept."""

    columns: dict[str, Column] = {}
    """Settings by column; all other columns are inferred."""

    @property
    def selection(self) -> dict[str, Any]:
        """The settings that decide which rows are kept, as JSON."""
        rules = {
            name: {key: value for key, value in column.items() if key in _REJECTING}
            for name, column in self.model_dump(mode="json")["columns"].items()
        }
        table = self.model_dump(mode="json", include={"duplicates", "key", "keep_duplicates"})
        return table | {"columns": {name: rule for name, rule in rules.items() if rule}}


def target_column() -> str | None:
    """Return the target column of the pipeline, if it names one.

    The target is not in `Settings`, which are part of the cause: another target does not require
    cleaning again. The features stage checks the target.
    """
    target = read_pipeline(pipeline_path()).table("features").get("target")
    name = target.get("column") if isinstance(target, dict) else target
    return name if isinstance(name, str) else None
