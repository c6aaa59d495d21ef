"""Detect the number format of a column, or explain why it is ambiguous."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.decimal_separators import SEPARATOR_NAMES, SeparatorEvidence
from type_inference.number_format import NumberFormat
from type_inference.number_formats import NumberFormats, decimal_setting, group_settings

from clean.inference.detectors import Batch
from clean.schema.field_descriptions import ColumnType

_WITHOUT_FRACTION = r"^[+-]?[0-9]+\.?([eE][+-]?[0-9]+)?$"

_HEAD_VALUES = 64
"""Number of values to check first for a fraction; in most columns, that is enough."""

_LONG_INTEGER = r"^[+-]?[0-9]{16,}\.?$"

_MIN_LONG_DIGITS = 16
"""Minimum number of digits of an integer that may be beyond ±2⁵³."""


@dataclass
class NumberFormatDetector(NumberFormats):
    """Detects digit groups, decimal commas, currencies, units and percentages."""

    has_unit: bool = False
    """Whether the settings declare the unit of the column."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        values = batch.texts.drop_null()
        self.is_plain = self.is_plain and batch.is_number
        if batch.is_number and not batch.is_integer:
            self.versions.add(values)
            self.exponent_codes.add(values)
        self.start(values)
        if not self.candidates or not len(values):
            return
        if batch.is_number and self.is_bare:
            self._add_plain(values, is_whole=batch.is_integer)
        else:
            self.narrow(values)

    def result(self) -> ColumnType | None:
        """Return a number type with its format; None if no format fits, or it is ambiguous."""
        candidate = self.best_candidate()
        if candidate is None or self.ambiguity():
            return None
        decimal = self.table_decimal()
        why = self._why(decimal) if decimal else None
        is_default = why is not None and not self.evidence()
        if self.is_plain and candidate.number_format == NumberFormat():
            return ColumnType("number", why=why or self._why_no_codes(), is_default=is_default)
        is_whole = candidate.is_whole and not candidate.number_format.is_percent
        return ColumnType(
            "integer" if is_whole else "number", self._keys(candidate.number_format), why
        )

    def integer_type(self) -> ColumnType:
        """Return the type of integers without groups, which later values may have.

        They are read as in the other columns, so that 1.000 is not 1 beside a decimal comma.
        """
        evidence = self.table.evidence(is_bare=True)
        if [shown.decimal for shown in evidence] != [","]:
            return ColumnType("integer")
        why = f"1.000 is 1000, as column {evidence[0].column} has a decimal comma"
        return ColumnType("integer", self._keys(NumberFormat((), ".", ",")), why)

    def explain_ambiguity(self) -> str | None:
        """Return why the format is ambiguous, and the settings to choose one."""
        match self.ambiguity():
            case "version":
                return (
                    "every value is a number and could be a version: as numbers, 1.2 and 1.20 are"
                    " one value, and 1.10 is less than 1.9;"
                    ' set {where} type = "number" or type = "string"'
                )
            case "exponent":
                return (
                    "every value is a number and could be a code: as numbers, 1E2 and 10E1 are one"
                    ' value; set {where} type = "number" or type = "string"'
                )
            case "decimal separator":
                char = self.ambiguous_char or ""
                return (
                    f"every value is a number with a decimal {SEPARATOR_NAMES[char]} and one with"
                    f" groups by {SEPARATOR_NAMES[char]}s, so that {self.sample()} is 1.234 or"
                    f" 1234; set {{where}} {decimal_setting(char)} or {group_settings(char)}"
                    f"{self.other_settings()}"
                    f"{_contradiction(self.evidence())}"
                )
            case "grouped code":
                best = self.best_candidate()
                group = best and best.number_format.group
                return (
                    "every value is a number in groups and could be a code, such as that of a"
                    f" telephone; set {{where}} {group_settings(group or '')} or"
                    ' type = "string"'
                )
        return None

    def _why_no_codes(self) -> str | None:
        if not self.may_be_exponent_codes:
            return None
        return (
            "1E2 is 100 and not a code, as other values have a decimal point;"
            ' if not, set {where} type = "string"'
        )

    def _why(self, decimal: str) -> str:
        char = self.ambiguous_char or ""
        chosen, rejected = ("1.234", "1234") if char == decimal else ("1234", "1.234")
        evidence = self.evidence()
        reason = (
            f"as column {evidence[0].column} has a decimal {SEPARATOR_NAMES[decimal]}"
            if evidence
            else "as no column has a decimal comma"
        )
        other = group_settings(char) if char == decimal else decimal_setting(char)
        return (
            f"{self.sample()} is {chosen} and not {rejected}, {reason};"
            f" if not, set {{where}} {other}"
        )

    def _add_plain(self, values: pa.Array, *, is_whole: bool) -> None:
        """Add numbers as JSON writes them; parse them only where that can change the result.

        The result must not depend on the boundaries of the batches.
        """
        if is_whole:
            # Integers look alike in every format; `to_json_numbers` appends a point to them.
            lengths = {*pc.add(pc.utf8_length(values), 1).unique().to_pylist()}
            for candidate in self.candidates:
                candidate.lengths |= lengths
            return
        is_ambiguous = _has_long_integers(values) or not _any_fraction(values)
        remaining = []
        for candidate in self.candidates:
            if not is_ambiguous and candidate.number_format.decimal == ".":
                candidate.is_whole = False
                remaining.append(candidate)
            elif candidate.fits(values[:1]) and candidate.fits(values):
                remaining.append(candidate)
        self.candidates = remaining

    def _keys(self, number_format: NumberFormat) -> dict[str, Any]:
        keys: dict[str, Any] = {}
        if number_format.affixes:
            keys["affixes"] = [*number_format.affixes]
            if not self.has_unit:
                keys["unit"] = number_format.affixes[0]
        if number_format.group:
            keys["groupChar"] = number_format.group
        if number_format.is_percent:
            keys["percent"] = True
        if number_format.decimal != "." or not keys:
            keys["decimalChar"] = number_format.decimal
        return keys


def _contradiction(evidence: Sequence[SeparatorEvidence]) -> str:
    if len(evidence) < 2:
        return ""
    columns = (
        f"column {shown.column} has a decimal {SEPARATOR_NAMES[shown.decimal]}"
        for shown in evidence
    )
    return f" ({', and '.join(columns)})"


def _has_long_integers(values: pa.Array) -> bool:
    """Return whether an integer may be beyond ±2⁵³; only long texts are matched by pattern."""
    is_long = pc.greater_equal(pc.binary_length(values), _MIN_LONG_DIGITS)
    if not pc.any(is_long).as_py():
        return False
    is_whole = pc.or_(
        pc.invert(pc.match_substring(values, pattern=".")), pc.ends_with(values, pattern=".")
    )
    candidates = values.filter(pc.and_(is_long, is_whole))
    return pc.any(pc.match_substring_regex(candidates, pattern=_LONG_INTEGER)).as_py() is True


def _any_fraction(values: pa.Array) -> bool:
    """Return whether a number has digits after a decimal point."""
    return any(
        pc.all(pc.match_substring_regex(part, pattern=_WITHOUT_FRACTION)).as_py() is False
        for part in (values[:_HEAD_VALUES], values)
    )
