"""Dates as people write them: in another order than ISO 8601."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.guessing.cell_types import CellType

_DAYS = (
    *(f"%d{mark}%m{mark}%Y" for mark in "./-"),
    *(f"%m{mark}%d{mark}%Y" for mark in "./-"),
    *("%Y/%m/%d", "%Y.%m.%d"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_DIGITS = dict.fromkeys(("%d", "%m", "%H", "%M", "%S"), "[0-9]{1,2}") | {"%Y": "[0-9]{4}"}


@dataclass(frozen=True)
class DateForm:
    """One way to write dates: a `format` of clean."""

    format: str

    @property
    def kind(self) -> CellType:
        return "datetime" if "%H" in self.format else "date"

    @property
    def keys(self) -> Mapping[str, object]:
        """The settings of clean that say the same."""
        return {"format": self.format}

    def instant(self, text: str) -> datetime:
        """Return a text of this form as an instant in UTC."""
        return datetime.strptime(text, self.format).replace(tzinfo=UTC)

    def fits(self, values: pa.Array) -> bool:
        """Return whether all texts, string[n] without nulls, are real days written so."""
        if not pc.all(pc.match_substring_regex(values, pattern=self._pattern)).as_py():
            return False
        return all(map(self._is_real, values.to_pylist()))

    def _is_real(self, text: str) -> bool:
        try:
            self.instant(text)
        except ValueError:
            return False
        return True

    @property
    def _pattern(self) -> str:
        parts = re.findall("%.|.", self.format)
        return "^" + "".join(_DIGITS.get(part, re.escape(part)) for part in parts) + "$"


@dataclass
class DateForms:
    """The ways in which all values of a column that were seen so far are written."""

    candidates: tuple[DateForm, ...] = tuple(
        DateForm(day + clock) for day in _DAYS for clock in _CLOCKS
    )

    def add(self, values: pa.Array) -> None:
        """Look at distinct trimmed texts, string[n] without nulls."""
        self.candidates = tuple(it for it in self.candidates if it.fits(values))

    def found(self) -> DateForm | None:
        """Return the only form that all values have."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def is_ambiguous(self) -> bool:
        """Whether 1/2 may be in January, or in February."""
        return len(self.candidates) > 1
