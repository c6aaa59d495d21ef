"""Settings: the table [clean] of the pipeline, with the keys of the default image."""

import hashlib
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    computed_field,
    model_serializer,
)
from stage_contract import pipeline_path

MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N"]
_MAX_NUMBER = sys.float_info.max
SHIPPED_RULES = Path(__file__).parents[2] / "clean.sql"

FieldType = Literal["string", "number", "integer", "boolean", "datetime", "date"]


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
    """Accept a TOML number, text or date; the column's type is checked later."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER:
        return value
    raise ValueError("expected a number, or for a date a text such as '2013-01-31'")


def _choice(value: object) -> float | str:
    return value if isinstance(value, bool) else _bound(value)


def _rules(name: str) -> str:
    path = pipeline_path().with_name(name)
    if Path(name).name != name or not path.is_file():
        raise ValueError("expected the name of a file in the folder of the pipeline file")
    return name


Token = Annotated[str, AfterValidator(_trimmed)]
Bound = Annotated[int | float | str, PlainValidator(_bound)]
Choice = Annotated[bool | int | float | str, PlainValidator(_choice)]
Length = Annotated[int, Field(strict=True, ge=0)]


class Column(BaseModel, frozen=True, extra="forbid"):
    """Settings of one column."""

    type: FieldType | None = None
    description: str | None = None
    unit: str | None = None
    private: bool = False
    missing: list[Token] | None = None
    true_values: list[Token] | None = None
    false_values: list[Token] | None = None
    required: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    exclusive_minimum: Bound | None = None
    exclusive_maximum: Bound | None = None
    min_length: Length | None = None
    max_length: Length | None = None
    pattern: str | None = None
    enum: Annotated[list[Choice], Field(min_length=1)] | None = None

    @property
    def declared_type(self) -> FieldType | None:
        """The declared type, or string if a key for strings is set."""
        string_keys = (self.pattern, self.min_length, self.max_length)
        return self.type or (None if string_keys == (None, None, None) else "string")

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit unset values, so that a comparison of settings lists only changes."""
        values: dict[str, Any] = serialize(self)
        return {k: v for k, v in values.items() if v is not None and v is not False}


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Settings of the stage."""

    missing: list[Token] = MISSING
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    duplicates: Literal["drop", "keep"] = "drop"
    columns: dict[str, Column] = {}
    rules: Annotated[str, AfterValidator(_rules)] | None = None
    """Default: the clean.sql of the image."""

    @property
    def rules_path(self) -> Path:
        return pipeline_path().with_name(self.rules) if self.rules else SHIPPED_RULES

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support pydantic's decorator here
    @property
    def rules_sha256(self) -> str | None:
        """Digest of a rules file beside the pipeline file; it is part of the cause.

        The image's own file is part of its build.
        """
        return hashlib.sha256(self.rules_path.read_bytes()).hexdigest() if self.rules else None
