"""The cards of the stages: what each run did with the rows and columns, and what has changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from serve.api.page.pipeline_records import Column, Pipeline, Record

MAX_COLUMNS = 200
"""Maximum number of columns that the page lists of one stage."""
MAX_REASONS = 5
"""Maximum number of reasons that a card lists."""


@dataclass(frozen=True)
class ColumnTable:
    """The columns that a stage recorded, with only the facts that it knows of any."""

    columns: Sequence[Column]
    left_out: int

    def has(self, fact: str) -> bool:
        """Return whether a fact is known of at least one column."""
        return any(getattr(column, fact) not in {None, ""} for column in self.columns)


@dataclass(frozen=True)
class StageCard:
    """The run of a stage that led to the live model."""

    record: Record
    rows_in: int | None
    largest: int
    """The number of rows of the stage with the most, for the bars."""
    reasons: Sequence[tuple[str, int]]
    """Rejected rows by reason, the most frequent first."""
    other_reasons: int
    """Rejected rows with reasons that are not listed."""
    broken: str
    """Why it is not linked to the stage before; empty if it is."""
    since_previous: str
    """What differs from the run that led to the previous model; empty if it is unknown."""
    table: ColumnTable


def stage_cards(
    pipeline: Pipeline, previous: Sequence[Record], *, private: Collection[str]
) -> list[StageCard]:
    """Return a card for each stage; `private` are the columns whose values are never shown.

    `previous` are the stages of the previous model, as far as its manifest tells.
    """
    hidden = {
        column.name for record in pipeline.records for column in record.columns if column.private
    } | {*private}
    before = {record.stage: record for record in previous}
    rows = [record.rows for record in pipeline.records]
    read = [_rows_read(pipeline.records[0]), *rows]
    largest = max((each for each in read if each is not None), default=0)
    cards = []
    for record, rows_in in zip(pipeline.records, read, strict=False):
        ranked = _ranked_reasons(record)
        cards.append(
            StageCard(
                record,
                rows_in,
                largest,
                reasons=ranked[:MAX_REASONS],
                other_reasons=sum(rows for _reason, rows in ranked[MAX_REASONS:]),
                broken=pipeline.broken.get(record.stage, ""),
                since_previous=_since_previous(record, before.get(record.stage)),
                table=_table(record, hidden),
            )
        )
    return cards


def _rows_read(first: Record) -> int | None:
    """Return the number of rows in the source."""
    return None if first.rows is None else first.rows + (first.rejected or 0)


def _ranked_reasons(record: Record) -> list[tuple[str, int]]:
    counted = {**record.rejected_by_reason}
    if record.duplicates:
        counted["duplicate"] = record.duplicates
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _since_previous(record: Record, before: Record | None) -> str:
    if before is None:
        return ""
    if record.content == before.content:
        return "same output as for the previous model"
    if record.rows is None or before.rows is None or record.rows == before.rows:
        return "other output than for the previous model"
    return f"for the previous model {before.rows:,} rows"


def _table(record: Record, hidden: Collection[str]) -> ColumnTable:
    shown = [_presentable(column, hidden) for column in record.columns[:MAX_COLUMNS]]
    total = record.columns_total or len(record.columns)
    return ColumnTable(shown, left_out=max(0, total - len(shown)))


def _presentable(column: Column, hidden: Collection[str]) -> Column:
    """Return a column; of a private one only the number of missing values."""
    if column.name not in hidden:
        return column
    return replace(
        column, private=True, distinct=None, distinct_more_than=None, minimum=None, maximum=None
    )
