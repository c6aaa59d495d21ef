"""Codes such as 1E2 and 10E1, which are numbers as well, and as numbers are equal."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from clean.inference.detectors import Batch

_CODE = r"^[0-9]+[eE][0-9]+$"


@dataclass
class ExponentCodeDetector:
    """Detects numbers with an exponent of which none has a sign or a decimal point."""

    has_codes: bool = False
    has_others: bool = False
    """Whether one has a sign, or a decimal point before its exponent."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        if self.has_others or batch.is_integer or not batch.is_number:
            return
        values = batch.texts.drop_null()
        exponents = values.filter(
            pc.or_(*(pc.match_substring(values, pattern=letter) for letter in "eE"))
        )
        are_codes: pa.Array = pc.match_substring_regex(exponents, pattern=_CODE)
        self.has_codes |= pc.any(are_codes).as_py() is True
        self.has_others |= pc.all(are_codes).as_py() is False

    @property
    def are_likely(self) -> bool:
        """Whether all numbers with an exponent could be codes."""
        return self.has_codes and not self.has_others
