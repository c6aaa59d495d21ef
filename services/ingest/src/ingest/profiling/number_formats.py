"""Detecting number formats: decimal commas, digit groups, currencies and percentages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.cell_types import CellType, fits, keep, numbers
from ingest.profiling.decimal_separators import NAMES, DecimalSeparators
from ingest.profiling.numeric_codes import ExponentCodeDetector, VersionDetector
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
"""Units that clean knows; they follow a number."""

_STYLES = (*((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'")),)
"""Decimal and group characters; the first that fits all values wins."""

_GROUPS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u2009\u202f]"}
_SIGN = "[+\\-\u2212]"
_SPACE = f"[{WHITE_SPACE}]*"
_EXPONENT = "[0-9][eE][+-]?[0-9]"
_CODE_CHARACTERS = 7
"""Grouped integers of one length may be codes from this many characters on."""


@dataclass(frozen=True)
class NumberFormat:
    """A number format."""

    decimal: str
    group: str
    affix: str = ""
    is_percent: bool = False
    is_whole: bool = False
    shows_point: bool = False
    """Whether the texts show a decimal point, which clean's settings omit otherwise."""

    @property
    def is_plain(self) -> bool:
        """Whether this is the format of JSON numbers."""
        return self.decimal == "." and not (self.group or self.affix or self.is_percent)

    @property
    def kind(self) -> CellType:
        return "integer" if self.is_whole and not self.is_percent else "number"

    @property
    def keys(self) -> Mapping[str, object]:
        """The equivalent settings of clean."""
        keys: dict[str, object] = {"affixes": [self.affix]} if self.affix else {}
        keys |= {"group_char": self.group} if self.group else {}
        keys |= {"percent": True} if self.is_percent else {}
        is_stated = self.decimal != "." or self.shows_point or not keys
        return keys | ({"decimal_char": self.decimal} if is_stated else {})

    def plain(self, texts: pa.Array) -> pa.Array:
        """Return texts as JSON numbers; null for texts in another format."""
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
    value_format: NumberFormat
    is_whole: bool = True
    has_groups: bool = False
    """Whether a value has a group character that may also be a decimal separator."""
    lengths: set[int] = field(default_factory=set)
    lowest: float = float("inf")
    highest: float = float("-inf")

    def fits(self, values: pa.Array) -> bool:
        """Return whether all values have this format, and record what they contain."""
        if (
            self.value_format.affix
            and not pc.all(pc.match_substring(values, self.value_format.affix)).as_py()
        ):
            return False
        plain = self.value_format.plain(values)
        read = numbers(plain)
        if read.null_count or not _are_exact(plain):
            return False
        if self.value_format.group in NAMES:
            grouped = values.filter(pc.match_substring(values, self.value_format.group))
            # Nobody writes digit groups with an exponent.
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
        is_grouped = (
            self.value_format.group in {".", " "} and self.is_whole and not self.value_format.affix
        )
        return is_grouped and len(self.lengths) == 1 and min(self.lengths) > _CODE_CHARACTERS


def _are_exact(plain: pa.Array) -> bool:
    """Return whether all integers are within ±2⁵³."""
    whole = plain.filter(pc.ends_with(plain, "."))
    digits = pc.replace_substring(whole, pattern=".", replacement="")
    return pc.all(fits(digits, "integer")).as_py() is not False


@dataclass
class NumberFormatDetector:
    """Detects the formats that fit all values of a column."""

    candidates: list[_Candidate] | None = None
    """Formats that fit so far; None before the first value."""
    versions: VersionDetector = field(default_factory=VersionDetector)
    exponent_codes: ExponentCodeDetector = field(default_factory=ExponentCodeDetector)

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        self.versions.add(values)
        self.exponent_codes.add(values)
        if self.candidates is None:
            self.candidates = [
                _Candidate(value_format) for value_format in _candidate_formats(values[0].as_py())
            ]
        self.candidates = [it for it in self.candidates if it.fits(values)]

    def decimal(self) -> str | None:
        """Return the decimal separator that the column's own values show, if any."""
        decimals = {it.value_format.decimal for it in self.candidates or []}
        if len(decimals) != 1 or self.versions.are_likely:
            return None
        return None if self._first(None).looks_like_codes else decimals.pop()

    def found(
        self, table: DecimalSeparators, *, is_plain: bool
    ) -> tuple[NumberFormat, float, float] | None:
        """Return the format and the range of the numbers, unless another format gives others.

        `is_plain` says whether all values are also JSON numbers.
        """
        if not self.candidates or self.ambiguity(table, is_plain=is_plain):
            return None
        best = self._first(self._decided(table, is_plain=is_plain))
        if best.looks_like_codes:
            return None
        shows_point = self.decimal() == "." and best.value_format.group != ","
        value_format = replace(best.value_format, is_whole=best.is_whole, shows_point=shows_point)
        scale = 0.01 if value_format.is_percent else 1.0
        return value_format, best.lowest * scale, best.highest * scale

    def ambiguity(self, table: DecimalSeparators, *, is_plain: bool) -> str | None:
        """Return the two readings of all values, and the settings that decide."""
        if is_plain and self.versions.are_likely:
            return 'numbers, or versions (1.2 and 1.20)? Set type = "number" or "string"'
        decimals = {it.value_format.decimal for it in self.candidates or []}
        if is_plain and self.exponent_codes.are_likely and len(decimals) != 1:
            return 'numbers, or codes (1E2 and 10E1)? Set type = "number" or "string"'
        char = self._ambiguous_char
        if char is None or self._decided(table, is_plain=is_plain):
            return None
        value_format = self._first(None).value_format
        affixes = f', beside affixes = ["{value_format.affix}"]' if value_format.affix else ""
        percent = ", beside percent = true" if value_format.is_percent else ""
        return (
            f"numbers with a decimal {NAMES[char]}, or in groups ({self._sample(char)} is 1.234 or"
            f" 1234)? Set {_as_decimal(char)} or {_as_group(char)}{affixes}{percent}"
        )

    def note(self, table: DecimalSeparators, *, is_plain: bool) -> str | None:
        """Return what decided between two readings, and the other settings."""
        char, decimal = self._ambiguous_char, self._decided(table, is_plain=is_plain)
        if self.candidates and self._first(decimal).looks_like_codes:
            settings = _as_group(self._first(decimal).value_format.group)
            return f'numbers in groups, or codes as of telephones? {settings} or type = "string"'
        if not char or not decimal or self.ambiguity(table, is_plain=is_plain):
            return None
        evidence = table.evidence(is_bare=self._is_bare)
        why = f'"{evidence[0][1]}" has' if evidence else "no column has"
        read, other = ("1.234", _as_group(char)) if char == decimal else ("1234", _as_decimal(char))
        shown = NAMES[decimal] if evidence else NAMES[","]
        return f"{self._sample(char)} is read as {read}, as {why} a decimal {shown}; or {other}"

    @property
    def is_ambiguous(self) -> bool:
        """Whether the column may have decimal separators or digit groups."""
        return self._ambiguous_char is not None

    @property
    def _ambiguous_char(self) -> str | None:
        """The character that every value allows as decimal and as group character."""
        decimals = {it.value_format.decimal for it in self.candidates or []}
        groups = [it.value_format.group for it in self.candidates or [] if it.has_groups]
        return next((char for char in groups if char in decimals), None)

    @property
    def _is_bare(self) -> bool:
        value_format = self._first(None).value_format
        return not value_format.affix and not value_format.is_percent

    def _decided(self, table: DecimalSeparators, *, is_plain: bool) -> str | None:
        """Return the decimal separator that the table shows, if the column is ambiguous."""
        char = self._ambiguous_char
        evidence = table.evidence(is_bare=self._is_bare) if char else []
        if char and not evidence and is_plain:
            return "."
        return evidence[0][0] if len(evidence) == 1 else None

    def _first(self, decimal: str | None) -> _Candidate:
        fitting = (it for it in self.candidates or [] if decimal in {None, it.value_format.decimal})
        return next(fitting)

    def _sample(self, char: str) -> str:
        value_format = self._first(None).value_format
        affix = f" {value_format.affix}" if value_format.affix else ""
        return f"1{char}234{' %' if value_format.is_percent else ''}{affix}"


def _as_decimal(char: str) -> str:
    return f'decimal_char = "{char}"'


def _as_group(char: str) -> str:
    return 'group_char = ".", decimal_char = ","' if char == "." else f'group_char = "{char}"'


def _candidate_formats(text: str) -> Iterator[NumberFormat]:
    is_percent = text.endswith("%")
    affix = "" if is_percent else _affix(text)
    for decimal, group in _STYLES:
        yield NumberFormat(decimal, group, affix, is_percent=is_percent)


def _affix(text: str) -> str:
    """Return the currency or unit of a number; longer ones are tried first."""
    known = sorted({*CURRENCIES, *UNITS}, key=len, reverse=True)
    bare = text.lstrip("+-\u2212")
    front = [affix for affix in known if affix in CURRENCIES and bare.startswith(affix)]
    return next(iter([*front, *(affix for affix in known if bare.endswith(affix))]), "")
