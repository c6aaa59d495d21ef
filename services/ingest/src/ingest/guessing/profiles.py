"""What is seen of each column while the whole table passes by once, in bounded memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from stage_contract import ContractError

from ingest.guessing.cell_types import WHOLE_LIMIT, CellType, TypeEvidence, numbers, trim
from ingest.guessing.columns import Column, Numbers, Texts
from ingest.guessing.distinct_values import DistinctValues

DISTINCT_MAX, DISTINCT_MIN, DISTINCT_TOTAL = 4096, 64, 400_000
"""Values that are kept of a column, fewer if there are so many columns that it would sum up."""

_EXAMPLES = 3
_PATTERNS = {
    "mail": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "decimal comma": r"^[+-]?[0-9]{1,3}(\.?[0-9]{3})*,[0-9]+$",
    "other date": r"^[0-9]{1,2}[./][0-9]{1,2}[./]([0-9]{4}|[0-9]{2})$",
}


@dataclass
class Profile:
    """What was seen of one column so far."""

    name: str
    native: CellType | None
    """The type of a typed source; None where only the texts tell."""
    distinct: DistinctValues
    rows: int = 0
    evidence: TypeEvidence = field(default_factory=TypeEvidence)
    examples: list[str] = field(default_factory=list)
    lowest: float = float("inf")
    highest: float = float("-inf")
    first: str | None = None
    last: str | None = None
    """The lowest and highest text, which of dates are the earliest and latest."""
    characters: int = 0
    spaces: int = 0
    matching: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_PATTERNS, 0))

    def add(self, texts: pa.Array) -> None:
        """Look at the next cells of the column, trimmed texts with null for missing."""
        self.rows += len(texts)
        values, rows = pc.value_counts(texts.drop_null()).flatten()
        if not len(values):
            return
        self.evidence.add(values, rows)
        for text, count in zip(values.to_pylist(), rows.to_pylist(), strict=True):
            self.distinct.add(text, count)
        if len(self.examples) < _EXAMPLES:
            new = values.slice(0, _EXAMPLES).to_pylist()
            self.examples = list(dict.fromkeys([*self.examples, *new]))[:_EXAMPLES]
        self._measure(values, rows)

    def finish(self) -> Column:
        """Return what is known after the last row."""
        placeholders = frozenset() if self.native else self.evidence.placeholders()
        return Column(
            name=self.name,
            kind=self._kind(placeholders),
            is_typed=self.native is not None,
            placeholders=placeholders,
            rows=self.rows,
            present=self.evidence.present - self.evidence.rows_of(placeholders),
            evidence=self.evidence,
            distinct=self.distinct.without(placeholders),
            examples=tuple(text for text in self.examples if text not in placeholders),
            numbers=Numbers(self.lowest, self.highest),
            texts=Texts(self.first or "", self.last or "", self.characters, self.spaces),
            matching=self.matching,
        )

    def _kind(self, placeholders: frozenset[str]) -> CellType:
        is_beyond = max(abs(self.lowest), abs(self.highest)) > WHOLE_LIMIT
        if self.native == "integer" and self.evidence.present and is_beyond:
            return "string"
        return self.native or self.evidence.decide(without=placeholders)

    def _measure(self, values: pa.Array, rows: pa.Array) -> None:
        found = pc.min_max(numbers(values)).as_py()
        if found["min"] is not None:
            self.lowest = min(self.lowest, found["min"])
            self.highest = max(self.highest, found["max"])
        texts = pc.min_max(values).as_py()
        self.first = min(texts["min"], self.first or texts["min"])
        self.last = max(texts["max"], self.last or texts["max"])
        self.characters += pc.sum(pc.multiply(pc.utf8_length(values), rows)).as_py()
        self.spaces += pc.sum(pc.multiply(pc.count_substring(values, " "), rows)).as_py()
        for what, pattern in _PATTERNS.items():
            found = rows.filter(pc.match_substring_regex(values, pattern=pattern))
            self.matching[what] += pc.sum(found).as_py() or 0


def start_profiles(schema: pa.Schema) -> list[Profile]:
    """Return an empty profile for each column.

    Raises:
        ContractError: a column is of a type that no stage reads.
    """
    is_untyped = all(pa.types.is_string(column.type) for column in schema)
    limit = min(DISTINCT_MAX, max(DISTINCT_MIN, DISTINCT_TOTAL // max(1, len(schema))))
    return [
        Profile(
            column.name,
            None if is_untyped else _native_type(column),
            DistinctValues(limit),
        )
        for column in schema
    ]


def as_texts(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return every column as trimmed texts, as a CSV would hold them, null for missing."""
    return pa.RecordBatch.from_arrays(
        [trim(_as_text(column)) for column in batch.columns], names=list(names)
    )


def _as_text(cells: pa.Array) -> pa.Array:
    if pa.types.is_date64(cells.type):
        cells = cells.cast(pa.date32())
    if pa.types.is_timestamp(cells.type):
        # Finer than µs is cut by clean as well; a zone's name moves nothing.
        in_utc = cells.cast(pa.timestamp(cells.type.unit))
        return pc.strftime(in_utc, format="%Y-%m-%dT%H:%M:%S")
    return pc.cast(cells, pa.string())


def _native_type(column: pa.Field) -> CellType:
    checks: dict[CellType, Sequence[Callable[[pa.DataType], bool]]] = {
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
    raise ContractError(
        f"column '{column.name}' is {column.type}, which clean refuses; expected texts, numbers,"
        " booleans, dates or datetimes, write the table without it"
    )
