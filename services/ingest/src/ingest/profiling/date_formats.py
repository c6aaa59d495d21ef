"""Dates as people write them: in another order than ISO 8601."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.cell_types import CellType
from ingest.tables.column_names import WHITE_SPACE

_DAYS = (
    *(f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *(f"%y{mark}%m{mark}%d" for mark in "/.-"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
"""The formats that clean tries, in its order."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _names(names: list[str]) -> str:
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in name) for name in names)


_PARTS = dict.fromkeys(("%d", "%m", "%H", "%I", "%M", "%S"), "[0-9]{1,2}") | {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%b": f"(?:{_names([month[:3] for month in _MONTHS])})",
    "%B": f"(?:{_names([*_MONTHS])})",
    "%p": "[AaPp][Mm]",
    " ": f"[{WHITE_SPACE}]+",
}


@dataclass(frozen=True)
class DateForm:
    """One way to write dates: a `format` of clean."""

    format: str

    @property
    def kind(self) -> CellType:
        return "datetime" if "%M" in self.format else "date"

    @property
    def keys(self) -> Mapping[str, object]:
        """The settings of clean that say the same."""
        return {"format": self.format}

    @property
    def order(self) -> str:
        """The order of day, month and year, if all are digits."""
        order = "".join(re.findall("[dmyY]", self.format))
        return order if "m" in order else ""

    def instant(self, text: str) -> datetime:
        """Return a text of this form as an instant in UTC."""
        return datetime.strptime(text, self.format).replace(tzinfo=UTC)

    def may_fit(self, text: str) -> bool:
        """Return whether a text looks like this form."""
        return re.fullmatch(self._pattern, text) is not None

    def fits(self, values: pa.Array) -> bool:
        """Return whether all texts, string[n] without nulls, are real days written so."""
        if not pc.all(pc.match_substring_regex(values, pattern=f"^{self._pattern}$")).as_py():
            return False
        return all(map(self._is_real, values.to_pylist()))

    def _is_real(self, text: str) -> bool:
        try:
            self.instant(text)
        except ValueError:
            return False
        return True

    @cached_property
    def _pattern(self) -> str:
        parts = re.findall("%.|.", self.format)
        return "".join(_PARTS.get(part, re.escape(part)) for part in parts)


@dataclass
class DateForms:
    """The ways in which all values of a column that were seen so far are written."""

    candidates: tuple[DateForm, ...] | None = None
    """None before the first value."""

    def add(self, values: pa.Array) -> None:
        """Look at distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        if self.candidates is None:
            first = values[0].as_py()
            self.candidates = tuple(it for it in _known_forms() if it.may_fit(first))
        self.candidates = tuple(it for it in self.candidates if it.fits(values))

    def found(self) -> DateForm | None:
        """Return the first form that all values have, unless another one reads other days."""
        return self.candidates[0] if self.candidates and not self.rivals() else None

    def rivals(self) -> list[DateForm]:
        """Return a form for each other order of day, month and year than that of the first."""
        by_order: dict[str, DateForm] = {}
        for form in self.candidates or ():
            by_order.setdefault(form.order, form)
        by_order.pop("", None)
        return [*by_order.values()][1:]

    def doubt(self) -> str | None:
        """Return in which ways all values can be read, and the setting that decides."""
        rivals = self.rivals()
        if not self.candidates or not rivals:
            return None
        others = "".join(f', or by "{form.format}"' for form in rivals)
        return f'dates by "{self.candidates[0].format}"{others}? Set format'


@cache
def _known_forms() -> tuple[DateForm, ...]:
    return tuple(DateForm(day + clock) for day in _DAYS for clock in _CLOCKS)
