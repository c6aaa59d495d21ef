"""Column profiles, built in one pass over the table in bounded memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.decimal_separators import DecimalSeparators
from type_inference.field_types import MAX_EXACT_INTEGER, MAX_MISMATCH_SHARE, FieldType
from type_inference.missing_tokens import MISSING_MARKS, MissingTokens
from type_inference.number_format import NumberFormat
from type_inference.number_format_candidates import are_non_numeric

from ingest.profiling.ambiguous_values import SentinelCandidates
from ingest.profiling.cell_types import (
    PLACEHOLDERS,
    Mismatches,
    TypeEvidence,
    are_missing_tokens,
    is_naive,
    numbers,
    strip,
    trim,
)
from ingest.profiling.columns import Column, Numbers, Texts
from ingest.profiling.date_formats import DateFormatDetector
from ingest.profiling.distinct_values import DistinctValues
from ingest.profiling.number_formats import NumberFormatDetector
from ingest.profiling.value_formats import ValueFormat
from ingest.tables.column_choice import UnreadableColumnsError

MAX_DISTINCT, MIN_DISTINCT, MAX_TOTAL_DISTINCT = 4096, 64, 400_000
"""Number of values kept per column, fewer for tables with many columns."""

_MAX_EXAMPLES = 3
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"
_MARKS = pa.array(MISSING_MARKS)


@dataclass
class Profile:
    """Statistics of one column, updated batch by batch."""

    name: str
    native: FieldType | None
    """Type of a typed source; None for texts."""
    distinct: DistinctValues
    rows: int = 0
    evidence: TypeEvidence = field(default_factory=TypeEvidence)
    examples: list[str] = field(default_factory=list)
    lowest: float = float("inf")
    highest: float = float("-inf")
    first: str | None = None
    last: str | None = None
    """Lowest and highest text; for dates the earliest and latest."""
    characters: int = 0
    spaces: int = 0
    emails: int = 0
    number_formats: NumberFormatDetector = field(default_factory=NumberFormatDetector)
    date_formats: DateFormatDetector = field(default_factory=DateFormatDetector)
    marks: Counter[str] = field(default_factory=Counter)
    """Rows by text that means missing if the other values have a format."""
    non_numeric: Mismatches = field(default_factory=Mismatches)
    """Values such as ERR, which are neither numbers nor dates."""
    tokens: MissingTokens = field(default_factory=MissingTokens)
    candidates: SentinelCandidates = field(default_factory=SentinelCandidates)
    has_naive: bool = False
    """Whether a datetime has no offset."""
    has_type_hint: bool = False
    """Whether these are texts of a typed source, which could have used other types."""

    def add(self, texts: pa.Array) -> None:
        """Add the next cells of the column: trimmed texts, null for empty ones."""
        self.rows += len(texts)
        values, rows = pc.value_counts(texts.drop_null()).flatten()
        is_token = are_missing_tokens(values)
        names, counts = (array.filter(is_token).to_pylist() for array in (values, rows))
        values, rows = (array.filter(pc.invert(is_token)) for array in (values, rows))
        is_mark = pc.is_in(values, value_set=_MARKS)
        others = values.filter(pc.invert(is_mark))
        self.tokens.rows.update(dict(zip(names, counts, strict=True)))
        self.tokens.add_others(others)
        if not len(values):
            return
        self.candidates.add(values, rows)
        self.evidence.add(values, rows)
        for text, count in zip(values.to_pylist(), rows.to_pylist(), strict=True):
            self.distinct.add(text, count)
        if len(self.examples) < _MAX_EXAMPLES:
            new = values.slice(0, _MAX_EXAMPLES).to_pylist()
            self.examples = list(dict.fromkeys([*self.examples, *new]))[:_MAX_EXAMPLES]
        self._measure(values, rows)
        if self.native is None:
            self._detect_formats(values, rows)

    def decimal(self) -> str | None:
        """Return the decimal separator of the numbers, if it is unambiguous."""
        return None if self.native or self.has_type_hint else self.number_formats.decimal()

    @property
    def is_plain(self) -> bool:
        """Whether all values except marks and non-numeric texts are JSON numbers."""
        mismatches = self.evidence.mismatches.get("number")
        return mismatches is not None and mismatches.rows == self._non_value_rows

    def finish(self, table: DecimalSeparators) -> Column:
        """Return the column after the last row, given the other columns."""
        placeholders = frozenset() if self.native else self.evidence.placeholders()
        kind, value_format = self._kind(placeholders), None
        is_code = self.has_type_hint and kind == "integer"
        if is_code:
            # Integers in a text column of a typed source are mostly codes.
            kind, placeholders = "string", frozenset()
        missing = self.evidence.count_rows(placeholders)
        span = Numbers(self.lowest, self.highest)
        is_open = self.native is None and kind in {"number", "string"} and not is_code
        number_ambiguity = date_ambiguity = note = None
        if is_open and self._non_value_rows < self.evidence.present:
            self.number_formats.table = table
            self.number_formats.is_plain = self.is_plain
            number_ambiguity, date_ambiguity = self._ambiguities()
            note = self.number_formats.note()
            if number_ambiguity:
                kind, placeholders, missing = "string", frozenset(), 0
            elif (detected := self._detected_format()) and self._do_words_mean_missing:
                value_format, span = detected
                kind, placeholders, missing = (
                    value_format.kind,
                    frozenset({*self.marks, *self.non_numeric.texts}),
                    self._non_value_rows,
                )
            elif detected and kind == "number":
                value_format, span = detected
                kind = value_format.kind
        is_text = kind == "string" and self.native in {None, "string"}
        kept = self.tokens.value_tokens() if is_text else []
        distinct = self.distinct.exclude(placeholders)
        for token in kept:
            distinct.add(token, self.tokens.rows[token])
        return Column(
            name=self.name,
            kind=kind,
            is_typed=self.native is not None,
            placeholders=placeholders,
            rows=self.rows,
            present=self.evidence.present
            - missing
            + sum(self.tokens.rows[token] for token in kept),
            evidence=self.evidence,
            distinct=distinct,
            examples=tuple(text for text in self.examples if text not in placeholders),
            numbers=span,
            texts=Texts(self.first or "", self.last or "", self.characters, self.spaces),
            emails=self.emails,
            value_format=value_format,
            ambiguity=number_ambiguity or date_ambiguity,
            note=note,
            is_ambiguous_number=number_ambiguity is not None
            and self.number_formats.ambiguous_char is not None,
            has_type_hint=self.has_type_hint,
            is_code=is_code,
            near_format=self._near_format() if kind == "string" and not is_code else None,
            tokens=self.tokens if kind == "string" else None,
            marks=self.marks if kind == "string" else {},
            candidates=self.candidates.rows,
            has_naive=kind == "datetime" and (self.has_naive or value_format is not None),
        )

    def _detect_formats(self, values: pa.Array, rows: pa.Array) -> None:
        is_mark = pc.is_in(values, value_set=_MARKS)
        marks = zip(
            values.filter(is_mark).to_pylist(), rows.filter(is_mark).to_pylist(), strict=True
        )
        self.marks.update(dict(marks))
        is_word = pc.and_not(are_non_numeric(values), is_mark)
        words = zip(
            values.filter(is_word).to_pylist(), rows.filter(is_word).to_pylist(), strict=True
        )
        for text, count in words:
            self.non_numeric.add(text, count)
        others = values.filter(pc.invert(pc.or_(is_mark, is_word)))
        self.number_formats.add(others)
        self.date_formats.add_values(others)

    @property
    def _non_value_rows(self) -> int:
        """Number of rows with a missing mark or a non-numeric text."""
        return self.marks.total() + self.non_numeric.rows

    @property
    def _do_words_mean_missing(self) -> bool:
        """Whether all non-numeric texts, if there are any, mean missing beside numbers or dates."""
        words = self.non_numeric
        return words.texts.keys() <= PLACEHOLDERS and sum(words.texts.values()) == words.rows

    def _ambiguities(self) -> tuple[str | None, str | None]:
        """Return the two readings of all numbers or all dates."""
        if self.non_numeric.rows > MAX_MISMATCH_SHARE * self.evidence.present:
            return None, None
        return self.number_formats.explain_ambiguity(), self.date_formats.explain_ambiguity()

    def _near_format(self) -> tuple[ValueFormat, Mismatches] | None:
        """Return the format of all values except non-numeric texts."""
        detected = self._detected_format() if self.non_numeric.rows else None
        return (detected[0], self.non_numeric) if detected else None

    def _detected_format(self) -> tuple[ValueFormat, Numbers] | None:
        """Return the format of all values, except JSON and ISO 8601."""
        if self.native or self.evidence.is_whole or self._non_value_rows == self.evidence.present:
            return None
        if result := self.number_formats.result():
            is_json = result[0].number_format == NumberFormat() and self.is_plain
            return None if is_json else (result[0], Numbers(*result[1:]))
        date = self.date_formats.result()
        return (date, Numbers(self.lowest, self.highest)) if date else None

    def _kind(self, placeholders: frozenset[str]) -> FieldType:
        is_beyond = max(abs(self.lowest), abs(self.highest)) > MAX_EXACT_INTEGER
        if self.native == "integer" and self.evidence.present and is_beyond:
            return "string"
        return self.native or self.evidence.infer(ignored=placeholders)

    def _measure(self, values: pa.Array, rows: pa.Array) -> None:
        span = pc.min_max(numbers(values)).as_py()
        if span["min"] is not None:
            self.lowest = min(self.lowest, span["min"])
            self.highest = max(self.highest, span["max"])
        texts = pc.min_max(values).as_py()
        self.first = min(texts["min"], self.first or texts["min"])
        self.last = max(texts["max"], self.last or texts["max"])
        self.has_naive = self.has_naive or pc.any(is_naive(values)).as_py() is True
        self.characters += pc.sum(pc.multiply(pc.utf8_length(values), rows)).as_py()
        self.spaces += pc.sum(pc.multiply(pc.count_substring(values, " "), rows)).as_py()
        emails = rows.filter(pc.match_substring_regex(values, pattern=_EMAIL))
        self.emails += pc.sum(emails).as_py() or 0


def finish_profiles(profiles: Sequence[Profile]) -> list[Column]:
    """Return the columns after the last row, because some depend on the other columns."""
    table = DecimalSeparators()
    for profile in profiles:
        if decimal := profile.decimal():
            table.add(profile.name, decimal, is_plain=profile.is_plain)
    columns = [profile.finish(table) for profile in profiles]
    for column in columns:
        # clean takes settings in the pipeline file as evidence, even if plain numbers decided them.
        keys = column.value_format.keys if column.value_format else {}
        if "decimal_char" in keys or keys.get("group_char") == ",":
            table.add(column.name, str(keys.get("decimal_char", ".")), is_plain=False)
    return [
        profile.finish(table) if column.ambiguity else column
        for profile, column in zip(profiles, columns, strict=True)
    ]


def start_profiles(schema: pa.Schema) -> list[Profile]:
    """Return an empty profile for each column.

    Raises:
        UnreadableColumnsError: A column has an unsupported type.
    """
    is_untyped = all(pa.types.is_string(column.type) for column in schema)
    limit = min(MAX_DISTINCT, max(MIN_DISTINCT, MAX_TOTAL_DISTINCT // max(1, len(schema))))
    return [
        Profile(
            column.name,
            None if pa.types.is_string(column.type) else _native_type(column),
            DistinctValues(limit),
            has_naive=pa.types.is_timestamp(column.type) and column.type.tz is None,
            has_type_hint=not is_untyped and pa.types.is_string(column.type),
        )
        for column in schema
    ]


def as_texts(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return every column as trimmed texts, as in a CSV file, null for empty ones."""
    return pa.RecordBatch.from_arrays(
        [strip(_as_text(column)) for column in batch.columns], names=list(names)
    )


def mask_tokens(texts: pa.RecordBatch) -> pa.RecordBatch:
    """Return the texts with null for missing tokens."""
    return pa.RecordBatch.from_arrays(list(map(trim, texts.columns)), names=texts.schema.names)


def _as_text(cells: pa.Array) -> pa.Array:
    if pa.types.is_date64(cells.type):
        cells = cells.cast(pa.date32())
    if pa.types.is_timestamp(cells.type):
        # Clean also truncates digits finer than µs; a time zone shifts no value.
        in_utc = cells.cast(pa.timestamp(cells.type.unit))
        return pc.strftime(in_utc, format="%Y-%m-%dT%H:%M:%S")
    return pc.cast(cells, pa.string())


def _native_type(column: pa.Field) -> FieldType:
    checks: dict[FieldType, Sequence[Callable[[pa.DataType], bool]]] = {
        "string": (pa.types.is_string, pa.types.is_null),
        "boolean": (pa.types.is_boolean,),
        "integer": (pa.types.is_integer,),
        "number": (pa.types.is_floating, pa.types.is_decimal),
        "date": (pa.types.is_date,),
        "datetime": (pa.types.is_timestamp,),
    }
    for kind, are_kind in checks.items():
        if any(is_kind(column.type) for is_kind in are_kind):
            return kind
    raise UnreadableColumnsError(
        f"column '{column.name}' is {column.type}, which clean does not support; expected texts,"
        " numbers, booleans, dates or datetimes, leave it out with skip_columns in [ingest]",
        names=[column.name],
    )
