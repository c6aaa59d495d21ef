"""DuckDB from CSV to Parquet: `python -m bench.scale.peers.duckdb ingest|typed SOURCE TARGET`."""

import sys

import duckdb


def ingest(source: str, target: str) -> None:
    """Write every row as texts, in file order."""
    duckdb.read_csv(source, all_varchar=True).write_parquet(target, compression="zstd")


def typed(source: str, target: str) -> None:
    """Write every row with the types that DuckDB infers."""
    duckdb.read_csv(source, na_values="NA").write_parquet(target, compression="zstd")


if __name__ == "__main__":
    {"ingest": ingest, "typed": typed}[sys.argv[1]](*sys.argv[2:])
