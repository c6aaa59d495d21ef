"""The number format of a column as settings of clean, and its other possible reading."""

from dataclasses import dataclass

import pyarrow as pa
from type_inference.decimal_separators import SEPARATOR_NAMES
from type_inference.number_format_candidates import Candidate
from type_inference.number_formats import NumberFormats, decimal_setting, group_settings

from ingest.profiling.value_formats import ValueFormat


@dataclass
class NumberFormatDetector(NumberFormats):
    """Detects the formats that fit all values of a column."""

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        self.versions.add(values)
        self.exponent_codes.add(values)
        self.start(values)
        self.narrow(values)

    def result(self) -> tuple[ValueFormat, float, float] | None:
        """Return the format and the range of the numbers, unless they are ambiguous."""
        best = self.best_candidate()
        if best is None or self.ambiguity():
            return None
        is_whole = best.is_whole and not best.number_format.is_percent
        keys = self._keys(best)
        value_format = ValueFormat("integer" if is_whole else "number", keys, best.number_format)
        return value_format, best.lowest, best.highest

    def explain_ambiguity(self) -> str | None:
        """Return the two readings of all values, and the settings that decide."""
        match self.ambiguity():
            case "version":
                return 'numbers, or versions (1.2 and 1.20)? Set type = "number" or "string"'
            case "exponent":
                return 'numbers, or codes (1E2 and 10E1)? Set type = "number" or "string"'
            case "decimal separator":
                char = self.ambiguous_char or ""
                return (
                    f"numbers with a decimal {SEPARATOR_NAMES[char]}, or in groups"
                    f" ({self.sample()} is 1.234 or 1234)? Set {decimal_setting(char)} or"
                    f" {group_settings(char)}{self.other_settings()}"
                )
        return None

    def note(self) -> str | None:
        """Return what decided between two readings, and the other settings."""
        ambiguity, best = self.ambiguity(), self.best_candidate()
        if ambiguity == "grouped code" and best:
            settings = group_settings(best.number_format.group or "")
            return f'numbers in groups, or codes as of telephones? {settings} or type = "string"'
        char, decimal = self.ambiguous_char, self.table_decimal()
        if not char or not decimal or ambiguity:
            return None
        evidence = self.evidence()
        why = f'"{evidence[0].column}" has' if evidence else "no column has"
        read, other = (
            ("1.234", group_settings(char)) if char == decimal else ("1234", decimal_setting(char))
        )
        shown = SEPARATOR_NAMES[decimal] if evidence else SEPARATOR_NAMES[","]
        return f"{self.sample()} is read as {read}, as {why} a decimal {shown}; or {other}"

    def _keys(self, best: Candidate) -> dict[str, object]:
        number_format = best.number_format
        keys: dict[str, object] = {}
        if number_format.affixes:
            keys["affixes"] = [*number_format.affixes]
        if number_format.group:
            keys["group_char"] = number_format.group
        if number_format.is_percent:
            keys["percent"] = True
        shows_point = self.decimal() == "." and number_format.group != ","
        if number_format.decimal != "." or shows_point or not keys:
            keys["decimal_char"] = number_format.decimal
        return keys
