"""Inferring the type of an undeclared column from all of its rows."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean.cleaning.field_parsing import read_trimmed
from clean.inference.detectors import MISSING_MARKS, Batch, Found, Guess, WordGuess
from clean.inference.missing_tokens import TokenLook
from clean.inference.number_formats import NumberGuess
from clean.parsing import text_cells
from clean.parsing.arrays import count_places, distinct_texts
from clean.parsing.field_types import EXPECTED, FieldType
from clean.parsing.typed_cells import read_native
from clean.schema.field_descriptions import setting_of
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, where_of

NARROW: tuple[FieldType, ...] = ("boolean", "integer", "number", "date", "datetime")
"""Types other than string; the first that fits all values wins."""

TOLERATED_SHARE = 0.05
"""With no more values than this of another type, the type may well be meant: worth a warning."""

_MARKS = pa.array(MISSING_MARKS)

_WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
_LEADING_ZERO = r"^[+-]?0[0-9]"
"""A code such as 01234, which a number would shorten."""

type Place = tuple[int, str]
"""Row number and text of a value."""

_TEXTS_KEPT = 5
"""A column with more different misfits is not proposed to have them as missing tokens."""
_ROWS_SHOWN = 3
_DIGIT = "[0-9]"


class _Found(NamedTuple):
    """Some of the distinct texts of a batch."""

    mask: npt.NDArray[np.bool_]
    values: pa.Array
    cells: pa.Array | None
    """The place of each cell's text among the distinct ones; without, they are the cells."""
    first_row: int

    def places(self) -> list[Place]:
        """Return the first cells that hold one of them."""
        cells = self.mask if self.cells is None else self.mask[self.cells.to_numpy()]
        values = self.values if self.cells is None else self.values.take(self.cells)
        return [
            (self.first_row + row, values[row].as_py())
            for row in np.flatnonzero(cells)[:_ROWS_SHOWN].tolist()
        ]


@dataclass
class Misfits:
    """The values that stand against a type."""

    rows: int = 0
    texts: dict[str, None] = field(default_factory=dict)
    """The first different ones, in their order."""
    places: list[Place] = field(default_factory=list)
    """The first ones."""

    def add(self, found: _Found, rows: npt.NDArray[np.intp]) -> None:
        """Count the texts that were found, of which `rows` has the rows of each."""
        self.rows += int(rows[found.mask].sum())
        if len(self.places) < _ROWS_SHOWN:
            self.places += found.places()[: _ROWS_SHOWN - len(self.places)]
        if self.has_few_texts:
            texts = found.values.filter(pa.array(found.mask)).unique()
            self.texts |= dict.fromkeys(texts[: _TEXTS_KEPT + 1].to_pylist())

    @property
    def has_few_texts(self) -> bool:
        return len(self.texts) <= _TEXTS_KEPT


class Inference(Protocol):
    """Looks at a column batch by batch, then decides its type."""

    def add(self, cells: pa.Array, *, first_row: int) -> None: ...

    def decide(self) -> Found: ...

    def doubt(self) -> str | None:
        """Return in which two ways the column can be read, and the settings that decide."""

    def warning(self) -> str | None: ...

    def notes(self) -> list[str]:
        """Return what may be read in another way than the decision has it."""

    @property
    def is_open(self) -> bool:
        """Whether further cells may change the decision."""


@dataclass
class StringInference:
    """A column that stays a string: only whether a missing token is a value is open."""

    look: TokenLook

    def add(self, cells: pa.Array, *, first_row: int) -> None:  # noqa: ARG002  # as the others
        """Look at the next cells of the column; each distinct text is read once."""
        distinct, places = distinct_texts(cells)
        trimmed = text_cells.trim(distinct)
        rows = count_places(places, len(distinct))
        missing = pc.or_(
            text_cells.is_missing(trimmed, self.look.rules.missing), pa.array(rows == 0)
        )
        self.look.add(text_cells.present(trimmed, missing), trimmed, rows)

    def decide(self) -> Found:
        """Return a string, with its own missing tokens where the table's are values."""
        return Found("string", self.look.keys())

    def doubt(self) -> str | None:
        return None

    def warning(self) -> str | None:
        return None

    def notes(self) -> list[str]:
        """Return which missing tokens stay values."""
        return self.look.warnings()

    @property
    def is_open(self) -> bool:
        return self.look.is_open


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

    def doubt(self) -> str | None:
        return None

    def warning(self) -> str | None:
        """Return what a user should know about the decision."""
        return _beyond_limit(self.rules, self.first_beyond) if self.first_beyond else None

    def notes(self) -> list[str]:
        return []

    @property
    def is_open(self) -> bool:
        return self.first_beyond is None


@dataclass
class TextInference:
    """What was seen of a column of texts so far."""

    rules: Field
    """The column's missing tokens, words and time zone; its type is what is asked."""
    rows: int
    """Of the whole table: a type that is out of reach is given up early."""
    look: TokenLook
    """At missing tokens that may be values, should the column become a string."""
    may_find_marks: bool = True
    """Whether `?` and the like may mean missing; not where the settings say what does."""
    present: int = 0
    others: dict[FieldType, Misfits] = field(
        default_factory=lambda: {kind: Misfits() for kind in NARROW}
    )
    """By type that is not given up: the values that are not of it."""
    first_beyond: Place | None = None
    """The first integer that a double cannot hold, while all are integers."""
    is_whole: bool = True
    """Whether all values are integers of any size."""
    marks: Counter[str] = field(default_factory=Counter)
    """Rows by text that may mean missing, which no type has to fit."""
    numbers: NumberGuess | None = None
    """Asked where numbers may be other ones than the texts as they stand."""
    guesses: tuple[Guess, ...] = ()
    """Asked where no type fits the texts as they stand."""
    words: Misfits = field(default_factory=Misfits)
    """Values without a digit, such as ERR, which no number and no date has."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column; each distinct text is read once."""
        distinct, places = distinct_texts(cells)
        trimmed = text_cells.trim(distinct)
        rows = count_places(places, len(distinct))
        # A dictionary may hold texts that no cell has.
        missing = pc.or_(text_cells.is_missing(trimmed, self.rules.missing), pa.array(rows == 0))
        if self.may_find_marks:
            is_mark = pc.and_not(pc.is_in(trimmed, value_set=_MARKS), missing)
            found = zip(trimmed.filter(is_mark).to_pylist(), rows[_mask(is_mark)], strict=True)
            for mark, count in found:
                self.marks[mark] += int(count)
            missing = pc.or_(missing, is_mark)
        values = text_cells.present(trimmed, missing)
        counts = rows * ~_mask(missing)
        self.present += int(counts.sum())
        is_whole: pa.Array | None = None
        if self.is_whole or "integer" in self.others:
            is_whole = pc.match_substring_regex(values, pattern=_WHOLE)
            self.is_whole &= pc.all(is_whole).as_py() is not False
        fitting: set[FieldType] = set()
        no_number = np.ones(len(values), dtype=bool)
        for kind in tuple(self.others):
            # Integers are numbers, too.
            if kind == "number" and "integer" in fitting:
                fitting.add("number")
                continue
            is_other = _is_other(values, replace(self.rules, type=kind), is_whole=is_whole)
            if kind == "number":
                no_number = is_other
            if is_other.any():
                self._count(kind, _Found(is_other, values, places, first_row), counts)
            else:
                fitting.add(kind)
        batch = Batch(
            values, values, is_integer="integer" in fitting, is_number="number" in fitting
        )
        if not fitting and self._guesses():
            no_numbers = _Found(no_number, values, places, first_row)
            batch = self._without_words(batch, counts, no_numbers)
        for guess in self._guesses():
            guess.add(batch)
        self.look.add(values, trimmed, rows)

    def decide(self) -> Found:
        """Return the narrowest type that every value has, else a string.

        Texts that may mean missing do so where there is such a type.
        """
        found = self._find() if self.present and not self._is_beyond_limit() else None
        if found is None:
            return Found("string", self.look.keys())
        if not self.marks:
            return found
        missing = [*self.rules.missing, *sorted(self.marks)]
        return found._replace(keys={**found.keys, "missingValues": missing})

    def warning(self) -> str | None:
        """Return what a user should know about the decision."""
        if self.first_beyond and self._is_beyond_limit():
            return _beyond_limit(self.rules, self.first_beyond)
        if not self.present or self.decide().kind != "string":
            return None
        if doubt := self.doubt():
            return f"column {self.rules.name} becomes a string: {doubt}"
        found, misfits = self._near_miss() or (None, None)
        if not found or not misfits or misfits.rows > TOLERATED_SHARE * self.present:
            return None
        return _propose(self.rules, found, misfits, present=self.present)

    def notes(self) -> list[str]:
        """Return what may be read in another way than the decision has it."""
        if self.decide().kind != "string":
            return []
        name, where = self.rules.name, where_of(self.rules.name)
        words = filter(
            None, (guess.note() for guess in self.guesses if isinstance(guess, WordGuess))
        )
        marks = [
            f"column {name}: '{mark}' in {count:,} rows stays a value, as the others are texts;"
            f" if it means missing: {where} missing = {as_toml([*self.rules.missing, mark])}"
            for mark, count in sorted(self.marks.items())
        ]
        return [
            *(f"column {name} stays a string: {word.replace('{where}', where)}" for word in words),
            *self.look.warnings(),
            *marks,
        ]

    @property
    def is_open(self) -> bool:
        return True

    def _near_miss(self) -> tuple[Found, Misfits] | None:
        """Return what nearly all values are, and those that stand against it."""
        if self.others:
            kind = min(self.others, key=lambda kind: self.others[kind].rows)
            return self._as_read(kind) or Found(kind), self.others[kind]
        found = next(filter(None, (guess.found() for guess in self._guesses())), None)
        return (found, self.words) if found and self.words.rows else None

    def doubt(self) -> str | None:
        """Return in which two ways the column can be read, and the settings that decide."""
        if not self.present or self.decide().kind != "string":
            return None
        if self.words.rows > TOLERATED_SHARE * self.present:
            return None
        doubt = next(filter(None, (guess.doubt() for guess in self._guesses())), None)
        if doubt is None:
            return None
        told = doubt.replace("{where}", where_of(self.rules.name))
        if not self.words.rows:
            return told
        first = ", ".join(_show(place, self.rules) for place in self.words.places)
        return (
            f"{told}; {self.words.rows:,} of {self.present:,} values stand against both,"
            f" the first {first}"
        )

    def decimal(self) -> str | None:
        """Return the decimal character of the column's numbers, if they leave no choice."""
        is_told = self.present and not self.words.rows and self.numbers
        return self.numbers.decimal() if self.numbers and is_told else None

    def _guesses(self) -> tuple[Guess, ...]:
        return (self.numbers, *self.guesses) if self.numbers else self.guesses

    def _find(self) -> Found | None:
        kinds = (kind for kind in NARROW if kind in self.others and not self.others[kind].rows)
        plain = next(kinds, None)
        if plain:
            return self._as_read(plain)
        if self.words.rows:
            # A pair of words has no digits, either.
            guesses = [guess for guess in self.guesses if isinstance(guess, WordGuess)]
            return next(filter(None, (guess.found() for guess in guesses)), None)
        return next(filter(None, (guess.found() for guess in self._guesses())), None)

    def _as_read(self, kind: FieldType) -> Found | None:
        """Return a type that the texts are of as they stand, unless its numbers are in doubt."""
        if kind != "number" or not self.numbers:
            return Found(kind)
        return None if self.numbers.doubt() else self.numbers.found() or Found(kind)

    def _count(self, kind: FieldType, found: _Found, rows: npt.NDArray[np.intp]) -> None:
        misfits = self.others[kind]
        misfits.add(found, rows)
        if kind == "integer" and self.first_beyond is None:
            self.first_beyond = misfits.places[0]
        if misfits.rows > TOLERATED_SHARE * self.rows:
            del self.others[kind]

    def _without_words(self, batch: Batch, rows: npt.NDArray[np.intp], no_numbers: _Found) -> Batch:
        """Return the batch without texts that have no digit, which are counted, while few have."""
        if self.words.rows > TOLERATED_SHARE * self.rows:
            return batch
        is_word = ~_mask(pc.match_substring_regex(batch.texts, pattern=_DIGIT))
        is_word &= _mask(pc.is_valid(batch.texts))
        if not is_word.any():
            return batch
        self.words.add(no_numbers._replace(mask=is_word), rows)
        return batch._replace(
            texts=batch.texts.filter(pa.array(~is_word)),
            is_number=not (no_numbers.mask & ~is_word).any(),
        )

    def _is_beyond_limit(self) -> bool:
        return self.is_whole and self.first_beyond is not None


@dataclass
class MeantTexts:
    """A column of texts of a typed source: they stay texts, as its writer had other types.

    So nothing waits for what they look like, and the rows need not be read twice for it.
    """

    looked: TextInference

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Look at the next cells of the column, while all may be of another type."""
        if not all(misfits.rows for misfits in self.looked.others.values()):
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


def _propose(rules: Field, found: Found, misfits: Misfits, *, present: int) -> str:
    """Return what nearly all values of a column of texts are, and the settings that make it so."""
    settings = [f'type = "{found.kind}"']
    settings += [f"{setting_of(key)} = {as_toml(value)}" for key, value in found.keys.items()]
    proposed = f"{', '.join(settings)} rejects these rows"
    if misfits.has_few_texts and not rules.is_private:
        missing = as_toml([*rules.missing, *misfits.texts])
        proposed = f"missing = {missing} makes them missing, {proposed}"
    return (
        f"column {rules.name} becomes a string: {misfits.rows:,} of {present:,} values"
        f" ({100 * misfits.rows / present:.2g} %) are not {EXPECTED[found.kind]},"
        f" the first {', '.join(_show(place, rules) for place in misfits.places)}"
        f"{_skipped_hour(rules, found, misfits)}; {where_of(rules.name)} {proposed}"
    )


def _skipped_hour(rules: Field, found: Found, misfits: Misfits) -> str:
    """Return why a datetime that looks right is none: summer time skips its hour."""
    if found.kind != "datetime":
        return ""
    shown = pa.array([text for _, text in misfits.places], pa.string())
    in_utc = replace(rules, type="datetime", timezone=ZoneInfo("UTC"))
    if not pc.any(pc.is_valid(read_trimmed(shown, in_utc))).as_py():
        return ""
    return f" (an hour that does not exist in {rules.timezone.key})"


def _beyond_limit(rules: Field, first: Place) -> str:
    return (
        f"column {rules.name} becomes a string: not every integer is within ±2^53, the first"
        f' {_show(first, rules)}; [clean.columns.{rules.name}] type = "number" reads it rounded'
    )


def _show(place: Place, rules: Field) -> str:
    row, text = place
    return f"in row {row:,}" + ("" if rules.is_private else f": '{text[:40]}'")
