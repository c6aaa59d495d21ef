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
    """Return `count` rows, ordinary rows first, with the values of private columns removed.

    The last rows are, if possible: a row with missing values, a row with a text that training never
    had, and a row without any optional value.
    """
    usable = [row for row in rows.to_pylist() if _is_complete(row, schema)] or rows.to_pylist()
    special = [
        *[row for row in usable if _count_missing(row)][:1],
        *_unseen_text_row(usable[0], schema),
        *_required_only_row(usable[0], schema),
    ]
    plain = np.linspace(0, len(usable) - 1, max(1, count - len(special))).astype(int)
    ordinary = sorted((usable[index] for index in np.unique(plain)), key=_count_missing)
    chosen = [_remove_private(row, schema) for row in [*ordinary, *special]]
    return pa.Table.from_pylist(chosen[:count], schema=rows.schema)


def example_lines(rows: pa.Table, outputs: Outputs) -> Iterator[str]:
    """Yield a line of JSON for each row and its outputs."""
    expected = outputs["probabilities" if "probabilities" in outputs else "prediction"]
    for index, row in enumerate(rows.to_pylist()):
        output = expected[index]
        line = {
            "row": {name: as_json(value) for name, value in row.items()},
            "expected": shortest_decimal(output)
            if output.ndim == 0
            else [shortest_decimal(value) for value in output],
        }
        if "low" in outputs:
            line["interval"] = [shortest_decimal(outputs[end][index]) for end in ("low", "high")]
        if "quantiles" in outputs:
            line["quantiles"] = [shortest_decimal(each) for each in outputs["quantiles"][index]]
        yield json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(value: object) -> object:
    """Return a typed value as JSON, by the contract's table of types."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def shortest_decimal(value: np.float32) -> float:
    """Return the number with the fewest decimals that rounds to this float32."""
    return float(str(value))


def _is_complete(row: Row, schema: Schema) -> bool:
    """Return whether the API accepts this row."""
    return all(row[column.name] is not None for column in schema.fields if not column.is_optional)


def _count_missing(row: Row) -> int:
    return sum(value is None for value in row.values())


def _unseen_text_row(row: Row, schema: Schema) -> Iterable[Row]:
    column = next(filter(_takes_any_text, schema.fields), None)
    return [row | {column.name: UNSEEN}] if column else []


def _takes_any_text(column: InputColumn) -> bool:
    is_free = not any(rule in column.constraints for rule in _RULES_FOR_TEXTS)
    return column.type == "string" and is_free and not column.private


def _required_only_row(row: Row, schema: Schema) -> Iterable[Row]:
    optional = [column.name for column in schema.fields if column.is_optional]
    return [row | dict.fromkeys(optional)] if optional else []


def _remove_private(row: Row, schema: Schema) -> Row:
    return row | {column.name: None for column in schema.fields if column.private}
