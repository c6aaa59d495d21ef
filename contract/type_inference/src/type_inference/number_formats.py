"""Detection of the number format of a column."""

from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from type_inference.decimal_separators import DecimalSeparators, SeparatorEvidence
from type_inference.number_format import NumberFormat
from type_inference.number_format_candidates import Candidate, candidate_formats
from type_inference.numeric_codes import ExponentCodeDetector, VersionDetector

Ambiguity = Literal["version", "exponent", "decimal separator", "grouped code"]
"""Why numbers are ambiguous: they may be versions (1.2 and 1.20) or codes (1E2 or 12 345 678), or
1.234 may be 1234."""


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
    """Whether no value was added yet."""

    def start(self, values: pa.Array) -> None:
        """Find the formats of the first value."""
        if self.is_empty and len(values):
            self.is_empty = False
            possible = map(Candidate, candidate_formats(values[0].as_py()))
            self.candidates = [
                Candidate(candidate.number_format)
                for candidate in possible
                if candidate.fits(values[:1])
            ]

    def narrow(self, values: pa.Array) -> None:
        """Drop the formats that do not fit all of these texts, string[n] without nulls."""
        self.candidates = [candidate for candidate in self.candidates if candidate.fits(values)]

    def decimal(self) -> str | None:
        """Return the decimal separator that the column's own values show, if any."""
        return (
            self._decimal_candidates.pop()
            if self._has_one_decimal and not self.ambiguity()
            else None
        )

    def best_candidate(self) -> Candidate | None:
        """Return the first format that fits all values and the table's decimal separator."""
        decimal = self.table_decimal()
        fitting = (
            candidate
            for candidate in self.candidates
            if decimal in {None, candidate.number_format.decimal}
        )
        return next(fitting, None)

    def ambiguity(self) -> Ambiguity | None:
        """Return why the values can be read in two ways, if nothing decides between them."""
        if self.is_plain and self.versions.are_likely:
            return "version"
        if self.may_be_exponent_codes and not self._has_one_decimal:
            return "exponent"
        if self.ambiguous_char and not self.table_decimal():
            return "decimal separator"
        best = self.best_candidate()
        return "grouped code" if best and best.looks_like_codes() else None

    @property
    def may_be_exponent_codes(self) -> bool:
        return self.is_plain and self.exponent_codes.are_likely

    @property
    def ambiguous_char(self) -> str | None:
        """The character that every value allows as decimal and as group character."""
        groups = [
            candidate.number_format.group for candidate in self.candidates if candidate.has_groups
        ]
        return next((char for char in groups if char in self._decimal_candidates), None)

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
    def first_format(self) -> NumberFormat:
        """The first format that fits all values."""
        return self.candidates[0].number_format

    @property
    def is_bare(self) -> bool:
        """Whether the format has neither affix nor percent sign."""
        return not self.first_format.affixes and not self.first_format.is_percent

    def sample(self) -> str:
        """Return an example of an ambiguous number."""
        percent = " %" if self.first_format.is_percent else ""
        affix = f" {self.first_format.affixes[0]}" if self.first_format.affixes else ""
        return f"1{self.ambiguous_char}234{percent}{affix}"

    def other_settings(self) -> str:
        """Return the settings that an ambiguous number also needs."""
        affixes = self.first_format.affixes
        unit = f', beside affixes = ["{affixes[0]}"]' if affixes else ""
        return unit + (", beside percent = true" if self.first_format.is_percent else "")

    @property
    def _decimal_candidates(self) -> set[str]:
        return {candidate.number_format.decimal for candidate in self.candidates}

    @property
    def _has_one_decimal(self) -> bool:
        return len(self._decimal_candidates) == 1


def decimal_setting(char: str) -> str:
    """Return the setting of a decimal character."""
    return f'decimal_char = "{char}"'


def group_settings(char: str) -> str:
    """Return the settings of a group character."""
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'
