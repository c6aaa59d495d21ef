"""The number formats that a column may have, and whether its values fit one of them."""

import math
import re
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from type_inference import text_cells
from type_inference.date_format import MONTHS
from type_inference.decimal_separators import SEPARATOR_NAMES
from type_inference.number_format import NumberFormat
from type_inference.text_cells import WHITE_SPACE

CURRENCIES = (
    *("$", "US$", "€", "£", "¥", "₹", "R$", "kr", "zł", "Kč", "₽", "₺"),
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "BRL"),
)
"""Currencies before or after a number; others must be declared."""

UNITS = (
    *("mm", "cm", "m", "km", "in", "ft", "mi", "m²", "km²", "m³", "ml", "mL", "l", "L"),
    *("mg", "g", "kg", "t", "oz", "lb", "lbs", "ms", "s", "min", "h", "°C", "°F"),
    *("km/h", "mph", "W", "kW", "kWh", "kB", "MB", "GB"),
)
"""Units after a number; letters before a number make a code."""

_KNOWN_WORDS = {
    *CURRENCIES,
    *UNITS,
    *MONTHS,
    *(month[:3] for month in MONTHS),
    "AM",
    "PM",
    "E",
    "T",
    "Z",
}
_KNOWN_PATTERN = "|".join(map(re.escape, sorted(_KNOWN_WORDS, key=len, reverse=True)))
_NUMERIC = f"(?i)^(?:[0-9{WHITE_SPACE}.,:/'\u2019_%+\u2212-]|{_KNOWN_PATTERN})*$"

_SEPARATORS: tuple[tuple[str, str | None], ...] = (
    *((".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'")),
)
"""Decimal and group characters; the first pair that fits all values wins."""

_MAX_NUMBER_LENGTH = 7
"""Grouped integers that all have one length above this may be codes, such as telephone numbers."""

_EXPONENT = r"[0-9][eE][+-]?[0-9]"


@dataclass
class Candidate:
    """A number format, and what the values that fit it contain."""

    number_format: NumberFormat
    is_whole: bool = True
    lengths: set[int] = field(default_factory=set)
    has_groups: bool = False
    """Whether a value has a group character that may also be a decimal separator."""
    lowest: float = math.inf
    highest: float = -math.inf
    """Range of the values that `fits` has checked."""

    def fits(self, values: pa.Array) -> bool:
        """Return whether all values have this format, and record what they contain."""
        if not all(_all_contain(values, affix) for affix in self.number_format.affixes):
            return False
        plain = self.number_format.to_json_numbers(values)
        numbers = text_cells.read_number(plain)
        if numbers.null_count or pc.any(text_cells.have_leading_zero(plain)).as_py():
            return False
        whole = pc.ends_with(plain, pattern=".")
        if text_cells.read_integer(plain.filter(whole)).null_count:
            return False
        if self.number_format.group in SEPARATOR_NAMES:
            grouped = values.filter(pc.match_substring(values, pattern=self.number_format.group))
            # A number with digit groups never has an exponent.
            if _any_match(grouped, _EXPONENT):
                return False
            self.has_groups = self.has_groups or len(grouped) > 0
        self.is_whole = self.is_whole and bool(pc.all(whole).as_py())
        self.lengths |= {*pc.utf8_length(plain).unique().to_pylist()}
        limits = pc.min_max(numbers).as_py()
        self.lowest = min(self.lowest, limits["min"])
        self.highest = max(self.highest, limits["max"])
        return True

    def looks_like_codes(self) -> bool:
        """Return whether the values may be codes, such as telephone numbers."""
        return (
            self.number_format.group in {".", " "}
            and not self.number_format.affixes
            and self.is_whole
            and len(self.lengths) == 1
            and min(self.lengths) > _MAX_NUMBER_LENGTH
        )


def are_non_numeric(texts: pa.Array) -> pa.Array:
    """Return which texts are neither numbers nor dates in any format, such as ERR or `ca. 5`."""
    has_digit = pc.match_substring_regex(texts, pattern="[0-9]")
    is_known = pc.match_substring_regex(texts, pattern=_NUMERIC)
    return pc.invert(pc.and_(has_digit, is_known))


def candidate_formats(text: str) -> list[NumberFormat]:
    """Return the formats that a column starting with this text may have."""
    if text.endswith("%"):
        return [NumberFormat((), group, decimal, is_percent=True) for decimal, group in _SEPARATORS]
    affix = _find_affix(text)
    affixes = (affix,) if affix else ()
    return [NumberFormat(affixes, group, decimal) for decimal, group in _SEPARATORS]


def _find_affix(text: str) -> str | None:
    known = sorted({*CURRENCIES, *UNITS}, key=len, reverse=True)
    bare = text.lstrip("+-\u2212")
    leading = [affix for affix in known if affix in CURRENCIES and bare.startswith(affix)]
    return next(iter([*leading, *(affix for affix in known if bare.endswith(affix))]), None)


def _all_contain(values: pa.Array, affix: str) -> bool:
    return pc.all(pc.match_substring(values, pattern=affix)).as_py() is not False


def _any_match(values: pa.Array, pattern: str) -> bool:
    return pc.any(pc.match_substring_regex(values, pattern=pattern)).as_py() is True
