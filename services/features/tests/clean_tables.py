"""Tiny clean tables, given as literals in a test."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from features.data.columns import ARROW_TYPES, Column, ColumnType
from pyarrow import parquet
from stage_contract import Artifact
from stage_contract.artifacts.publishing import open_draft, publish

type Cells = Mapping[str, tuple[ColumnType, Sequence[object]]]
"""Type and values by column."""


def table_of(cells: Cells) -> pa.Table:
    return pa.table(
        {name: pa.array(values, ARROW_TYPES[kind]) for name, (kind, values) in cells.items()}
    )


def columns_of(**types: ColumnType) -> tuple[Column, ...]:
    return tuple(Column(name, kind, {"name": name, "type": kind}) for name, kind in types.items())


def publish_clean(
    volume: Path,
    cells: Cells,
    fields: Mapping[str, Mapping[str, Any]],
    *,
    large_strings: bool = False,
    skipped: Sequence[str] = (),
) -> Artifact:
    """Publish clean-data; `fields` adds to the fields of schema.json.

    With `large_strings`, the files are as polars writes them: Arrow's schema is stored in them.
    """
    schema = {
        "fields": [
            {"name": name, "type": kind} | dict(fields.get(name, {}))
            for name, (kind, _) in cells.items()
        ],
        "missingValues": ["", "NA"],
        "timezone": "UTC",
    }
    table = table_of(cells)
    if large_strings:
        kinds = {pa.string(): pa.large_string()}
        table = table.cast(
            pa.schema([f.with_type(kinds.get(f.type, f.type)) for f in table.schema])
        )
    manifest = {"contract": "1.0", "kind": "clean-data", "id": "0" * 16, "rows": len(table)}
    if skipped:
        manifest["lineage"] = [{"source": "t.csv", "skipped": [*skipped]}, {"stage": "ingest"}]
    volume.mkdir()
    with open_draft(volume) as draft:
        (draft.path / "schema.json").write_text(json.dumps(schema))
        half = len(table) // 2
        for number, part in enumerate((table[:half], table[half:])):
            path = draft.folder("table") / f"part-{number:05}.parquet"
            parquet.write_table(part, path, store_schema=large_strings)
        return publish(draft, volume, manifest, run={})
