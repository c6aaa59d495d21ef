"""Columns after all rows: statistics, and what follows from them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.boolean_words import find_boolean_words
from type_inference.field_types import MAX_MISMATCH_SHARE, FieldType
from type_inference.missing_tokens import MissingTokens

from ingest.profiling.ambiguous_values import (
    AlternativeReading,
    boolean_codes,
    compact_dates,
    day_sentinels,
    missing_marks,
    missing_words,
    number_sentinels,
    sentinel,
    similar_texts,
    value_tokens,
)
from ingest.profiling.cell_types import Mismatches, TypeEvidence, numbers
from ingest.profiling.distinct_values import DistinctValues
from ingest.profiling.name_hints import private_information, words
from ingest.profiling.near_numbers import near_numbers, remedy, unread_negatives
from ingest.profiling.value_formats import ValueFormat
from ingest.toml_text import quote, quote_short

_MIN_EMAIL_SHARE = 0.5
_MAX_CLASSES = 10
_FLAG_WORDS = {"yes", "no", "y", "n", "true", "false", "t", "f"}
_LATE_YEAR = 2030
"""From this year on, a two-digit year may belong to the last century."""
_MIN_PHONE_NUMBER = 1000
"""Minimum of phone numbers; a column `mobile` with smaller numbers holds counts or flags."""
_MAX_ROWS_PER_UNIQUE_VALUE = 1.05
_MIN_FREE_TEXT_SPACES, _MIN_FREE_TEXT_CHARACTERS = 3.0, 60.0


@dataclass(frozen=True)
class Numbers:
    """Range of numbers; infinite without numbers."""

    lowest: float
    highest: float


@dataclass(frozen=True)
class Texts:
    """Statistics of all values as texts; characters and spaces are sums over the rows."""

    first: str
    last: str
    characters: int
    spaces: int


@dataclass(frozen=True)
class NearMiss:
    """The type of nearly all values of a string, and the other values."""

    value_format: ValueFormat
    mismatches: Mismatches


@dataclass(frozen=True)
class Column:
    """One column after all rows."""

    name: str
    kind: FieldType
    """Type of the source, or the type that clean will infer, given the placeholders."""
    is_typed: bool
    """Whether the source gives the type, rather than the texts."""
    placeholders: frozenset[str]
    """Texts that mean missing, because without them the column has a narrower type."""
    rows: int
    present: int
    """Rows with a value."""
    evidence: TypeEvidence
    distinct: DistinctValues
    """Distinct values without the placeholders."""
    examples: tuple[str, ...]
    numbers: Numbers
    texts: Texts
    emails: int
    """Rows with an e-mail address."""
    value_format: ValueFormat | None = None
    ambiguity: str | None = None
    """Message about two possible readings that nothing decides; clean keeps texts and warns."""
    note: str | None = None
    """Message about two possible readings, and what decided between them."""
    is_ambiguous_number: bool = False
    """Whether both readings are numbers."""
    has_type_hint: bool = False
    """Whether these are texts of a typed source, which could have used other types."""
    is_code: bool = False
    """Whether all texts of this string column are integers."""
    near_format: tuple[ValueFormat, Mismatches] | None = None
    """Format of nearly all values of a string, and the other values."""
    tokens: MissingTokens | None = None
    """Missing tokens of a string."""
    marks: Mapping[str, int] = field(default_factory=dict)
    """Rows by text such as ?, for a string."""
    candidates: Mapping[str, int] = field(default_factory=dict)
    """Rows by text that may be a sentinel."""
    private_original: str | None = None
    """The private column that it is a copy of."""
    has_naive: bool = False
    """Whether datetimes have no offset."""
    rejects: Mismatches = field(default_factory=Mismatches)
    """Values that are not numbers, if the column is declared as numbers nevertheless."""

    def as_numbers_with_rejects(self) -> "Column":
        """Return the column as numbers if nearly all of its many values are numbers.

        Used for the target: as classes, values such as 12.5 and 13.0 would not be useful.
        """
        near = self.near_miss
        if near is None or near.value_format.kind not in {"integer", "number"} or self.private:
            return self
        distinct = self.distinct.exclude(near.mismatches.texts)
        if distinct.count <= _MAX_CLASSES:
            return self
        numeric = replace(
            self,
            kind=near.value_format.kind,
            value_format=near.value_format if near.value_format.keys else None,
            present=self.present - near.mismatches.rows,
            distinct=distinct,
            examples=tuple(text for text in self.examples if text not in near.mismatches.texts),
            near_format=None,
            tokens=None,
            marks={},
            rejects=near.mismatches,
        )
        span = pc.min_max(numeric.as_numbers(pa.array(distinct.rows, pa.string()))).as_py()
        return replace(numeric, numbers=Numbers(span["min"], span["max"]))

    @property
    def mismatch_note(self) -> str | None:
        """Message about the few values that do not fit the type, and what happens to them."""
        near = self.near_miss
        others = near.mismatches if near else self.rejects
        if not others.rows:
            return None
        kind = near.value_format.kind if near else self.kind
        first = "" if self.private else f", such as {quote_short(next(iter(others.texts)))}"
        negatives = unread_negatives(others.texts)
        if near:
            # What to do about negative numbers is said by `near_numbers`.
            is_open = len(negatives) < len(others.texts)
            then = "the file has the settings for both" if is_open else "no setting reads them"
        else:
            then = "these rows go to rejects/" + (f"; {remedy(negatives)}" if negatives else "")
        return f"all but {others.rows:,} of its values are of type {kind}{first}; {then}"

    @property
    def near_miss(self) -> NearMiss | None:
        """The type of nearly all values, if only a few other values make the column a string."""
        if self.kind != "string" or self.is_typed or self.has_type_hint or self.ambiguity:
            return None
        near_misses = [
            NearMiss(ValueFormat(kind, {}), mismatches)
            for kind, mismatches in self.evidence.mismatches.items()
        ]
        if self.near_format:
            # Before a plain number, which the table may read differently.
            near_misses.insert(0, NearMiss(*self.near_format))
        nearest = min(near_misses, key=lambda near: near.mismatches.rows, default=None)
        if nearest is None or not nearest.mismatches.texts:
            return None
        is_near = 0 < nearest.mismatches.rows <= MAX_MISMATCH_SHARE * self.present
        return nearest if is_near else None

    def infer_boolean_words(self) -> "Column":
        """Return the column as clean infers it if its texts are words such as yes and no.

        Only the target stays a string: the API answers with its words.
        """
        is_text = self.kind == "string" and not (self.is_typed or self.has_type_hint)
        tokens = self.tokens.value_tokens() if self.tokens else []
        missing = frozenset({*self.marks, *tokens})
        texts = self.distinct.rows.keys() - missing
        words = find_boolean_words(texts) if is_text and self.distinct.is_exact else None
        if words is None:
            return self
        return replace(
            self,
            kind="boolean",
            value_format=ValueFormat("boolean", words._asdict()),
            placeholders=frozenset(self.marks),
            present=self.present - sum(self.distinct.rows.get(text, 0) for text in missing),
            distinct=self.distinct.exclude(missing),
            examples=tuple(text for text in self.examples if text not in missing),
            tokens=None,
            marks={},
            near_format=None,
        )

    @property
    def alternative_readings(self) -> list[AlternativeReading]:
        """Other possible readings of values."""
        is_private = bool(self.private)
        kept = self.tokens.value_tokens() if self.tokens else []
        readings = list(value_tokens(self.tokens, is_private=is_private) if self.tokens else ())
        if self.kind == "string":
            readings += [*boolean_codes(self.distinct.rows), *missing_marks(self.marks, kept=kept)]
            readings += filter(None, [None if is_private else self.near_numbers])
            if not self.is_free_text:
                readings += filter(None, [similar_texts(self.distinct.rows, is_private=is_private)])
        elif not self.is_typed and not is_private:
            dates = compact_dates(self.distinct.rows) if self.kind == "integer" else None
            readings += filter(None, [self._sentinel(), dates])
        if self.late_years:
            readings.append(self._late_years_reading())
        return readings

    @property
    def late_years(self) -> list[datetime]:
        """Dates with a year of two digits that becomes 2030 or later."""
        date_format = self.value_format and self.value_format.date_format
        is_short = date_format and "%y" in date_format.text
        dates = map(self.as_instant, self.distinct.rows) if is_short else ()
        return [instant for instant in dates if instant.year >= _LATE_YEAR]

    def _late_years_reading(self) -> AlternativeReading:
        dates = {text: self.as_instant(text).date() for text in self.distinct.rows}
        late = {text: day for text, day in dates.items() if day.year >= _LATE_YEAR}
        others = [day for text, day in dates.items() if text not in late]
        rows = sum(self.distinct.rows[text] for text in late)
        span = f"in {_LATE_YEAR} or later"
        if not self.private:
            span = f"from {min(late.values())} to {max(late.values())}"
            span += f", the others from {min(others)} to {max(others)}" if others else ""
        at_least = "" if self.distinct.is_exact else "at least "
        return AlternativeReading(
            f"{at_least}{rows:,} of {self.present:,} dates are {span}, as years of two digits are"
            " read as 1969 to 2068; if they are of the last century, write years of four digits in"
            " the source and %Y in format"
        )

    @property
    def missing_words(self) -> list[AlternativeReading]:
        """Words that clean makes missing in a string column."""
        return list(missing_words(self.tokens)) if self.tokens else []

    def _sentinel(self) -> AlternativeReading | None:
        texts = [text for text in self.candidates if text not in self.placeholders]
        others = [text for text in self.distinct.rows if text not in self.candidates]
        if self.is_numeric:
            values = self.as_numbers(pa.array([*texts, *others], pa.string())).to_pylist()
            by_text = dict(zip(texts, values, strict=False))
            far = number_sentinels(by_text, others=[value for value in values if value is not None])
        elif self.is_time:
            days = {text: self.as_instant(text).date() for text in [*texts, *others]}
            chosen = {text: days[text] for text in texts}
            far = day_sentinels(chosen, others=days.values())
        else:
            return None
        rest = [text for text in self.distinct.rows if text not in far]
        shown = f"such as {', '.join(rest[:3])}"
        return sentinel(far, self.candidates, shown)

    @property
    def missing_share(self) -> float:
        return 1 - self.present / self.rows if self.rows else 0.0

    @property
    def is_time(self) -> bool:
        return self.kind in {"date", "datetime"}

    @property
    def has_only_midnights(self) -> bool:
        """Whether these are dates that are written as datetimes without an offset."""
        if not self.has_naive or not self.distinct.is_exact:
            return False
        return all(self.as_instant(text).time() == time.min for text in self.distinct.rows)

    @property
    def midnight_note(self) -> str | None:
        """Message about dates that are written as datetimes."""
        if not self.has_only_midnights:
            return None
        return (
            "all of its times are 00:00, so it holds dates; with timezone in [clean] they may"
            " become the day before: then write them without times in the source"
        )

    @property
    def is_numeric(self) -> bool:
        return self.kind in {"number", "integer"}

    @property
    def is_unique(self) -> bool:
        """Whether all values are unique, in two rows or more."""
        return self.present > 1 and self.distinct.rows_per_value == 1

    @property
    def is_nearly_unique(self) -> bool:
        return self.present > 1 and self.distinct.rows_per_value <= _MAX_ROWS_PER_UNIQUE_VALUE

    @property
    def is_consecutive(self) -> bool:
        """Whether the column numbers the rows: unique consecutive integers from 0 or 1.

        Integers from another start may be years.
        """
        lowest, highest = self.numbers.lowest, self.numbers.highest
        is_whole = self.kind == "integer" and self.is_unique
        return is_whole and lowest in {0, 1} and highest - lowest + 1 == self.present

    @property
    def is_permutation(self) -> bool:
        """Whether the column numbers all rows, in any order and from any start."""
        span = self.numbers.highest - self.numbers.lowest + 1
        return self.is_whole and self.is_unique and span == self.rows

    @property
    def is_constant(self) -> bool:
        return self.present == 0 or (self.distinct.count == 1 and self.present == self.rows)

    @property
    def is_free_text(self) -> bool:
        if self.kind != "string" or not self.present:
            return False
        spaces, characters = self.texts.spaces, self.texts.characters
        is_long = (
            spaces / self.present >= _MIN_FREE_TEXT_SPACES
            or characters / self.present >= _MIN_FREE_TEXT_CHARACTERS
        )
        return is_long and self.distinct.rows_per_value < 2

    @property
    def near_numbers(self) -> AlternativeReading | None:
        """Why the texts look like numbers, although clean does not read them as numbers."""
        is_known = self.ambiguity or self.is_typed
        return near_numbers(self.distinct.rows) if self.kind == "string" and not is_known else None

    @property
    def is_private_itself(self) -> bool:
        """Whether the column is private, and not only a copy of a private column."""
        return bool(self.private) and not self.private_original

    @property
    def private(self) -> str | None:
        """The kind of private information that the values or the name suggest."""
        if self.private_original:
            return f"a copy of {quote(self.private_original)}"
        if self.present and self.emails >= _MIN_EMAIL_SHARE * self.present:
            return "e-mail addresses"
        if not self.present or self.kind in {"boolean", "number"}:
            return None
        has_few_values = self.distinct.count <= _MAX_CLASSES
        is_small = self.kind == "integer" and self.numbers.highest < _MIN_PHONE_NUMBER
        is_flag = has_few_values and (
            is_small or {text.lower() for text in self.distinct.rows} <= _FLAG_WORDS
        )
        # A column called name may hold product names, which repeat.
        is_label = has_few_values and not self.is_nearly_unique and words(self.name) == ["name"]
        return None if is_flag or is_label else private_information(self.name)

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        number_format = self.value_format and self.value_format.number_format
        if not self.is_numeric or (number_format and number_format.is_percent):
            return False
        values = self.as_numbers(pa.array(self.distinct.rows, pa.string())).drop_null()
        return pc.all(pc.equal(pc.floor(values), values)).as_py() is not False

    def as_numbers(self, texts: pa.Array) -> pa.Array:
        """Return texts of the column as doubles; null for texts that are not numbers."""
        number_format = self.value_format and self.value_format.number_format
        return numbers(number_format.parse_digits(texts) if number_format else texts)

    def as_instant(self, text: str) -> datetime:
        """Return a date or datetime of the column; in UTC without an offset."""
        if self.value_format and self.value_format.date_format:
            date_format = self.value_format.date_format.text
            return datetime.strptime(text, date_format).replace(tzinfo=UTC)
        instant = datetime.fromisoformat(re.sub(" (?=[Z+-])", "", text))
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
