"""Guessing how the numbers of a column are written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clean.inference.decimal_separators import NAMES, Separators, Witness
from clean.inference.detectors import Batch, Found
from clean.inference.version_numbers import VersionGuess
from clean.parsing import text_cells
from clean.parsing.number_format import Written

CURRENCIES = (
    *("$", "US$", "€", "£", "¥", "₹", "R$", "kr", "zł", "Kč", "₽", "₺"),
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "BRL"),
)
"""May stand before or after a number; others have to be declared."""

UNITS = (
    *("mm", "cm", "m", "km", "in", "ft", "mi", "m²", "km²", "m³", "ml", "mL", "l", "L"),
    *("mg", "g", "kg", "t", "oz", "lb", "lbs", "ms", "s", "min", "h", "°C", "°F"),
    *("km/h", "mph", "W", "kW", "kWh", "kB", "MB", "GB"),
)
"""Stand after a number; before one a letter makes a code."""

_STYLES: tuple[tuple[str, str | None], ...] = (
    *((".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'")),
)
"""Decimal and group characters; the first that fits all values wins."""

_LEADING_ZERO = r"^[+-]?0[0-9]"
_WHOLE = r"\.$"
_CODE_DIGITS = 7
"""From so many digits on, whole numbers of one length in groups are codes, as of telephones."""

_INTEGER = r"^[+-]?[0-9]+\.?$"
_HEAD = 64
"""So many values are looked at first, since most columns with fractions show one there."""

_EXPONENT = r"[0-9][eE][+-]?[0-9]"

_LONG_WHOLE = r"^[+-]?[0-9]{16,}\.?$"
_LONG_DIGITS = 16
"""Integers of fewer digits are all within ±2⁵³."""


@dataclass
class _Candidate:
    written: Written
    is_whole: bool = True
    lengths: set[int] = field(default_factory=set)
    has_groups: bool = False
    """Whether a group character was seen that another candidate may read as a decimal one."""

    def fits(self, values: pa.Array) -> bool:
        """Return whether all values are numbers that are written so, and remember what they are."""
        if not all(_all_hold(values, affix) for affix in self.written.affixes):
            return False
        plain = self.written.plain(values)
        if text_cells.read_number(plain).null_count or _any(plain, _LEADING_ZERO):
            return False
        whole = pc.match_substring_regex(plain, pattern=_WHOLE)
        if text_cells.read_integer(plain.filter(whole)).null_count:
            return False
        if self.written.group in NAMES:
            grouped = values.filter(pc.match_substring(values, pattern=self.written.group))
            # Nobody writes groups beside an exponent.
            if _any(grouped, _EXPONENT):
                return False
            self.has_groups = self.has_groups or len(grouped) > 0
        self.is_whole = self.is_whole and bool(pc.all(whole).as_py())
        self.lengths |= {*pc.utf8_length(plain).unique().to_pylist()}
        return True

    def looks_like_codes(self) -> bool:
        return (
            self.written.group in {".", " "}
            and not self.written.affixes
            and self.is_whole
            and len(self.lengths) == 1
            and min(self.lengths) > _CODE_DIGITS
        )


@dataclass
class NumberGuess:
    """Numbers in groups, with a decimal comma, a currency or unit, or as percentages."""

    has_unit: bool
    """Whether the column's unit is known."""
    table: Separators = field(default_factory=Separators)
    """What the columns of the table tell, known after its last row."""
    is_plain: bool = True
    """Whether all values are numbers as JSON writes them, too."""
    versions: VersionGuess = field(default_factory=VersionGuess)
    candidates: list[_Candidate] | None = None
    """Those that fit so far; None before the first value."""

    def add(self, batch: Batch) -> None:
        """Look at the next values of the column."""
        values = batch.texts.drop_null()
        self.is_plain = self.is_plain and batch.is_number
        self.versions.add(batch)
        if self.candidates is None and len(values):
            self.candidates = [
                _Candidate(written)
                for written in _ways(values[0].as_py())
                if _Candidate(written).fits(values[:1])
            ]
        if not self.candidates or not len(values):
            return
        if batch.is_number and self._is_bare():
            self._add_plain(values, is_whole=batch.is_integer)
        else:
            self.candidates = [it for it in self.candidates if it.fits(values)]

    @property
    def doubtful(self) -> str | None:
        """The character that is a decimal one, or a group one, in whatever value it stands."""
        decimals = {it.written.decimal for it in self.candidates or []}
        groups = [it.written.group for it in self.candidates or [] if it.has_groups]
        return next((char for char in groups if char in decimals), None)

    def decimal(self) -> str | None:
        """Return the decimal character that the column's own values tell, if they tell it."""
        decimals = {it.written.decimal for it in self.candidates or []}
        is_told = len(decimals) == 1 and self.found() is not None
        return decimals.pop() if is_told else None

    def found(self) -> Found | None:
        """Return the way in which all numbers are written, unless another one gives others."""
        candidate = self._chosen()
        if candidate is None or self.doubt():
            return None
        decimal = self._decimal()
        why = self._why(decimal) if decimal else None
        if self.is_plain and candidate.written == Written():
            return Found("number", why=why)
        is_whole = candidate.is_whole and not candidate.written.is_percent
        return Found("integer" if is_whole else "number", self._keys(candidate.written), why)

    def doubt(self) -> str | None:
        """Return why there are two answers, and the settings that decide."""
        if self.is_plain and (doubt := self.versions.doubt()):
            return doubt
        char, chosen = self.doubtful, self._chosen()
        if char and not self._decimal():
            return (
                f"every value is a number with a decimal {NAMES[char]} and one with groups by"
                f" {NAMES[char]}s, so that {self._sample(char)} is 1.234 or 1234;"
                f" {{where}} {_as_decimal(char)} or {_as_group(char)} says which{self._beside()}"
                f"{_contradiction(self._witnesses())}"
            )
        if chosen and chosen.looks_like_codes():
            return (
                "every value is a number in groups and could be a code, such as that of a"
                f" telephone; {{where}} {_as_group(chosen.written.group or '')} or"
                ' type = "string" says which'
            )
        return None

    def _chosen(self) -> _Candidate | None:
        """Return the first way that fits all values, and what the table tells."""
        decimal = self._decimal()
        fitting = (it for it in self.candidates or [] if decimal in {None, it.written.decimal})
        return next(fitting, None)

    def _decimal(self) -> str | None:
        """Return the decimal character that the table tells where the column does not."""
        char = self.doubtful
        witnesses = self._witnesses() if char else []
        if char and not witnesses and self.is_plain:
            return "."
        return witnesses[0].decimal if len(witnesses) == 1 else None

    def _witnesses(self) -> list[Witness]:
        return self.table.witnesses(is_bare=self._is_bare())

    def _why(self, decimal: str) -> str:
        char = self.doubtful or ""
        is_read, is_not = ("1.234", "1234") if char == decimal else ("1234", "1.234")
        witnesses = self._witnesses()
        reason = (
            f"as column {witnesses[0].column} has a decimal {NAMES[decimal]}"
            if witnesses
            else "as no column has a decimal comma"
        )
        other = _as_group(char) if char == decimal else _as_decimal(char)
        return (
            f"{self._sample(char)} is {is_read} and not {is_not}, {reason};"
            f" {{where}} {other} says otherwise"
        )

    def _sample(self, char: str) -> str:
        written = (self.candidates or [])[0].written
        return f"1{char}234{' %' if written.is_percent else ''}{_behind(written)}"

    def _beside(self) -> str:
        written = (self.candidates or [])[0].written
        beside = f', beside affixes = ["{written.affixes[0]}"]' if written.affixes else ""
        return beside + (", beside percent = true" if written.is_percent else "")

    def _is_bare(self) -> bool:
        """Return whether values without affix and percent sign fit at all."""
        first = (self.candidates or [])[0].written
        return not first.affixes and not first.is_percent

    def _add_plain(self, values: pa.Array, *, is_whole: bool) -> None:
        """Take numbers as JSON writes them, which are read again only where more may come of it.

        What comes of it is the same as if they were, as other batches would mix them with others.
        """
        if is_whole:
            # Every way writes them so; the point behind them is that of `Written.plain`.
            lengths = {*pc.add(pc.utf8_length(values), 1).unique().to_pylist()}
            for candidate in self.candidates or []:
                candidate.lengths |= lengths
            return
        is_doubtful = _has_long_integers(values) or not _any_fraction(values)
        fitting = []
        for candidate in self.candidates or []:
            if not is_doubtful and candidate.written.decimal == ".":
                candidate.is_whole = False
                fitting.append(candidate)
            elif candidate.fits(values[:1]) and candidate.fits(values):
                fitting.append(candidate)
        self.candidates = fitting

    def _keys(self, written: Written) -> dict[str, Any]:
        keys: dict[str, Any] = {}
        if written.affixes:
            keys["affixes"] = [*written.affixes]
            if not self.has_unit:
                keys["unit"] = written.affixes[0]
        if written.group:
            keys["groupChar"] = written.group
        if written.is_percent:
            keys["percent"] = True
        if written.decimal != "." or not keys:
            keys["decimalChar"] = written.decimal
        return keys


def _ways(text: str) -> list[Written]:
    """Return the ways in which a column may be written that begins with this text."""
    if text.endswith("%"):
        return [Written((), group, decimal, is_percent=True) for decimal, group in _STYLES]
    affix = _affix(text)
    affixes = (affix,) if affix else ()
    return [Written(affixes, group, decimal) for decimal, group in _STYLES]


def _as_decimal(char: str) -> str:
    return f'decimal_char = "{char}"'


def _as_group(char: str) -> str:
    """Return the settings that read a character as one between groups."""
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'


def _contradiction(witnesses: Sequence[Witness]) -> str:
    if len(witnesses) < 2:
        return ""
    told = (f"column {it.column} has a decimal {NAMES[it.decimal]}" for it in witnesses)
    return f" ({', and '.join(told)})"


def _behind(written: Written) -> str:
    return f" {written.affixes[0]}" if written.affixes else ""


def _affix(text: str) -> str | None:
    known = sorted({*CURRENCIES, *UNITS}, key=len, reverse=True)
    bare = text.lstrip("+-\u2212")
    front = [affix for affix in known if affix in CURRENCIES and bare.startswith(affix)]
    return next(iter([*front, *(affix for affix in known if bare.endswith(affix))]), None)


def _all_hold(values: pa.Array, affix: str) -> bool:
    return pc.all(pc.match_substring(values, pattern=affix)).as_py() is not False


def _has_long_integers(values: pa.Array) -> bool:
    """Return whether there are some that may be beyond ±2⁵³; few come near, so few are read."""
    is_long = pc.greater_equal(pc.binary_length(values), _LONG_DIGITS)
    if not pc.any(is_long).as_py():
        return False
    is_whole = pc.or_(
        pc.invert(pc.match_substring(values, pattern=".")), pc.ends_with(values, pattern=".")
    )
    return _any(values.filter(pc.and_(is_long, is_whole)), _LONG_WHOLE)


def _any_fraction(values: pa.Array) -> bool:
    """Return whether some numbers are no integers with a point behind them, at most."""
    head = values[:_HEAD]
    return any(
        pc.all(pc.match_substring_regex(them, pattern=_INTEGER)).as_py() is False
        for them in (head, values)
    )


def _any(values: pa.Array, pattern: str) -> bool:
    return pc.any(pc.match_substring_regex(values, pattern=pattern)).as_py() is True
