"""Inferring the type of an undeclared column from all of its rows."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean import texts
from clean.arrays import count_places, distinct_texts, first_place
from clean.columns import read_trimmed
from clean.field_types import EXPECTED, FieldType
from clean.fields import Field
from clean.guesses import MISSING_MARKS, Batch, Found, Guess
from clean.typed_cells import read_native

NARROW: tuple[FieldType, ...] = ("boolean", "integer", "number", "date", "datetime")
"""Types other than string; the first that fits all values wins."""

TOLERATED_SHARE = 0.01
"""With no more values than this of another type, the type may well be meant: worth a warning."""

_MARKS = pa.array(MISSING_MARKS)

_WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
_LEADING_ZERO = r"^[+-]?0[0-9]"
"""A code such as 01234, which a number would shorten."""

type Place = tuple[int, str]
"""Row number and text of a value."""


class Inference(Protocol):
    """Looks at a column batch by batch, then decides its type."""

    def add(self, cells: pa.Array, *, first_row: int) -> None: ...

    def decide(self) -> Found: ...

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

    def decide(self) -> Found:
        """Return integer, or string if a double could not hold every value."""
        return Found("string" if self.first_beyond else "integer")

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
    may_find_marks: bool = True
    """Whether `?` and the like may mean missing; not where the settings say what does."""
    present: int = 0
    others: dict[FieldType, int] = field(default_factory=lambda: dict.fromkeys(NARROW, 0))
    """By type that is not given up: how many values are not of it."""
    first_others: dict[FieldType, Place] = field(default_factory=dict)
    is_whole: bool = True
    """Whether all values are integers of any size."""
    marks: Counter[str] = field(default_factory=Counter)
    """Rows by text that may mean missing, which no type has to fit."""
    guesses: tuple[Guess, ...] = ()
    """Asked where no type fits the texts as they stand."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column; each distinct text is read once."""
        distinct, places = distinct_texts(cells)
        trimmed = texts.trim(distinct)
        rows = count_places(places, len(distinct))
        # A dictionary may hold texts that no cell has.
        missing = pc.or_(texts.is_missing(trimmed, self.rules.missing), pa.array(rows == 0))
        if self.may_find_marks:
            is_mark = pc.and_not(pc.is_in(trimmed, value_set=_MARKS), missing)
            found = zip(trimmed.filter(is_mark).to_pylist(), rows[_mask(is_mark)], strict=True)
            for mark, count in found:
                self.marks[mark] += int(count)
            missing = pc.or_(missing, is_mark)
        values = texts.present(trimmed, missing)
        counts = rows * ~_mask(missing)
        self.present += int(counts.sum())
        is_whole: pa.Array | None = None
        if self.is_whole or "integer" in self.others:
            is_whole = pc.match_substring_regex(values, pattern=_WHOLE)
            self.is_whole &= pc.all(is_whole).as_py() is not False
        fitting: set[FieldType] = set()
        for kind in tuple(self.others):
            # Integers are numbers, too.
            if kind == "number" and "integer" in fitting:
                fitting.add("number")
                continue
            is_other = _is_other(values, replace(self.rules, type=kind), is_whole=is_whole)
            if is_other.any():
                place = first_place(is_other, places)
                text = values[place if places is None else places[place].as_py()].as_py()
                self._count(kind, int(counts[is_other].sum()), (first_row + place, text))
            else:
                fitting.add(kind)
        batch = Batch(values, is_integer="integer" in fitting, is_number="number" in fitting)
        for guess in self.guesses:
            guess.add(batch)

    def decide(self) -> Found:
        """Return the narrowest type that every value has, else a string.

        Texts that may mean missing do so where there is such a type.
        """
        found = self._find() if self.present and not self._is_beyond_limit() else None
        if found is None:
            return Found("string")
        if not self.marks:
            return found
        missing = [*self.rules.missing, *sorted(self.marks)]
        return Found(found.kind, {**found.keys, "missingValues": missing})

    def warning(self) -> str | None:
        """Return what a user should know about the decision."""
        if self._is_beyond_limit():
            return _beyond_limit(self.rules, self.first_others["integer"])
        if not self.present or self.decide().kind != "string":
            return None
        where = f"[clean.columns.{self.rules.name}]"
        for doubt in filter(None, (guess.doubt() for guess in self.guesses)):
            return f"column {self.rules.name} becomes a string: {doubt.format(where=where)}"
        if not self.others:
            return None
        kind = min(self.others, key=lambda kind: self.others[kind])
        if self.others[kind] > TOLERATED_SHARE * self.present:
            return None
        return (
            f"column {self.rules.name} becomes a string: {self.others[kind]:,} of"
            f" {self.present:,} values are not {EXPECTED[kind]}, the first"
            f" {_show(self.first_others[kind], self.rules)}; {where}"
            f' type = "{kind}" makes it one and rejects the rows that do not fit'
        )

    def _find(self) -> Found | None:
        for kind in NARROW:
            if self.others.get(kind) == 0:
                return Found(kind)
        return next(filter(None, (guess.found() for guess in self.guesses)), None)

    def _count(self, kind: FieldType, others: int, first: Place) -> None:
        self.first_others.setdefault(kind, first)
        self.others[kind] += others
        if self.others[kind] > TOLERATED_SHARE * self.rows:
            del self.others[kind]

    def _is_beyond_limit(self) -> bool:
        return self.is_whole and "integer" in self.first_others


@dataclass
class MeantTexts:
    """A column of texts of a typed source: they stay texts, as its writer had other types.

    So nothing waits for what they look like, and the rows need not be read twice for it.
    """

    looked: TextInference

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column, while all may be of another type."""
        if 0 in self.looked.others.values():
            self.looked.add(cells, first_row=first_row)

    def hint(self) -> str | None:
        """Return, after the last cells, how the column becomes what all of its values look like."""
        kind, name = self.looked.decide().kind, self.looked.rules.name
        if kind == "string":
            return None
        return (
            f"column {name} stays a string, as in the source, though each value is"
            f' {EXPECTED[kind]}; [clean.columns.{name}] type = "{kind}" makes it one'
        )


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
