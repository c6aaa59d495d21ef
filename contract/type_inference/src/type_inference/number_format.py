"""Number formats: affixes, digit groups, decimal characters and percentages."""

import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from type_inference.masks import keep_where
from type_inference.text_cells import WHITE_SPACE

GROUP_CHARS = {
    ",": ",",
    ".": r"\.",
    "_": "_",
    "'": "['\u2019]",
    " ": "[ \u00a0\u2009\u202f]",
}
"""Pattern of the characters that each `groupChar` matches."""

_SIGN = "[+\\-\u2212]"
_SPACE = f"[{WHITE_SPACE}]*"
_DIGIT_OR_SIGN = re.compile("[0-9+\\-\u2212]")
_PUNCTUATION = f"{WHITE_SPACE}.,'\u2019_"


@dataclass(frozen=True)
class NumberFormat:
    """The format of the numbers of a column."""

    affixes: tuple[str, ...] = ()
    group: str | None = None
    decimal: str = "."
    is_percent: bool = False

    def __post_init__(self) -> None:
        for affix in self.affixes:
            if affix != affix.strip(WHITE_SPACE) or not affix.strip(_PUNCTUATION):
                raise ValueError(f"affix {affix!r}: expected a trimmed text such as '$' or 'kg'")
            if _DIGIT_OR_SIGN.search(affix):
                raise ValueError(f"affix {affix!r}: expected a text without digits and signs")
        if len({*self.affixes}) < len(self.affixes):
            raise ValueError("an affix appears twice; keep one")
        if self.is_percent and "%" in self.affixes:
            raise ValueError("'%' cannot be an affix of a percentage; keep only percent = true")
        if self.group == self.decimal:
            raise ValueError(
                f"group_char and decimal_char are both {self.decimal!r}; change one of them"
            )

    @property
    def keys(self) -> str:
        """The keys of schema.json that are set."""
        is_set = {
            "affixes": self.affixes,
            "groupChar": self.group,
            "decimalChar": self.decimal != ".",
            "percent": self.is_percent,
        }
        return ", ".join(key for key, value in is_set.items() if value) or "decimalChar"

    def to_json_numbers(self, trimmed: pa.Array) -> pa.Array:
        """Return trimmed texts as JSON numbers; null for a text that is not in this format."""
        digits = self.parse_digits(trimmed)
        return pc.binary_join_element_wise(digits, "e-2", "") if self.is_percent else digits

    def parse_digits(self, trimmed: pa.Array) -> pa.Array:
        """Return trimmed texts as JSON numbers, but 12 (not 0.12) for 12 %."""
        fitting = keep_where(pc.match_substring_regex(trimmed, pattern=self._pattern), trimmed)
        digits = pc.replace_substring_regex(
            fitting, pattern=self._pattern, replacement=self._replacement
        )
        if self.group:
            pattern = GROUP_CHARS[self.group]
            digits = pc.replace_substring_regex(digits, pattern=pattern, replacement="")
        if self.decimal != ".":
            digits = pc.replace_substring(digits, pattern=self.decimal, replacement=".")
        return pc.replace_substring(digits, pattern="\u2212", replacement="-")

    def example(self, *, is_whole: bool) -> str:
        """Return an example of a number in this format."""
        digits = f"1{self.group or ''}234" + ("" if is_whole else f"{self.decimal}5")
        percent = " %" if self.is_percent else ""
        return f"{digits}{percent} {self.affixes[0]}" if self.affixes else digits + percent

    @cached_property
    def _pattern(self) -> str:
        before = "[0-9]*"
        if self.group:
            before = f"[1-9][0-9]{{0,2}}(?:{GROUP_CHARS[self.group]}[0-9]{{3}})+|{before}"
        start, end = f"({_SIGN}?)()", ""
        if self.affixes:
            longest_first = sorted(self.affixes, key=len, reverse=True)
            affix = f"(?:{'|'.join(map(re.escape, longest_first))})"
            start = f"(?:({_SIGN}?)(?:{affix}{_SPACE})?|{affix}{_SPACE}({_SIGN}))"
            end = f"(?:{_SPACE}{affix})?"
        exponent = f"(){_SPACE}%" if self.is_percent else "([eE][+-]?[0-9]+)?"
        decimal = re.escape(self.decimal)
        return f"^{start}({before})(?:{decimal}([0-9]*))?{exponent}{end}$"

    @cached_property
    def _replacement(self) -> str:
        return rf"\1\2\3{self.decimal}\4\5"
