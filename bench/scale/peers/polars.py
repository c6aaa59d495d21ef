"""Polars from CSV to Parquet, and from texts to a clean table, as a user would write it.

python -m bench.scale.peers.polars ingest|typed|clean SOURCE TARGET
"""

import json
import sys
from pathlib import Path

import polars as pl

MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N"]
TIME = "time_hour"
TEXTS = ("flight_id", "carrier", "tailnum", "origin", "dest")
NUMBERS = ("dep_delay", "arr_delay", "air_time", "distance")
WHOLE_LIMIT = 2**53
FREQUENT = 20


def ingest(source: str, target: str) -> None:
    """Write every row as texts, in file order."""
    texts = pl.scan_csv(source, infer_schema=False, empty_string_is_null=False)
    texts.sink_parquet(target, compression="zstd")


def typed(source: str, target: str) -> None:
    """Write every row with the types of the first 10,000 rows."""
    table = pl.scan_csv(source, null_values=["NA"], infer_schema_length=10_000)
    table.sink_parquet(target, compression="zstd")


def clean(source: str, target: str) -> None:
    """Write the output of the clean stage: the table, the rejected rows and duplicates, a profile.

    The types are given here, whereas the stage infers them.
    """
    folder = Path(target)
    folder.mkdir()
    raw = pl.scan_parquet(f"{source}/*.parquet")
    names = raw.collect_schema().names()
    present = _present(raw, names).with_row_index("row", 1)
    cells = {name: _typed(name) for name in names}
    typed = present.with_columns(**cells, wrong=_first_wrong(cells))
    first = pl.col("row").min().over([*names, "wrong"])
    judged = typed.with_columns(first=first).collect(engine="streaming")
    is_right = pl.col("wrong").is_null() & (pl.col("row") == pl.col("first"))
    right = judged.filter(is_right).select(names)
    right.write_parquet(folder / "part-00000.parquet", compression="zstd")
    reasons = judged.filter(~is_right).select("row", "first", "wrong").lazy()
    rejects = reasons.join(raw.with_row_index("row", 1), on="row", how="left")
    rejects.sort("row").sink_ndjson(folder / "rejects.jsonl")
    profile = {name: _profile(right[name]) for name in names}
    (folder / "profile.json").write_text(json.dumps(profile, default=str), encoding="utf-8")


def _present(raw: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    trimmed = raw.with_columns(pl.col(names).str.strip_chars())
    return trimmed.with_columns(
        pl.when(~pl.col(name).is_in(MISSING)).then(pl.col(name)).alias(name) for name in names
    )


def _typed(name: str) -> pl.Expr:
    text = pl.col(name)
    if name in TEXTS:
        return text
    if name == TIME:
        return text.str.to_datetime(
            "%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False
        )
    if name in NUMBERS:
        number = text.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)
    whole = text.cast(pl.Int64, strict=False)
    return pl.when(whole.abs() <= WHOLE_LIMIT).then(whole)


def _first_wrong(cells: dict[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first column with an invalid text."""
    return pl.coalesce(
        pl.when(pl.col(name).is_not_null() & cell.is_null()).then(pl.lit(name))
        for name, cell in cells.items()
        if name not in TEXTS
    )


def _profile(values: pl.Series) -> dict[str, object]:
    facts: dict[str, object] = {"missing": values.null_count(), "distinct": values.n_unique()}
    if values.dtype == pl.String:
        counts = values.value_counts(sort=True).head(FREQUENT)
        return facts | {"frequent": counts.rows()}
    return facts | {"minimum": values.min(), "maximum": values.max(), "mean": values.mean()}


if __name__ == "__main__":
    {"ingest": ingest, "typed": typed, "clean": clean}[sys.argv[1]](*sys.argv[2:])
