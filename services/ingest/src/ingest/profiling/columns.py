"""What is known of a column after all rows: facts, and what follows from them alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.ambiguous_values import (
    Reading,
    Tokens,
    alike_texts,
    boolean_codes,
    day_sentinels,
    kept_token,
    marked,
    missing_words,
    number_sentinels,
    sentinel,
)
from ingest.profiling.cell_types import CellType, Misfits, TypeEvidence, numbers
from ingest.profiling.date_formats import DateForm
from ingest.profiling.distinct_values import DistinctValues
from ingest.profiling.name_hints import names_private, words
from ingest.profiling.number_formats import NumberForm

_MAIL_SHARE = 0.5
_MOST_CLASSES = 10
_FLAGS = {"yes", "no", "y", "n", "true", "false", "t", "f"}
_FLAGS_END = 1000
"""A column `mobile` of smaller integers counts or marks something; numbers of people are longer."""
_UNIQUE_ROWS_PER_VALUE = 1.05
_FREE_TEXT_SPACES, _FREE_TEXT_CHARACTERS = 3.0, 60.0


@dataclass(frozen=True)
class Numbers:
    """Of the values that are numbers; infinite if none is."""

    lowest: float
    highest: float


@dataclass(frozen=True)
class Texts:
    """Of all values as texts; characters and spaces are sums over the rows."""

    first: str
    last: str
    characters: int
    spaces: int


@dataclass(frozen=True)
class Column:
    """One column after all rows were seen."""

    name: str
    kind: CellType
    """The type that the source has, or that clean will infer, given the placeholders."""
    is_typed: bool
    """Whether the source says the type, rather than the texts."""
    placeholders: frozenset[str]
    """Texts that mean missing, since without them the column has a narrower type."""
    rows: int
    present: int
    """Rows with a value."""
    evidence: TypeEvidence
    distinct: DistinctValues
    """Without the placeholders."""
    examples: tuple[str, ...]
    numbers: Numbers
    texts: Texts
    mails: int
    """Rows of an e-mail address."""
    form: NumberForm | DateForm | None = None
    """How its numbers or dates are written, if not as JSON and ISO 8601 have them."""
    doubt: str | None = None
    """Two ways to read it, between which nothing decides; clean leaves texts, and warns."""
    note: str | None = None
    """Two ways to read it, and what decided."""
    is_number_in_doubt: bool = False
    """Whether it is of numbers in both of two ways."""
    is_meant: bool = False
    """Whether these are the texts of a typed source, which had other types to choose from."""
    is_code: bool = False
    """Whether it is a string only for that: all of its values are integers."""
    near_form: tuple[NumberForm | DateForm, Misfits] | None = None
    """How all values are written but a few, of a string."""
    tokens: Tokens | None = None
    """Missing tokens, of a string."""
    marks: Mapping[str, int] = field(default_factory=dict)
    """Rows by text such as ?, of a string."""
    candidates: Mapping[str, int] = field(default_factory=dict)
    """Rows by text that may be a sentinel."""
    has_naive: bool = False
    """Whether it has datetimes without an offset."""

    @property
    def readings(self) -> list[Reading]:
        """What may be read in another way than clean reads it."""
        is_private = bool(self.private)
        found = list(kept_token(self.tokens, is_private=is_private) if self.tokens else ())
        if self.kind == "string":
            found += [*boolean_codes(self.distinct.rows), *marked(self.marks)]
            if not self.is_free_text:
                found += filter(None, [alike_texts(self.distinct.rows, is_private=is_private)])
        elif not self.is_typed and not is_private:
            found += filter(None, [self._sentinel()])
        return found

    @property
    def missing_words(self) -> list[Reading]:
        """What clean makes missing though it is a word, of a string."""
        return list(missing_words(self.tokens)) if self.tokens else []

    def _sentinel(self) -> Reading | None:
        texts = [text for text in self.candidates if text not in self.placeholders]
        others = [text for text in self.distinct.rows if text not in self.candidates]
        if self.is_numeric:
            values = self.as_numbers(pa.array([*texts, *others], pa.string())).to_pylist()
            by_text = dict(zip(texts, values, strict=False))
            far = number_sentinels(by_text, others=[it for it in values if it is not None])
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
    def is_numeric(self) -> bool:
        return self.kind in {"number", "integer"}

    @property
    def is_unique(self) -> bool:
        """Whether no value is there twice, in two rows or more."""
        return self.present > 1 and self.distinct.rows_per_value == 1

    @property
    def is_nearly_unique(self) -> bool:
        return self.present > 1 and self.distinct.rows_per_value <= _UNIQUE_ROWS_PER_VALUE

    @property
    def is_consecutive(self) -> bool:
        """Whether it numbers the rows: unique integers without a gap, from 0 or 1.

        Those from elsewhere may be years.
        """
        lowest, highest = self.numbers.lowest, self.numbers.highest
        is_whole = self.kind == "integer" and self.is_unique
        return is_whole and lowest in {0, 1} and highest - lowest + 1 == self.present

    @property
    def is_constant(self) -> bool:
        return self.present == 0 or (self.distinct.count == 1 and self.present == self.rows)

    @property
    def is_free_text(self) -> bool:
        if self.kind != "string" or not self.present:
            return False
        spaces, characters = self.texts.spaces, self.texts.characters
        is_long = (
            spaces / self.present >= _FREE_TEXT_SPACES
            or characters / self.present >= _FREE_TEXT_CHARACTERS
        )
        return is_long and self.distinct.rows_per_value < 2

    @property
    def private(self) -> str | None:
        """What private things it holds: by its values, or by its name."""
        if self.present and self.mails >= _MAIL_SHARE * self.present:
            return "e-mail addresses"
        if not self.present or self.kind in {"boolean", "number"}:
            return None
        is_few = self.distinct.count <= _MOST_CLASSES
        is_small = self.kind == "integer" and self.numbers.highest < _FLAGS_END
        is_flag = is_few and (is_small or {text.lower() for text in self.distinct.rows} <= _FLAGS)
        # What is called name alone may be that of a product, which then repeats.
        is_label = is_few and not self.is_nearly_unique and words(self.name) == ["name"]
        return None if is_flag or is_label else names_private(self.name)

    @property
    def is_whole(self) -> bool:
        """Whether it is a number, or integer, of which no value has a fraction."""
        if not self.is_numeric or (isinstance(self.form, NumberForm) and self.form.is_percent):
            return False
        values = self.as_numbers(pa.array(self.distinct.rows, pa.string())).drop_null()
        return pc.all(pc.equal(pc.floor(values), values)).as_py() is not False

    def as_numbers(self, texts: pa.Array) -> pa.Array:
        """Return texts of the column, string[n], as doubles; null where one is no number."""
        plain = self.form.plain(texts) if isinstance(self.form, NumberForm) else texts
        return numbers(plain)

    def as_instant(self, text: str) -> datetime:
        """Return a date or datetime of the column; without an offset in UTC."""
        if isinstance(self.form, DateForm):
            return self.form.instant(text)
        found = datetime.fromisoformat(re.sub(" (?=[Z+-])", "", text))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
