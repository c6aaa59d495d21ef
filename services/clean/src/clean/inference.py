"""Inferring the type of an undeclared column from all of its rows."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean import texts
from clean.arrays import distinct_texts
from clean.columns import read_trimmed
from clean.field_types import EXPECTED, FieldType
from clean.fields import Field
from clean.typed_cells import read_native

NARROW: tuple[FieldType, ...] = ("boolean", "integer", "number", "date", "datetime")
"""Types other than string; the first that fits all values wins."""

TOLERATED_SHARE = 0.01
"""With no more values than this of another type, the type may well be meant: worth a warning."""

_WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
_LEADING_ZERO = r"^[+-]?0[0-9]"
"""A code such as 01234, which a number would shorten."""

type Place = tuple[int, str]
"""Row number and text of a value."""


class Inference(Protocol):
    """Looks at a column batch by batch, then decides its type."""

    def add(self, cells: pa.Array, *, first_row: int) -> None: ...

    def decide(self) -> FieldType: ...

    def warning(self) -> str | None: ...


@dataclass
class IntegerInference:
    """A typed column of integers, which stays one while all are within ±2⁵³."""

    rules: Field
    first_beyond: Place | None = None

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column."""
        within = read_native(cells, "integer", timezone=self.rules.timezone)
        beyond = pc.and_(pc.is_null(within), pc.is_valid(cells))
        if self.first_beyond is None and pc.any(beyond).as_py():
            position = pc.index(beyond, True).as_py()
            self.first_beyond = first_row + position, str(cells[position].as_py())

    def decide(self) -> FieldType:
        """Return integer, or string if a double could not hold every value."""
        return "string" if self.first_beyond else "integer"

    def warning(self) -> str | None:
        """Return what a user should know about the decision."""
        return _beyond_limit(self.rules, self.first_beyond) if self.first_beyond else None


@dataclass
class TextInference:
    """What was seen of a column of texts so far."""

    rules: Field
    """The column's missing tokens, words and time zone; its type is what is asked."""
    rows: int
    """Of the whole table: a type that is out of reach is given up early."""
    present: int = 0
    others: dict[FieldType, int] = field(default_factory=lambda: dict.fromkeys(NARROW, 0))
    """By type that is not given up: how many values are not of it."""
    first_others: dict[FieldType, Place] = field(default_factory=dict)
    is_whole: bool = True
    """Whether all values are integers of any size."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column; each distinct text is read once."""
        if not self.others and not self.is_whole:
            return
        distinct, places = distinct_texts(cells)
        counts = _count(places, len(distinct))
        trimmed = texts.trim(distinct)
        is_absent = pc.or_(texts.is_missing(trimmed, self.rules.missing), pa.array(counts == 0))
        values = texts.present(trimmed, is_absent)
        self.present += int(counts[~_mask(is_absent)].sum())
        is_whole: pa.Array | None = None
        if self.is_whole or "integer" in self.others:
            is_whole = pc.match_substring_regex(values, pattern=_WHOLE)
            self.is_whole &= pc.all(is_whole).as_py() is not False
        for kind in tuple(self.others):
            is_other = _is_other(values, replace(self.rules, type=kind), is_whole=is_whole)
            if is_other.any():
                place, text = _first(values, is_other, places)
                self._give_up(kind, int(counts[is_other].sum()), (first_row + place, text))

    def decide(self) -> FieldType:
        """Return the narrowest type that every value has; without any value a string."""
        if not self.present or self._is_beyond_limit():
            return "string"
        return next((kind for kind in NARROW if self.others.get(kind) == 0), "string")

    def warning(self) -> str | None:
        """Return what a user should know about the decision."""
        if self._is_beyond_limit():
            return _beyond_limit(self.rules, self.first_others["integer"])
        if self.decide() != "string" or not self.present or not self.others:
            return None
        kind = min(self.others, key=lambda kind: self.others[kind])
        if self.others[kind] > TOLERATED_SHARE * self.present:
            return None
        return (
            f"column {self.rules.name} becomes a string: {self.others[kind]:,} of"
            f" {self.present:,} values are not {EXPECTED[kind]}, the first"
            f" {_show(self.first_others[kind], self.rules)}; [clean.columns.{self.rules.name}]"
            f' type = "{kind}" makes it one and rejects the rows that do not fit'
        )

    def _give_up(self, kind: FieldType, others: int, first: Place) -> None:
        self.first_others.setdefault(kind, first)
        self.others[kind] += others
        if self.others[kind] > TOLERATED_SHARE * self.rows:
            del self.others[kind]

    def _is_beyond_limit(self) -> bool:
        return self.is_whole and "integer" in self.first_others


def _count(places: pa.Array | None, distinct: int) -> npt.NDArray[np.intp]:
    """Return how many cells have each text."""
    if places is None:
        return np.ones(distinct, np.intp)
    return np.bincount(places.to_numpy(), minlength=distinct)


def _first(values: pa.Array, mask: npt.NDArray[np.bool_], places: pa.Array | None) -> Place:
    """Return the place among the cells of the first value of a mask, and its text."""
    if places is None:
        place = int(mask.argmax())
        return place, values[place].as_py()
    place = int(mask[places.to_numpy()].argmax())
    return place, values[places[place].as_py()].as_py()


def _is_other(
    values: pa.Array, rules: Field, *, is_whole: pa.Array | None
) -> npt.NDArray[np.bool_]:
    """Return which values are not of the type in `rules`."""
    fits = _mask(pc.is_valid(read_trimmed(values, rules)))
    if rules.type == "integer":
        fits &= _mask(is_whole)
    if rules.type == "number":
        fits &= ~_starts_with_zero(values)
    return _mask(pc.is_valid(values)) & ~fits


def _starts_with_zero(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which values are codes such as 01234; few come near, so few are looked at closely."""
    starts = (_mask(pc.starts_with(values, start)) for start in ("0", "+0", "-0"))
    found: npt.NDArray[np.bool_] = np.logical_or.reduce(tuple(starts))
    near = values.filter(pa.array(found))
    found[found] = _mask(pc.match_substring_regex(near, pattern=_LEADING_ZERO))
    return found


def _mask(booleans: pa.Array) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = pc.fill_null(booleans, fill_value=False).to_numpy(
        zero_copy_only=False
    )
    return mask


def _beyond_limit(rules: Field, first: Place) -> str:
    return (
        f"column {rules.name} becomes a string: not every integer is within ±2^53, the first"
        f' {_show(first, rules)}; [clean.columns.{rules.name}] type = "number" reads it rounded'
    )


def _show(place: Place, rules: Field) -> str:
    row, text = place
    return f"in row {row:,}" + ("" if rules.is_private else f": '{text[:40]}'")
