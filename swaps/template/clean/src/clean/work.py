"""Reads raw-data batch by batch, finds the types, and writes clean-data and rejects."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from stage_contract import Artifact, ContractError, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json

from clean.columns import PARQUET, cast, narrowest, prepare
from clean.rules import describe, faults
from clean.settings import Settings


def clean(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, schema.json, profile.json and rejects/."""
    parts = [parquet.ParquetFile(path) for path in source.files("table")]
    schema = describe(_find_types(parts, settings), settings)
    missing = dict.fromkeys((field["name"] for field in schema["fields"]), 0)
    progress = Progress("rows cleaned", total=source.rows)
    with Rejects(draft.path) as rejects, _writer(draft, schema) as writer:
        for first_row, batch in _batches(parts):
            table = _clean(batch, schema, settings, rejects=rejects, first_row=first_row)
            writer.write_table(table)
            draft.rows += len(table)
            for name, column in zip(missing, table.columns, strict=True):
                missing[name] += column.null_count
            progress.add(len(batch))
    if source.rows and not draft.rows:
        raise ContractError(f"all {source.rows:,} rows were rejected; fix [clean.columns]")
    draft.rejected = rejects.count
    write_json(draft.path / "schema.json", schema)
    columns = draft.columns = [
        {"name": field["name"], "type": field["type"], "missing": missing[field["name"]]}
        for field in schema["fields"]
    ]
    write_json(draft.path / "profile.json", {"rows": draft.rows, "columns": columns})


def _find_types(parts: list[parquet.ParquetFile], settings: Settings) -> dict[str, str]:
    """Return the type of each column, found over all rows."""
    types: dict[str, str | None] = dict.fromkeys(parts[0].schema_arrow.names)
    for _, batch in _batches(parts):
        for name, values in zip(types, batch.columns, strict=True):
            types[name] = narrowest(prepare(values, settings.missing), types[name])
    return {name: kind or _type_without_values(name, settings) for name, kind in types.items()}


def _type_without_values(name: str, settings: Settings) -> str:
    column = settings.columns.get(name)
    return "number" if column is not None and column.bounds else "string"


def _clean(
    batch: pa.RecordBatch,
    schema: dict[str, Any],
    settings: Settings,
    *,
    rejects: Rejects,
    first_row: int,
) -> pa.Table:
    """Return the rows that keep the rules; the others go to rejects/."""
    fields = schema["fields"]
    columns = [
        cast(prepare(values, settings.missing), field["type"])
        for values, field in zip(batch.columns, fields, strict=True)
    ]
    wrong: dict[int, tuple[str, str, str]] = {}
    for field, values in zip(fields, columns, strict=True):
        for reason, expected, mask in faults(values, field):
            for row in pa.compute.indices_nonzero(mask).to_pylist():
                wrong.setdefault(row, (field["name"], reason, expected))
    for row, (name, reason, expected) in sorted(wrong.items()):
        record = {each: _json(value) for each, value in batch.slice(row, 1).to_pylist()[0].items()}
        about = {"column": name, "value": str(record[name]), "expected": expected}
        rejects.add(row=first_row + row, reason=reason, record=record, **about)
    kept = pa.array([row not in wrong for row in range(len(batch))], pa.bool_())
    return pa.Table.from_arrays(columns, schema=_arrow(schema)).filter(kept)


def _batches(parts: list[parquet.ParquetFile]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield batches with the number of their first row, counted from 1."""
    row = 1
    for part in parts:
        for batch in part.iter_batches():
            yield row, batch
            row += len(batch)


def _writer(draft: Draft, schema: dict[str, Any]) -> parquet.ParquetWriter:
    path = draft.folder("table") / "part-00000.parquet"
    return parquet.ParquetWriter(path, _arrow(schema), compression="zstd", store_schema=False)


def _arrow(schema: dict[str, Any]) -> pa.Schema:
    return pa.schema([(field["name"], PARQUET[field["type"]]) for field in schema["fields"]])


def _json(value: Any) -> Any:
    """Return a cell as JSON knows it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
