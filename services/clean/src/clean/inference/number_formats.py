"""Detecting the number format of a column."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clean.inference.decimal_separators import NAMES, DecimalSeparators, SeparatorEvidence
from clean.inference.detectors import Batch
from clean.inference.number_format_candidates import (
    Candidate,
    any_fraction,
    candidate_formats,
    has_long_integers,
)
from clean.inference.numeric_codes import ExponentCodeDetector, VersionDetector
from clean.parsing.number_format import NumberFormat
from clean.schema.field_descriptions import ColumnType


@dataclass
class NumberFormatDetector:
    """Detects digit groups, decimal commas, currencies, units and percentages."""

    has_unit: bool
    """Whether the settings give the column's unit."""
    table: DecimalSeparators = field(default_factory=DecimalSeparators)
    """Decimal separators of the table, known after its last row."""
    is_plain: bool = True
    """Whether all values are also JSON numbers."""
    versions: VersionDetector = field(default_factory=VersionDetector)
    exponent_codes: ExponentCodeDetector = field(default_factory=ExponentCodeDetector)
    candidates: list[Candidate] | None = None
    """Formats that fit all values so far; None before the first value."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        values = batch.texts.drop_null()
        self.is_plain = self.is_plain and batch.is_number
        self.versions.add(batch)
        self.exponent_codes.add(batch)
        if self.candidates is None and len(values):
            self.candidates = [
                Candidate(number_format)
                for number_format in candidate_formats(values[0].as_py())
                if Candidate(number_format).fits(values[:1])
            ]
        if not self.candidates or not len(values):
            return
        if batch.is_number and self._is_bare():
            self._add_plain(values, is_whole=batch.is_integer)
        else:
            self.candidates = [it for it in self.candidates if it.fits(values)]

    @property
    def ambiguous_char(self) -> str | None:
        """The character that every value allows as decimal and as group character."""
        decimals = {it.number_format.decimal for it in self.candidates or []}
        groups = [it.number_format.group for it in self.candidates or [] if it.has_groups]
        return next((char for char in groups if char in decimals), None)

    def decimal(self) -> str | None:
        """Return the decimal separator that the column's own values show, if any."""
        decimals = {it.number_format.decimal for it in self.candidates or []}
        is_told = len(decimals) == 1 and self.result() is not None
        return decimals.pop() if is_told else None

    def result(self) -> ColumnType | None:
        """Return the format of all numbers, unless another format gives other numbers."""
        candidate = self._chosen()
        if candidate is None or self.ambiguity():
            return None
        decimal = self._decimal()
        why = self._why(decimal) if decimal else None
        is_default = why is not None and not self._evidence()
        if self.is_plain and candidate.number_format == NumberFormat():
            return ColumnType("number", why=why or self._why_no_codes(), is_default=is_default)
        is_whole = candidate.is_whole and not candidate.number_format.is_percent
        return ColumnType(
            "integer" if is_whole else "number", self._keys(candidate.number_format), why
        )

    def ambiguity(self) -> str | None:
        """Return why the format is ambiguous, and the settings that decide."""
        if self.is_plain and (ambiguity := self.versions.ambiguity()):
            return ambiguity
        if self._may_be_codes() and not self._shows_decimal():
            return (
                "every value is a number and could be a code: as numbers, 1E2 and 10E1 are one"
                ' value; {where} type = "number" or type = "string" says which'
            )
        char, chosen = self.ambiguous_char, self._chosen()
        if char and not self._decimal():
            return (
                f"every value is a number with a decimal {NAMES[char]} and one with groups by"
                f" {NAMES[char]}s, so that {self._sample(char)} is 1.234 or 1234;"
                f" {{where}} {_as_decimal(char)} or {_as_group(char)} says which{self._beside()}"
                f"{_contradiction(self._evidence())}"
            )
        if chosen and chosen.looks_like_codes():
            return (
                "every value is a number in groups and could be a code, such as that of a"
                f" telephone; {{where}} {_as_group(chosen.number_format.group or '')} or"
                ' type = "string" says which'
            )
        return None

    def _may_be_codes(self) -> bool:
        return self.is_plain and self.exponent_codes.are_likely

    def _shows_decimal(self) -> bool:
        return len({it.number_format.decimal for it in self.candidates or []}) == 1

    def _why_no_codes(self) -> str | None:
        if not self._may_be_codes():
            return None
        return (
            "1E2 is 100 and not a code, as other values have a decimal point;"
            ' {where} type = "string" says otherwise'
        )

    def _chosen(self) -> Candidate | None:
        """Return the first format that fits all values and the table's decimal separator."""
        decimal = self._decimal()
        fitting = (
            it for it in self.candidates or [] if decimal in {None, it.number_format.decimal}
        )
        return next(fitting, None)

    def _decimal(self) -> str | None:
        """Return the decimal separator that the table shows, if the column is ambiguous."""
        char = self.ambiguous_char
        evidence = self._evidence() if char else []
        if char and not evidence and self.is_plain:
            return "."
        return evidence[0].decimal if len(evidence) == 1 else None

    def _evidence(self) -> list[SeparatorEvidence]:
        return self.table.evidence(is_bare=self._is_bare())

    def _why(self, decimal: str) -> str:
        char = self.ambiguous_char or ""
        is_read, is_not = ("1.234", "1234") if char == decimal else ("1234", "1.234")
        evidence = self._evidence()
        reason = (
            f"as column {evidence[0].column} has a decimal {NAMES[decimal]}"
            if evidence
            else "as no column has a decimal comma"
        )
        other = _as_group(char) if char == decimal else _as_decimal(char)
        return (
            f"{self._sample(char)} is {is_read} and not {is_not}, {reason};"
            f" {{where}} {other} says otherwise"
        )

    def _sample(self, char: str) -> str:
        number_format = (self.candidates or [])[0].number_format
        return f"1{char}234{' %' if number_format.is_percent else ''}{_behind(number_format)}"

    def _beside(self) -> str:
        number_format = (self.candidates or [])[0].number_format
        beside = (
            f', beside affixes = ["{number_format.affixes[0]}"]' if number_format.affixes else ""
        )
        return beside + (", beside percent = true" if number_format.is_percent else "")

    def _is_bare(self) -> bool:
        """Return whether the format has neither affix nor percent sign."""
        first = (self.candidates or [])[0].number_format
        return not first.affixes and not first.is_percent

    def _add_plain(self, values: pa.Array, *, is_whole: bool) -> None:
        """Add JSON numbers, and parse them only where that can change the result.

        The result is the same as if all were parsed, because batches may be cut anywhere.
        """
        if is_whole:
            # Every format writes them so; `NumberFormat.plain` appends a point.
            lengths = {*pc.add(pc.utf8_length(values), 1).unique().to_pylist()}
            for candidate in self.candidates or []:
                candidate.lengths |= lengths
            return
        is_ambiguous = has_long_integers(values) or not any_fraction(values)
        fitting = []
        for candidate in self.candidates or []:
            if not is_ambiguous and candidate.number_format.decimal == ".":
                candidate.is_whole = False
                fitting.append(candidate)
            elif candidate.fits(values[:1]) and candidate.fits(values):
                fitting.append(candidate)
        self.candidates = fitting

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


def _as_decimal(char: str) -> str:
    return f'decimal_char = "{char}"'


def _as_group(char: str) -> str:
    """Return the settings for a group character."""
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'


def _contradiction(evidence: Sequence[SeparatorEvidence]) -> str:
    if len(evidence) < 2:
        return ""
    message = (f"column {it.column} has a decimal {NAMES[it.decimal]}" for it in evidence)
    return f" ({', and '.join(message)})"


def _behind(number_format: NumberFormat) -> str:
    return f" {number_format.affixes[0]}" if number_format.affixes else ""
