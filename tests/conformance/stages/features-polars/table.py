"""The clean table: reading it, values as the graph and as JSON take them, facts of a column."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PanicException, PolarsError
from run import UserError

TYPES = {
    "string": pl.String,
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "datetime": pl.Datetime("us", "UTC"),
    "date": pl.Date,
}
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
MAX_CATEGORIES = 50
MIN_CATEGORY_ROWS = 5

type Field = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows, and the field of each column."""

    rows: pl.DataFrame
    fields: dict[str, Field]

    def column(self, name: str) -> pl.Series:
        # polars takes a name such as ^a$ or * for a pattern.
        return self.rows.get_column(name).alias("value")

    def encoded(self, name: str) -> pl.Series:
        return encoded(self.column(name), self.fields[name]["type"])

    def is_missing(self, name: str) -> pl.Series:
        return is_missing(self.column(name), self.fields[name]["type"])

    def plain(self, name: str) -> list[Any]:
        return plain(self.column(name), self.fields[name]["type"])

    def is_private(self, name: str) -> bool:
        return bool(self.fields[name].get("private"))

    def part(self, mask: pl.Series) -> "Table":
        return Table(self.rows.filter(mask), self.fields)


def read_table(folder: Path) -> tuple[dict[str, Any], Table]:
    """Return the schema and all rows of clean-data."""
    hint = "run the stage before again"
    try:
        schema = json.loads((folder / "schema.json").read_bytes())
        types = {field["name"]: TYPES[field["type"]] for field in schema["fields"]}
        paths = sorted((folder / "table").glob("part-*.parquet"), key=lambda path: path.name)
        parts = [pl.read_parquet(io.BytesIO(path.read_bytes())) for path in paths]
        table = pl.concat(parts, rechunk=True)
    except (OSError, ValueError, KeyError, TypeError, PolarsError, PanicException) as error:
        what = f"schema.json or table/ of {folder} cannot be read: {error!r}"
        raise UserError(65, what, hint) from None
    if dict(table.schema) != types or table.columns != list(types):
        what = f"the columns of table/ in {folder} are not the fields of its schema.json"
        raise UserError(65, what, hint)
    return schema, Table(table, {field["name"]: field for field in schema["fields"]})


def write_table(table: pl.DataFrame, folder: Path) -> None:
    """Write a table as one Parquet file."""
    folder.mkdir()
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    (folder / "part-00000.parquet").write_bytes(buffer.getvalue())


# --- Values ---


def encoded(values: pl.Series, kind: str) -> pl.Series:
    """Return a column as the graph takes it: doubles with NaN, or texts with ''."""
    if kind == "string":
        return values.fill_null("")
    if kind == "date":
        values = values.cast(pl.Int32).cast(pl.Float64) * 86400
    elif kind == "datetime":
        values = values.dt.epoch("us").cast(pl.Float64) / 1e6
    # Zero is added because -0.0 and 0.0 are equal.
    return values.cast(pl.Float64).fill_null(float("nan")) + 0.0


def is_missing(values: pl.Series, kind: str) -> pl.Series:
    """Tell for each row whether its value is missing."""
    values = encoded(values, kind)
    return values == "" if kind == "string" else values.is_nan()


def plain(values: pl.Series, kind: str) -> list[Any]:
    """Return a column as JSON has it, with None for missing."""
    missing = is_missing(values, kind)
    if kind == "datetime":
        values = values.dt.replace_time_zone(None)
        return [value and f"{value.isoformat()}Z" for value in values]
    if kind == "date":
        return [value and value.isoformat() for value in values]
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


# --- Facts of a column ---


def observed(values: pl.Series, field: Field) -> dict[str, Any]:
    """Return what the training rows hold in a column; of a private one only counts."""
    kind = field["type"]
    missing = is_missing(values, kind)
    present = values.filter(~missing)
    facts: dict[str, Any] = {
        "rows": len(values),
        "missing": int(missing.sum()),
        "distinct": present.n_unique(),
    }
    if field.get("private") or present.is_empty():
        return facts
    if kind in ("string", "boolean"):
        counts = frequent(present)
        facts["example"] = counts[0][0]
        if kind == "string":
            facts["categories"] = [
                {"value": value, "rows": rows}
                for value, rows in counts[:MAX_CATEGORIES]
                if rows >= MIN_CATEGORY_ROWS
            ]
            return facts
    numbers = encoded(present, kind).to_numpy()
    # Sums of numbers near the largest double have no value, but their scaled sums have.
    scale = float(np.abs(numbers).max()) or 1.0
    if kind not in ("date", "datetime"):
        facts["mean"] = float((numbers / scale).mean() * scale)
    if kind != "boolean":
        ordered = present.sort()
        ends_and_middle = ordered.gather([0, len(ordered) - 1, len(ordered) // 2])
        facts["minimum"], facts["maximum"], facts["example"] = plain(ends_and_middle, kind)
        quantiles = np.quantile(numbers / scale, QUANTILES) * scale
        facts["quantiles"] = [float(value) for value in quantiles]
    return facts


def frequent(values: pl.Series) -> list[tuple[Any, int]]:
    """Return the values with their counts, the most frequent first."""
    counts = values.alias("value").value_counts(name="rows").rows()
    return sorted(counts, key=lambda each: (-each[1], each[0]))
