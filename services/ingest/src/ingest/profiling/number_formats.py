"""Numbers as people write them: with decimal commas, in groups, with a currency, as percentages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.cell_types import CellType, fits, keep, numbers
from ingest.profiling.decimal_separators import NAMES, Separators
from ingest.profiling.version_numbers import Versions
from ingest.tables.column_names import WHITE_SPACE

CURRENCIES = (
    *("$", "US$", "€", "£", "¥", "₹", "R$", "kr", "zł", "Kč", "₽", "₺"),
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "BRL"),
)
UNITS = (
    *("mm", "cm", "m", "km", "in", "ft", "mi", "m²", "km²", "m³", "ml", "mL", "l", "L"),
    *("mg", "g", "kg", "t", "oz", "lb", "lbs", "ms", "s", "min", "h", "°C", "°F"),
    *("km/h", "mph", "W", "kW", "kWh", "kB", "MB", "GB"),
)
"""Those that clean knows unasked; units stand after a number."""

_STYLES = (*((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'")),)
"""Decimal and group characters; the first that fits all values wins."""

_GROUPS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u2009\u202f]"}
_SIGN = "[+\\-\u2212]"
_SPACE = f"[{WHITE_SPACE}]*"
_EXPONENT = "[0-9][eE][+-]?[0-9]"
_CODE_CHARACTERS = 7
"""Whole numbers of one length in groups, with the point behind them, may be codes from there on."""


@dataclass(frozen=True)
class NumberForm:
    """One way to write numbers."""

    decimal: str
    group: str
    affix: str = ""
    is_percent: bool = False
    is_whole: bool = False
    shows_point: bool = False
    """Whether the texts tell that the decimal character is a point, which clean's settings leave
    out otherwise."""

    @property
    def is_plain(self) -> bool:
        """Whether JSON writes numbers so."""
        return self.decimal == "." and not (self.group or self.affix or self.is_percent)

    @property
    def kind(self) -> CellType:
        return "integer" if self.is_whole and not self.is_percent else "number"

    @property
    def keys(self) -> Mapping[str, object]:
        """The settings of clean that say the same."""
        keys: dict[str, object] = {"affixes": [self.affix]} if self.affix else {}
        keys |= {"group_char": self.group} if self.group else {}
        keys |= {"percent": True} if self.is_percent else {}
        is_stated = self.decimal != "." or self.shows_point or not keys
        return keys | ({"decimal_char": self.decimal} if is_stated else {})

    def plain(self, texts: pa.Array) -> pa.Array:
        """Return texts, string[n], as JSON writes numbers; null where one is not written so."""
        written = keep(texts, pc.match_substring_regex(texts, pattern=self._pattern))
        bare = pc.replace_substring_regex(
            written, pattern=self._pattern, replacement=rf"\1\2\3{self.decimal}\4\5"
        )
        if self.group:
            bare = pc.replace_substring_regex(bare, pattern=_GROUPS[self.group], replacement="")
        point = pc.replace_substring(bare, pattern=self.decimal, replacement=".")
        return pc.replace_substring(point, pattern="\u2212", replacement="-")

    @cached_property
    def _pattern(self) -> str:
        before = "[0-9]*"
        if self.group:
            before = f"[1-9][0-9]{{0,2}}(?:{_GROUPS[self.group]}[0-9]{{3}})+|{before}"
        start, end = f"({_SIGN}?)()", ""
        if self.affix:
            affix = re.escape(self.affix)
            start = f"(?:({_SIGN}?)(?:{affix}{_SPACE})?|{affix}{_SPACE}({_SIGN}))"
            end = f"(?:{_SPACE}{affix})?"
        exponent = f"(){_SPACE}%" if self.is_percent else "([eE][+-]?[0-9]+)?"
        return f"^{start}({before})(?:{re.escape(self.decimal)}([0-9]*))?{exponent}{end}$"


@dataclass
class _Candidate:
    form: NumberForm
    is_whole: bool = True
    has_groups: bool = False
    """Whether a group character was seen that another candidate may read as a decimal one."""
    lengths: set[int] = field(default_factory=set)
    lowest: float = float("inf")
    highest: float = float("-inf")

    def fits(self, values: pa.Array) -> bool:
        """Return whether all values are written so, and remember what they are."""
        if self.form.affix and not pc.all(pc.match_substring(values, self.form.affix)).as_py():
            return False
        plain = self.form.plain(values)
        read = numbers(plain)
        if read.null_count or not _are_exact(plain):
            return False
        if self.form.group in NAMES:
            grouped = values.filter(pc.match_substring(values, self.form.group))
            # Nobody writes groups beside an exponent.
            if pc.any(pc.match_substring_regex(grouped, pattern=_EXPONENT)).as_py():
                return False
            self.has_groups = self.has_groups or len(grouped) > 0
        found = pc.min_max(read).as_py()
        self.is_whole = self.is_whole and pc.all(pc.ends_with(plain, ".")).as_py()
        self.lengths |= {*pc.utf8_length(plain).unique().to_pylist()}
        self.lowest = min(self.lowest, found["min"])
        self.highest = max(self.highest, found["max"])
        return True

    @property
    def looks_like_codes(self) -> bool:
        is_grouped = self.form.group in {".", " "} and self.is_whole and not self.form.affix
        return is_grouped and len(self.lengths) == 1 and min(self.lengths) > _CODE_CHARACTERS


def _are_exact(plain: pa.Array) -> bool:
    """Return whether all whole numbers are within ±2⁵³."""
    whole = plain.filter(pc.ends_with(plain, "."))
    digits = pc.replace_substring(whole, pattern=".", replacement="")
    return pc.all(fits(digits, "integer")).as_py() is not False


@dataclass
class NumberForms:
    """The ways in which all values of a column that were seen so far are written."""

    candidates: list[_Candidate] | None = None
    """None before the first value."""
    versions: Versions = field(default_factory=Versions)

    def add(self, values: pa.Array) -> None:
        """Look at distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        self.versions.add(values)
        if self.candidates is None:
            self.candidates = [_Candidate(form) for form in _forms_of(values[0].as_py())]
        self.candidates = [it for it in self.candidates if it.fits(values)]

    def decimal(self) -> str | None:
        """Return the decimal character that the column's own values tell, if they tell it."""
        decimals = {it.form.decimal for it in self.candidates or []}
        if len(decimals) != 1 or self.versions.are_likely:
            return None
        return None if self._first(None).looks_like_codes else decimals.pop()

    def found(self, table: Separators, *, is_plain: bool) -> tuple[NumberForm, float, float] | None:
        """Return the form with the lowest and highest number, unless another one reads others.

        `is_plain` says whether all values are numbers as JSON writes them, too.
        """
        if not self.candidates or self.doubt(table, is_plain=is_plain):
            return None
        best = self._first(self._decided(table, is_plain=is_plain))
        if best.looks_like_codes:
            return None
        shows_point = self.decimal() == "." and best.form.group != ","
        form = replace(best.form, is_whole=best.is_whole, shows_point=shows_point)
        scale = 0.01 if form.is_percent else 1.0
        return form, best.lowest * scale, best.highest * scale

    def doubt(self, table: Separators, *, is_plain: bool) -> str | None:
        """Return in which two ways all values can be read, and the settings that decide."""
        if is_plain and self.versions.are_likely:
            return 'numbers, or versions (1.2 and 1.20)? Set type = "number" or "string"'
        char = self._doubtful
        if char is None or self._decided(table, is_plain=is_plain):
            return None
        form = self._first(None).form
        affixes = f', beside affixes = ["{form.affix}"]' if form.affix else ""
        percent = ", beside percent = true" if form.is_percent else ""
        return (
            f"numbers with a decimal {NAMES[char]}, or in groups ({self._sample(char)} is 1.234 or"
            f" 1234)? Set {_as_decimal(char)} or {_as_group(char)}{affixes}{percent}"
        )

    def note(self, table: Separators, *, is_plain: bool) -> str | None:
        """Return what decided between two ways to read all values, and the other settings."""
        char, decimal = self._doubtful, self._decided(table, is_plain=is_plain)
        if self.candidates and self._first(decimal).looks_like_codes:
            settings = _as_group(self._first(decimal).form.group)
            return f'numbers in groups, or codes as of telephones? {settings} or type = "string"'
        if not char or not decimal or self.doubt(table, is_plain=is_plain):
            return None
        witnesses = table.witnesses(is_bare=self._is_bare)
        why = f'"{witnesses[0][1]}" has' if witnesses else "no column has"
        read, other = ("1.234", _as_group(char)) if char == decimal else ("1234", _as_decimal(char))
        shown = NAMES[decimal] if witnesses else NAMES[","]
        return f"{self._sample(char)} is read as {read}, as {why} a decimal {shown}; or {other}"

    @property
    def is_in_doubt(self) -> bool:
        """Whether each may have a decimal character or groups."""
        return self._doubtful is not None

    @property
    def _doubtful(self) -> str | None:
        """The character that is a decimal one, or a group one, in whatever value it stands."""
        decimals = {it.form.decimal for it in self.candidates or []}
        groups = [it.form.group for it in self.candidates or [] if it.has_groups]
        return next((char for char in groups if char in decimals), None)

    @property
    def _is_bare(self) -> bool:
        form = self._first(None).form
        return not form.affix and not form.is_percent

    def _decided(self, table: Separators, *, is_plain: bool) -> str | None:
        """Return the decimal character that the table tells where the column does not."""
        char = self._doubtful
        witnesses = table.witnesses(is_bare=self._is_bare) if char else []
        if char and not witnesses and is_plain:
            return "."
        return witnesses[0][0] if len(witnesses) == 1 else None

    def _first(self, decimal: str | None) -> _Candidate:
        fitting = (it for it in self.candidates or [] if decimal in {None, it.form.decimal})
        return next(fitting)

    def _sample(self, char: str) -> str:
        form = self._first(None).form
        return (
            f"1{char}234{' %' if form.is_percent else ''}{f' {form.affix}' if form.affix else ''}"
        )


def _as_decimal(char: str) -> str:
    return f'decimal_char = "{char}"'


def _as_group(char: str) -> str:
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'


def _forms_of(text: str) -> Iterator[NumberForm]:
    is_percent = text.endswith("%")
    affix = "" if is_percent else _affix(text)
    for decimal, group in _STYLES:
        yield NumberForm(decimal, group, affix, is_percent=is_percent)


def _affix(text: str) -> str:
    """Return the currency or unit of a number, a longer one before its beginning or end."""
    known = sorted({*CURRENCIES, *UNITS}, key=len, reverse=True)
    bare = text.lstrip("+-\u2212")
    front = [affix for affix in known if affix in CURRENCIES and bare.startswith(affix)]
    return next(iter([*front, *(affix for affix in known if bare.endswith(affix))]), "")
