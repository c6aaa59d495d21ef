"""Writes houses as a source CSV for ingest, or as a raw-data artifact for clean."""

import csv
import json
from pathlib import Path

import pyarrow as pa
from pyarrow import compute

from conformance.inputs.houses import Houses
from conformance.inputs.publishing import publishing, write_table


def write_csv(folder: Path, houses: Houses) -> Path:
    """Write houses.csv, with quotes only where they are needed, and return its path."""
    path = folder / "houses.csv"
    table = as_texts(houses.table)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.schema.names)
        writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return path


def write_raw_data(volume: Path, houses: Houses, *, as_text: bool) -> None:
    """Publish raw-data with string columns, as from CSV, or typed ones, as from Parquet."""
    table = as_texts(houses.table) if as_text else houses.table
    with publishing(volume, "raw-data") as draft:
        write_table(draft.path / "table", table)
        source = {"files": [{"source": "houses.csv", "format": "csv" if as_text else "parquet"}]}
        (draft.path / "source.json").write_text(json.dumps(source), encoding="utf-8")
        draft.rows = table.num_rows


def as_texts(table: pa.Table) -> pa.Table:
    """Return a table with string columns; missing values become empty strings."""
    arrays = [compute.fill_null(column.cast(pa.string()), "") for column in table.columns]
    return pa.Table.from_arrays(arrays, names=table.schema.names)
