"""Detecting the number format of a column."""

from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from type_inference.decimal_separators import DecimalSeparators, SeparatorEvidence
from type_inference.number_format import NumberFormat
from type_inference.number_format_candidates import Candidate, candidate_formats
from type_inference.numeric_codes import ExponentCodeDetector, VersionDetector

Ambiguity = Literal["version", "exponent", "decimal separator", "grouped code"]
"""Numbers, or versions (1.2 and 1.20), or codes (1E2); 1.234 or 1234; 12 345 678 or a code."""


@dataclass
class NumberFormats:
    """The number formats that fit all values: digit groups, decimal commas, units, percentages."""

    table: DecimalSeparators = field(default_factory=DecimalSeparators)
    """Decimal separators of the table, known after its last row."""
    is_plain: bool = True
    """Whether all values are also JSON numbers."""
    versions: VersionDetector = field(default_factory=VersionDetector)
    exponent_codes: ExponentCodeDetector = field(default_factory=ExponentCodeDetector)
    candidates: list[Candidate] = field(default_factory=list)
    """Formats that fit all values so far."""
    is_empty: bool = True
    """Whether no value was seen yet."""

    def start(self, values: pa.Array) -> None:
        """Find the formats of the first value."""
        if self.is_empty and len(values):
            self.is_empty = False
            found = map(Candidate, candidate_formats(values[0].as_py()))
            self.candidates = [Candidate(it.number_format) for it in found if it.fits(values[:1])]

    def narrow(self, values: pa.Array) -> None:
        """Drop the formats that do not fit all of these texts, string[n] without nulls."""
        self.candidates = [it for it in self.candidates if it.fits(values)]

    def decimal(self) -> str | None:
        """Return the decimal separator that the column's own values show, if any."""
        return self._decimals.pop() if self._shows_decimal and not self.ambiguity() else None

    def chosen(self) -> Candidate | None:
        """Return the first format that fits all values and the table's decimal separator."""
        decimal = self.table_decimal()
        fitting = (it for it in self.candidates if decimal in {None, it.number_format.decimal})
        return next(fitting, None)

    def ambiguity(self) -> Ambiguity | None:
        """Return the kind of the two readings of all values, if nothing decides between them."""
        if self.is_plain and self.versions.are_likely:
            return "version"
        if self.may_be_exponent_codes and not self._shows_decimal:
            return "exponent"
        if self.ambiguous_char and not self.table_decimal():
            return "decimal separator"
        chosen = self.chosen()
        return "grouped code" if chosen and chosen.looks_like_codes() else None

    @property
    def may_be_exponent_codes(self) -> bool:
        return self.is_plain and self.exponent_codes.are_likely

    @property
    def ambiguous_char(self) -> str | None:
        """The character that every value allows as decimal and as group character."""
        groups = [it.number_format.group for it in self.candidates if it.has_groups]
        return next((char for char in groups if char in self._decimals), None)

    def table_decimal(self) -> str | None:
        """Return the decimal separator that the table shows, if the column is ambiguous."""
        char = self.ambiguous_char
        evidence = self.evidence() if char else []
        if char and not evidence and self.is_plain:
            return "."
        return evidence[0].decimal if len(evidence) == 1 else None

    def evidence(self) -> list[SeparatorEvidence]:
        """Return the columns that show the decimal separator of the table."""
        return self.table.evidence(is_bare=self.is_bare)

    @property
    def first(self) -> NumberFormat:
        """The first format that fits all values."""
        return self.candidates[0].number_format

    @property
    def is_bare(self) -> bool:
        """Whether the format has neither affix nor percent sign."""
        return not self.first.affixes and not self.first.is_percent

    def sample(self) -> str:
        """Return an example of an ambiguous number."""
        percent = " %" if self.first.is_percent else ""
        affix = f" {self.first.affixes[0]}" if self.first.affixes else ""
        return f"1{self.ambiguous_char}234{percent}{affix}"

    def beside(self) -> str:
        """Return the settings that an ambiguous number also needs."""
        affixes = self.first.affixes
        unit = f', beside affixes = ["{affixes[0]}"]' if affixes else ""
        return unit + (", beside percent = true" if self.first.is_percent else "")

    @property
    def _decimals(self) -> set[str]:
        return {it.number_format.decimal for it in self.candidates}

    @property
    def _shows_decimal(self) -> bool:
        return len(self._decimals) == 1


def as_decimal(char: str) -> str:
    """Return the setting of a decimal character."""
    return f'decimal_char = "{char}"'


def as_group(char: str) -> str:
    """Return the settings of a group character."""
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'
