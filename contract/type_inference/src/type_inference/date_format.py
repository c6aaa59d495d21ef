"""Date formats: texts in a strptime-like `format` become texts in ISO 8601."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from type_inference.field_types import FieldType
from type_inference.text_cells import WHITE_SPACE

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _name_pattern(names: list[str]) -> str:
    """Return a case-insensitive pattern; RE2's own flag also matches a long s (ſ)."""
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in name) for name in names)


_DIGITS = {"d": "day", "m": "month", "H": "hour", "I": "hour12", "M": "minute", "S": "second"}
"""Directives that match one or two digits."""

_PARTS = {directive: (part, "[0-9]{1,2}") for directive, part in _DIGITS.items()} | {
    "Y": ("year", "[0-9]{4}"),
    "y": ("short_year", "[0-9]{2}"),
    "b": ("name", _name_pattern([month[:3] for month in MONTHS])),
    "B": ("name", _name_pattern([*MONTHS])),
    "p": ("half", _name_pattern(["AM", "PM"])),
    "f": ("fraction", "[0-9]{1,9}"),
    "z": ("zone", "Z|[+-][0-9]{2}(?::?[0-9]{2})?"),
}
"""Name and pattern of the part that each directive matches."""

_NUMERIC_DIRECTIVES = frozenset("dmHIMSYyf")
_TIME_DIRECTIVES = frozenset({"%H", "%M", "%S", "%f"})

_DAY_PARTS = ({"day"}, {"month", "name"}, {"year", "short_year"})
"""The parts of a day, each with its alternatives; a format needs one of each."""

_REQUIRED_PARTS = {
    "minute": {"hour", "hour12"},
    "second": {"minute"},
    "fraction": {"second"},
    "zone": {"hour", "hour12"},
    "hour12": {"half"},
    "half": {"hour12"},
}
"""Parts that a part needs: at least one of them must be in the format."""

_SAMPLES = {
    "d": "06", "m": "05", "H": "07", "I": "07", "M": "08", "S": "09", "Y": "2004", "y": "04",
    "b": "May", "B": "May", "p": "PM", "f": "1234", "z": "+01:00", "%": "%",
}  # fmt: skip
"""The parts of a datetime that all differ, so that a test notices swapped parts."""


@dataclass(frozen=True)
class DateFormat:
    """A parsed date format."""

    text: str
    pattern: str
    """RE2 pattern with a named group for each part."""
    parts: frozenset[str]
    sample: str
    """A text in this format."""

    @property
    def has_time(self) -> bool:
        return bool(self.parts & {"hour", "hour12"})

    @property
    def kind(self) -> FieldType:
        return "datetime" if self.has_time else "date"

    def read(self, trimmed: pa.Array) -> pa.Array:
        """Return trimmed texts in ISO 8601; null for a text that is not in this format."""
        matches = pc.extract_regex(trimmed, pattern=self.pattern)
        parts = {name: pc.struct_field(matches, name) for name in self.parts}
        day = pc.binary_join_element_wise(
            _year(parts), _month(parts), _two_digits(parts["day"]), "-"
        )
        if not self.has_time:
            return day
        minute, second = (
            _two_digits(parts.get(name, pa.scalar("00"))) for name in ("minute", "second")
        )
        clock = pc.binary_join_element_wise(_hour(parts), minute, second, ":")
        fraction, zone = parts.get("fraction", pa.scalar("0")), parts.get("zone", pa.scalar(""))
        end = pc.binary_join_element_wise(clock, ".", fraction, zone, "")
        return pc.binary_join_element_wise(day, end, "T")


def parse_date_format(text: str) -> DateFormat:
    """Parse a format such as `%d.%m.%Y`.

    Raises:
        ValueError: The format is invalid; the message gives the reason.
    """
    pieces = re.findall(r"%.?|[^%]", text, flags=re.DOTALL)
    directives = [piece[1:] for piece in pieces if piece[0] == "%" and piece != "%%"]
    unknown = [name for name in directives if name not in _PARTS]
    if unknown:
        known = " ".join(f"%{name}" for name in _PARTS)
        raise ValueError(f"%{unknown[0]} is not a directive; expected {known} or %%")
    _check_parts([_PARTS[name][0] for name in directives])
    pattern = sample = ""
    for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        pattern += _pattern(piece, {before, after})
        sample += _SAMPLES[piece[1]] if piece[0] == "%" else piece
    parts = frozenset(_PARTS[name][0] for name in directives)
    return DateFormat(text, f"^{pattern}$", parts, sample)


def _check_parts(parts: list[str]) -> None:
    kinds = [next((kind for kind in _DAY_PARTS if part in kind), {part}) for part in parts]
    if twice := [part for number, part in enumerate(parts) if kinds[number] in kinds[:number]]:
        raise ValueError(f"the {_part_name(twice[0])} appears twice")
    for kind in _DAY_PARTS:
        if kind not in kinds:
            raise ValueError(f"expected a {_part_name(min(kind))}; give day, month and year")
    if {"hour", "hour12"} <= {*parts}:
        raise ValueError("%H and %I cannot be combined; use one of them")
    for part in parts:
        if (needed := _REQUIRED_PARTS.get(part, set())) and not needed & {*parts}:
            raise ValueError(f"the {_part_name(part)} needs the {_part_name(min(needed))}; add it")


def _part_name(part: str) -> str:
    words = {"name": "month", "short_year": "year", "hour12": "hour %I", "half": "%p"}
    return words.get(part, part)


def _pattern(piece: str, neighbours: set[str]) -> str:
    if piece == " ":
        return f"[{WHITE_SPACE}]+"
    if piece == "%%":
        return "%"
    if piece[0] != "%":
        if piece == "Z" and neighbours & _TIME_DIRECTIVES:
            raise ValueError("a Z after the time means UTC; use %z")
        if piece in WHITE_SPACE or piece.isdigit():
            raise ValueError(f"{piece!r} cannot be a literal; use a plain space, and no digits")
        return re.escape(piece)
    name, pattern = _PARTS[piece[1]]
    is_adjacent = any(
        other[0] == "%" and other[1:] in _NUMERIC_DIRECTIVES for other in neighbours if other
    )
    if piece[1] in _DIGITS and is_adjacent:
        pattern = "[0-9]{2}"
    return f"(?P<{name}>{pattern})"


def _two_digits(digits: pa.Array) -> pa.Array:
    return pc.utf8_lpad(digits, width=2, padding="0")


def _year(parts: Mapping[str, pa.Array]) -> pa.Array:
    if "year" in parts:
        return parts["year"]
    short = parts["short_year"]
    century = pc.if_else(pc.less_equal(short, "68"), "20", "19")
    return pc.binary_join_element_wise(century, short, "")


def _month(parts: Mapping[str, pa.Array]) -> pa.Array:
    if "month" in parts:
        return _two_digits(parts["month"])
    start = pc.utf8_slice_codeunits(pc.ascii_lower(parts["name"]), 0, 3)
    names = pa.array([month[:3].lower() for month in MONTHS])
    return _two_digits(pc.cast(pc.add(pc.index_in(start, value_set=names), 1), pa.string()))


def _hour(parts: Mapping[str, pa.Array]) -> pa.Array:
    if "hour" in parts:
        return _two_digits(parts["hour"])
    hour = pc.cast(parts["hour12"], pa.int64())
    is_hour = pc.and_(pc.greater_equal(hour, 1), pc.less_equal(hour, 12))
    is_afternoon = pc.equal(pc.ascii_upper(parts["half"]), "PM")
    start = pc.if_else(pc.equal(hour, 12), 0, hour)
    full = pc.add(start, pc.if_else(is_afternoon, 12, 0))
    return _two_digits(pc.cast(pc.if_else(is_hour, full, None), pa.string()))
