"""Example rows with expected outputs: a server replays them before it serves the model."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from modelling.data.edge_cases import UNSEEN
from modelling.data.problem import InputColumn, Schema
from modelling.graphs.session import Outputs

type Row = dict[str, Any]

_RULES_FOR_TEXTS = ("enum", "pattern", "minLength", "maxLength")


def choose_examples(rows: pa.Table, schema: Schema, *, count: int) -> pa.Table:
    """Return `count` rows, ordinary ones first, with the values of private columns removed.

    The last ones are, where possible: one with missing values, one with a text that training never
    had, and one without any optional value.
    """
    usable = [row for row in rows.to_pylist() if _is_complete(row, schema)] or rows.to_pylist()
    special = [
        *[row for row in usable if _missing(row)][:1],
        *_unseen(usable[0], schema),
        *_bare(usable[0], schema),
    ]
    plain = np.linspace(0, len(usable) - 1, max(1, count - len(special))).astype(int)
    ordinary = sorted((usable[index] for index in np.unique(plain)), key=_missing)
    chosen = [_without_private(row, schema) for row in [*ordinary, *special]]
    return pa.Table.from_pylist(chosen[:count], schema=rows.schema)


def example_lines(rows: pa.Table, answers: Outputs) -> Iterator[str]:
    """Yield a line of JSON for each row and its outputs."""
    expected = answers["probabilities" if "probabilities" in answers else "prediction"]
    for place, row in enumerate(rows.to_pylist()):
        answer = expected[place]
        line = {
            "row": {name: as_json(value) for name, value in row.items()},
            "expected": shortest(answer) if answer.ndim == 0 else [shortest(a) for a in answer],
        }
        if "low" in answers:
            line["interval"] = [shortest(answers[end][place]) for end in ("low", "high")]
        yield json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(value: object) -> object:
    """Return a typed value as JSON, by the contract's table of types."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def shortest(value: np.float32) -> float:
    """Return the number with the fewest decimals that rounds to this float32."""
    return float(str(value))


def _is_complete(row: Row, schema: Schema) -> bool:
    """Return whether the API accepts this row."""
    return all(row[column.name] is not None for column in schema.fields if not column.is_optional)


def _missing(row: Row) -> int:
    return sum(value is None for value in row.values())


def _unseen(row: Row, schema: Schema) -> Iterable[Row]:
    column = next(filter(_takes_any_text, schema.fields), None)
    return [row | {column.name: UNSEEN}] if column else []


def _takes_any_text(column: InputColumn) -> bool:
    is_free = not any(rule in column.constraints for rule in _RULES_FOR_TEXTS)
    return column.type == "string" and is_free and not column.private


def _bare(row: Row, schema: Schema) -> Iterable[Row]:
    optional = [column.name for column in schema.fields if column.is_optional]
    return [row | dict.fromkeys(optional)] if optional else []


def _without_private(row: Row, schema: Schema) -> Row:
    return row | {column.name: None for column in schema.fields if column.private}
