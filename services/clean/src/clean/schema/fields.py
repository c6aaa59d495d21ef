"""Fields of schema.json as objects that can be applied to columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from stage_contract import SettingsError
from type_inference.date_format import DateFormat
from type_inference.field_types import EXPECTED, FieldType
from type_inference.normalization import Normalization
from type_inference.number_format import NumberFormat

from clean.schema.constraints import OUTLIER, Constraint, read_constraint
from clean.schema.field_descriptions import KEYS, setting_name
from clean.schema.field_formats import read_field_formats

TRUE_VALUES = ("true", "True", "TRUE")
FALSE_VALUES = ("false", "False", "FALSE")

TYPE = "type"
"""Reason for a cell that is not of its field's type."""

NOT_UNIQUE = "not unique"
"""Reason for a cell whose value another row also has."""


@dataclass(frozen=True)
class Field:
    """The rules of one column."""

    name: str
    type: FieldType
    missing: tuple[str, ...]
    timezone: ZoneInfo
    true_values: tuple[str, ...] = TRUE_VALUES
    false_values: tuple[str, ...] = FALSE_VALUES
    normalization: Normalization | None = None
    """Normalization of a string column; None leaves texts unchanged."""
    number_format: NumberFormat | None = None
    """Number format; None for JSON numbers."""
    date_format: DateFormat | None = None
    """Date format besides ISO 8601."""
    is_private: bool = False
    constraints: tuple[Constraint, ...] = ()

    def expectation(self, reason: str) -> str:
        """Return the expected value of a cell that was rejected for this reason."""
        if reason == NOT_UNIQUE:
            return "a value that stands in no other row"
        broken = {
            rejection_reason(constraint): constraint.expected for constraint in self.constraints
        }
        return broken.get(reason) or self._expected_type()

    def _expected_type(self) -> str:
        if self.number_format:
            return f"{EXPECTED[self.type]}, written as {self._example(self.number_format)}"
        if self.date_format:
            return f"{EXPECTED[self.type]}, or of the format {self.date_format.text}"
        if self.type != "boolean":
            return EXPECTED[self.type]
        return f"one of {', '.join((*self.true_values, *self.false_values))}"

    def _example(self, number_format: NumberFormat) -> str:
        return number_format.example(is_whole=self.type == "integer")


def rejection_reason(constraint: Constraint) -> str:
    """Return the rejection reason for a constraint."""
    if constraint.name == OUTLIER:
        return OUTLIER
    return f"constraint {constraint.name}"


def read_field(description: Mapping[str, Any], *, missing: Sequence[str], timezone: str) -> Field:
    """Read a field of schema.json; `missing` and `timezone` are the table's defaults.

    Raises:
        SettingsError: A key is unknown, or a rule does not fit the field's type.
    """
    zone = ZoneInfo(timezone)
    if unknown := sorted(description.keys() - KEYS):
        raise SettingsError(f"column {description['name']}: {unknown[0]} is not a known rule")
    formats = read_field_formats(description)
    field = Field(
        name=description["name"],
        type=description["type"],
        missing=tuple(description.get("missingValues", missing)),
        timezone=zone,
        true_values=tuple(description.get("trueValues", TRUE_VALUES)),
        false_values=tuple(description.get("falseValues", FALSE_VALUES)),
        normalization=formats.normalization,
        number_format=formats.number_format,
        date_format=formats.date_format,
        is_private=description.get("private", False),
        constraints=tuple(_constraints(description, zone)),
    )
    _check_words(field, description)
    return field


def _constraints(description: Mapping[str, Any], timezone: ZoneInfo) -> list[Constraint]:
    read = []
    for name, value in description.get("constraints", {}).items():
        if value is False:
            continue
        try:
            read.append(read_constraint(name, value, kind=description["type"], timezone=timezone))
        except ValueError as error:
            where = f"[clean.columns.{description['name']}] {setting_name(name)} = {value!r}"
            raise SettingsError(f"{where}: {error}") from None
    return read


def _check_words(field: Field, description: Mapping[str, Any]) -> None:
    where = f"[clean.columns.{field.name}]"
    if both := sorted({*field.true_values} & {*field.false_values}):
        raise SettingsError(f"{where} '{both[0]}' is in true_values and in false_values; keep one")
    has_words = "trueValues" in description or "falseValues" in description
    if has_words and field.type != "boolean":
        raise SettingsError(
            f"{where} true_values and false_values do not fit a column of type {field.type};"
            ' declare type = "boolean" or remove them'
        )
