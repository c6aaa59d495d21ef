"""Codes such as 1E2 and 10E1, which are numbers as well, with the same rules as clean."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_CODE = r"^[0-9]+[eE][0-9]+$"


@dataclass
class ExponentCodeDetector:
    """Detects numbers with an exponent of which none has a sign or a decimal point."""

    has_codes: bool = False
    has_others: bool = False
    """Whether one has a sign, or a decimal point before its exponent."""

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        exponents = values.filter(pc.match_substring_regex(values, "[eE]"))
        are_codes = pc.match_substring_regex(exponents, _CODE)
        self.has_codes |= pc.any(are_codes).as_py() is True
        self.has_others |= pc.all(are_codes).as_py() is False

    @property
    def are_likely(self) -> bool:
        """Whether all numbers with an exponent could be codes."""
        return self.has_codes and not self.has_others
