"""Fields: the rules of one column, read from schema.json and ready to be applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from stage_contract import SettingsError

from clean.parsing.date_format import Layout
from clean.parsing.field_types import EXPECTED, FieldType
from clean.parsing.normalization import Spelling
from clean.parsing.number_format import Written
from clean.schema.constraints import OUTLIER, Constraint, read_constraint
from clean.schema.field_descriptions import KEYS, setting_of
from clean.schema.field_formats import read_forms

TRUE_VALUES = ("true", "True", "TRUE")
FALSE_VALUES = ("false", "False", "FALSE")

TYPE = "type"
"""The reason for a cell that is not of its field's type."""

NOT_UNIQUE = "not unique"
"""The reason for a cell whose value stands in another row, too."""


@dataclass(frozen=True)
class Field:
    """The rules of one column."""

    name: str
    type: FieldType
    missing: tuple[str, ...]
    timezone: ZoneInfo
    true_values: tuple[str, ...] = TRUE_VALUES
    false_values: tuple[str, ...] = FALSE_VALUES
    spelling: Spelling | None = None
    """Of a string's texts; None leaves them as they are."""
    written: Written | None = None
    """How numbers are written, where not as JSON writes them."""
    layout: Layout | None = None
    """Of dates that are not in ISO 8601."""
    is_private: bool = False
    constraints: tuple[Constraint, ...] = ()

    def expectation(self, reason: str) -> str:
        """Return what a cell that is rejected for this reason should have been."""
        if reason == NOT_UNIQUE:
            return "a value that stands in no other row"
        broken = {reason_of(constraint): constraint.expected for constraint in self.constraints}
        return broken.get(reason) or self._expected_type()

    def _expected_type(self) -> str:
        if self.written:
            return f"{EXPECTED[self.type]}, written as {self._example(self.written)}"
        if self.layout:
            return f"{EXPECTED[self.type]}, or of the format {self.layout.text}"
        if self.type != "boolean":
            return EXPECTED[self.type]
        return f"one of {', '.join((*self.true_values, *self.false_values))}"

    def _example(self, written: Written) -> str:
        return written.example(is_whole=self.type == "integer")


def reason_of(constraint: Constraint) -> str:
    """Return the reason for a cell that breaks a constraint."""
    if constraint.name == OUTLIER:
        return OUTLIER
    return f"constraint {constraint.name}"


def read_field(description: Mapping[str, Any], *, missing: Sequence[str], timezone: str) -> Field:
    """Read an entry of `fields` in schema.json; `missing` and `timezone` are the table's.

    Raises:
        SettingsError: a key is not known, or a rule does not fit the field's type.
    """
    zone = ZoneInfo(timezone)
    if unknown := sorted(description.keys() - KEYS):
        raise SettingsError(f"column {description['name']}: no rule is called {unknown[0]}")
    forms = read_forms(description)
    field = Field(
        name=description["name"],
        type=description["type"],
        missing=tuple(description.get("missingValues", missing)),
        timezone=zone,
        true_values=tuple(description.get("trueValues", TRUE_VALUES)),
        false_values=tuple(description.get("falseValues", FALSE_VALUES)),
        spelling=forms.spelling,
        written=forms.written,
        layout=forms.layout,
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
            where = f"[clean.columns.{description['name']}] {setting_of(name)} = {value!r}"
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
