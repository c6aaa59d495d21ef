"""Rejected rows: found by the rules, and written to rejects/ with the reason and all values."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stage_contract import Rejects

from clean_sql.engine import Engine, literal
from clean_sql.fields import Field

DUPLICATE = "duplicate"
PRIVATE = "(private)"


@dataclass
class Counts:
    """Rejected rows by reason, with the first of each as text."""

    reasons: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    examples: dict[str, str] = field(default_factory=dict)


def create_rejected(engine: Engine) -> None:
    """Create the table `rejected`, which the view `typed` excludes."""
    engine.run(
        "CREATE TEMP TABLE rejected (row BIGINT, position INTEGER, reason VARCHAR, first BIGINT)",
        doing="prepared",
    )


def reject_faulty(engine: Engine) -> None:
    """Reject the rows with a cell that breaks a rule."""
    engine.run(
        'INSERT INTO rejected SELECT "@row", position, reason, NULL FROM checked'
        " WHERE reason IS NOT NULL",
        doing="cells checked",
    )


def reject_wrong(engine: Engine) -> None:
    """Reject the rows of the view `wrong_rows`."""
    engine.run(
        'INSERT INTO rejected SELECT "@row", NULL, min(reason), NULL FROM wrong_rows'
        ' GROUP BY "@row"',
        doing="rows checked",
    )


def reject_copies(engine: Engine) -> None:
    """Reject the rows of the view `copies`."""
    engine.run(
        f'INSERT INTO rejected SELECT "@row", NULL, {literal(DUPLICATE)}, min(first) FROM copies'
        ' GROUP BY "@row"',
        doing="rows compared",
    )


def write_rejects(engine: Engine, fields: Sequence[Field], rejects: Rejects) -> Counts:
    """Write the rejected rows in table order."""
    counts = Counts()
    rows = engine.rows(
        'SELECT rejected.row, position, reason, first, raw.* EXCLUDE "@row" FROM rejected'
        ' JOIN raw ON raw."@row" = rejected.row ORDER BY rejected.row',
        doing="rejects written",
    )
    for row, position, reason, first, *cells in rows:
        record = {
            column.name: PRIVATE if column.is_private else _json(cell)
            for column, cell in zip(fields, cells, strict=True)
        }
        if first is not None:
            counts.duplicates += 1
            rejects.add(row=row, reason=reason, record=record, first=first)
            continue
        counts.reasons[reason] += 1
        facts = {} if position is None else _facts(fields[position], reason, record)
        rejects.add(row=row, reason=reason, record=record, **facts)
        counts.examples.setdefault(reason, _example(row, facts))
    return counts


def _facts(column: Field, reason: str, record: dict[str, Any]) -> dict[str, str]:
    value = record[column.name]
    shown = "" if value is None else str(value)
    return {"column": column.name, "value": shown, "expected": column.expectation(reason)}


def _example(row: int, facts: dict[str, str]) -> str:
    if not facts:
        return f"row {row:,}"
    value = facts["value"][:40]
    return f"row {row:,}, column {facts['column']}: expected {facts['expected']}, got '{value}'"


def _json(value: Any) -> Any:
    """Return a raw cell as JSON, which has no NaN; infinity becomes a text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
