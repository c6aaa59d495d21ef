"""Numbers as people write them: with decimal commas, in groups, with a currency, as percentages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from ingest.guessing.cell_types import CellType, keep, numbers

CURRENCIES = (
    *("US$", "R$", "$", "€", "£", "¥", "₹", "kr", "zł", "Kč", "₽", "₺"),
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "BRL"),
)
"""Those that clean knows unasked; a longer one before its beginning or end."""

_STYLES = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'"))
"""Decimal and group characters; the first that fits all values wins."""
_SPACE = r"[ \x{a0}]?"
_CODE_DIGITS = 7
"""Longer whole numbers in groups may be codes, as of telephones."""


@dataclass(frozen=True)
class NumberForm:
    """One way to write numbers."""

    decimal: str
    group: str
    affix: str = ""
    is_percent: bool = False
    is_whole: bool = False

    @property
    def kind(self) -> CellType:
        return "integer" if self.is_whole and not self.is_percent else "number"

    @property
    def keys(self) -> Mapping[str, object]:
        """The settings of clean that say the same."""
        keys: dict[str, object] = {"affixes": [self.affix]} if self.affix else {}
        keys |= {"group_char": self.group} if self.group else {}
        keys |= {"percent": True} if self.is_percent else {}
        return keys | ({"decimal_char": self.decimal} if self.decimal != "." or not keys else {})

    def plain(self, texts: pa.Array) -> pa.Array:
        """Return texts, string[n], as JSON writes numbers; null where one is not written so."""
        written = keep(texts, pc.match_substring_regex(texts, pattern=self._pattern))
        kept = r"\1\2\3" if self.affix else r"\1\2"
        bare = pc.replace_substring_regex(written, pattern=self._pattern, replacement=kept)
        whole = (
            pc.replace_substring(bare, pattern=self.group, replacement="") if self.group else bare
        )
        return pc.replace_substring(whole, pattern=self.decimal, replacement=".")

    @property
    def _pattern(self) -> str:
        groups = rf"|[1-9][0-9]{{0,2}}(?:{re.escape(self.group)}[0-9]{{3}})+" if self.group else ""
        digits = rf"((?:0|[1-9][0-9]*{groups})(?:{re.escape(self.decimal)}[0-9]+)?)"
        if self.is_percent:
            return rf"^([+-]?){digits}{_SPACE}%$"
        if not self.affix:
            return rf"^([+-]?){digits}$"
        affix = re.escape(self.affix)
        return rf"^([+-]?)(?:{affix}{_SPACE}{digits}|{digits}{_SPACE}{affix})$"


@dataclass
class _Candidate:
    form: NumberForm
    is_whole: bool = True
    longest: int = 0
    lowest: float = float("inf")
    highest: float = float("-inf")

    def fits(self, values: pa.Array) -> bool:
        """Return whether all values are written so, and remember what they are."""
        plain = self.form.plain(values)
        found = pc.min_max(numbers(plain)).as_py()
        if plain.null_count or found["min"] is None:
            return False
        self.is_whole = self.is_whole and not pc.any(pc.match_substring(plain, ".")).as_py()
        self.longest = max(self.longest, pc.max(pc.utf8_length(plain)).as_py())
        self.lowest = min(self.lowest, found["min"])
        self.highest = max(self.highest, found["max"])
        return True

    @property
    def looks_like_codes(self) -> bool:
        return self.form.group in {".", " "} and self.is_whole and self.longest > _CODE_DIGITS


@dataclass
class NumberForms:
    """The ways in which all values of a column that were seen so far are written."""

    candidates: list[_Candidate] | None = None
    """None before the first value."""

    def add(self, values: pa.Array) -> None:
        """Look at distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        if self.candidates is None:
            self.candidates = [_Candidate(form) for form in _forms_of(values[0].as_py())]
        self.candidates = [it for it in self.candidates if it.fits(values)]

    def found(self) -> tuple[NumberForm, float, float] | None:
        """Return the form with the lowest and highest number, unless another one reads others."""
        if not self.candidates or self.is_ambiguous or self.candidates[0].looks_like_codes:
            return None
        best = self.candidates[0]
        form = replace(best.form, is_whole=best.is_whole)
        scale = 0.01 if form.is_percent else 1.0
        return form, best.lowest * scale, best.highest * scale

    @property
    def is_ambiguous(self) -> bool:
        """Whether 1,234 may be a thousand, or a little more than one."""
        styles = [(it.form.decimal, it.form.group) for it in self.candidates or []]
        has_comma = any(decimal == "," for decimal, _ in styles)
        return has_comma and (".", ",") in styles and (".", "") not in styles


def _forms_of(text: str) -> Iterator[NumberForm]:
    affix = next((it for it in CURRENCIES if text.lstrip("+-").startswith(it)), "")
    affix = affix or next((it for it in CURRENCIES if text.endswith(it)), "")
    is_percent = not affix and text.endswith("%")
    for decimal, group in _STYLES:
        yield NumberForm(decimal, group, affix, is_percent=is_percent)
