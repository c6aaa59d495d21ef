"""Codes that are also numbers: versions such as 1.9 and 1.10, and codes such as 1E2 and 10E1.

As numbers, 1.10 is less than 1.9, and 1E2 and 10E1 are equal.

A source that writes numbers pads all of them to the same decimals, or none. A column that pads some
values holds versions, or numbers of two sources. Prices of two sources have a zero right after the
point (1.05, 2.00) or large cents (9.90). Versions never have the former, and rarely the latter.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

_EXPONENT_CODE = r"^[0-9]+[eE][0-9]+$"
_VERSION = r"^([+-]?[0-9]+|(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,2}))$"
"""Pattern of version numbers; integers match too, since they decide nothing."""
_MIN_CENTS = 40
"""Parts from this number on are rare in versions and common in cents."""
_MAX_FRACTIONS = 2_000
"""Maximum number of distinct fractions; a column with more holds measurements."""
_HEAD_VALUES = 64
"""Number of values that are checked first; in most columns they already rule out versions."""


@dataclass
class VersionDetector:
    """Detects a column in which some numbers, but not all, end in a padding zero."""

    fractions: set[str] | None = field(default_factory=set)
    """Distinct values with a fraction; None once a value cannot be a version."""

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if self.fractions is None:
            return
        if not all(map(_are_versions, (values[:_HEAD_VALUES], values))):
            self.fractions = None
            return
        self.fractions |= {*values.filter(pc.match_substring(values, pattern=".")).to_pylist()}
        if len(self.fractions) > _MAX_FRACTIONS:
            self.fractions = None

    @property
    def are_likely(self) -> bool:
        """Whether values are padded, and either also occur unpadded or have small parts."""
        fractions = self.fractions or set()
        decimals = {text.partition(".")[2] for text in fractions}
        long_decimals = {digits for digits in decimals if len(digits) > 1}
        padded = [text for text in fractions if text.endswith("0") and text[-2] != "."]
        if not padded or len(long_decimals) == len(decimals):
            return False
        has_both_forms = any({text[:-1], text.rstrip("0")} & fractions for text in padded)
        return has_both_forms or all(int(digits) < _MIN_CENTS for digits in long_decimals)


def _are_versions(values: pa.Array) -> bool:
    return pc.all(pc.match_substring_regex(values, pattern=_VERSION)).as_py() is not False


@dataclass
class ExponentCodeDetector:
    """Detects a column whose numbers with an exponent have neither sign nor decimal point."""

    has_codes: bool = False
    has_others: bool = False
    """Whether a number has a sign, or a decimal point before its exponent."""

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if self.has_others:
            return
        exponents = values.filter(
            pc.or_(*(pc.match_substring(values, pattern=letter) for letter in "eE"))
        )
        are_codes: pa.Array = pc.match_substring_regex(exponents, pattern=_EXPONENT_CODE)
        self.has_codes |= pc.any(are_codes).as_py() is True
        self.has_others |= pc.all(are_codes).as_py() is False

    @property
    def are_likely(self) -> bool:
        """Whether all numbers with an exponent could be codes."""
        return self.has_codes and not self.has_others
