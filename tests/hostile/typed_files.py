"""Parquet and Arrow files that are torn, or hold what no plain table holds."""

import io

import pyarrow as pa
from hostile.cases import loads, refused
from pyarrow import feather, ipc, parquet

TABLE = pa.table({"a": list(range(1000)), "b": [f"{n}" for n in range(1000)]})
NESTED = (
    "column 'a' is nested ({}); expected one value per cell;"
    ' write skip_columns = ["a"] in [ingest]'
)
PARQUET = "can't be read as Parquet: "
ARROW = "can't be read as Arrow: "


def as_parquet(table: pa.Table, **options: object) -> bytes:
    """Return a table as a Parquet file."""
    sink = io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()


def as_arrow(table: pa.Table) -> bytes:
    """Return a table as an Arrow file."""
    sink = io.BytesIO()
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def as_stream(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream."""
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def as_feather(table: pa.Table) -> bytes:
    """Return a table as a Feather file."""
    sink = io.BytesIO()
    feather.write_feather(table, sink)
    return sink.getvalue()


def overwritten(content: bytes, start: int) -> bytes:
    """Return the bytes with a hundred zeros among them."""
    return content[:start] + bytes(100) + content[start + 100 :]


def pointing_nowhere() -> bytes:
    """Return an Arrow file whose last text ends beyond the file."""
    content = as_arrow(pa.table({"a": ["x" * 37, "y" * 37, "z" * 37]}))
    last = (74).to_bytes(4, "little") + (111).to_bytes(4, "little")
    return content.replace(last, last[:4] + (2**31 - 1).to_bytes(4, "little"))


REPEATED = pa.table([[1], [2], [3]], names=["a", "", "a"])

CASES = [
    loads("parquet-called-csv.csv", as_parquet(TABLE), TABLE.to_pydict()),
    loads(
        "parquet-repeated-names.parquet",
        as_parquet(REPEATED),
        {"a": [1], "column_2": [2], "a_2": [3]},
        told="the column 'a' is called a_2",
    ),
    loads(
        "parquet-of-dictionaries.parquet",
        as_parquet(pa.table({"a": pa.array(["x", None, "x"]).dictionary_encode()})),
        {"a": ["x", None, "x"]},
    ),
    loads(
        "parquet-beyond-doubles.parquet",
        as_parquet(pa.table({"a": pa.array([2**64 - 1, 2**53 + 1], pa.uint64())})),
        {"a": [2**64 - 1, 2**53 + 1]},
    ),
    loads(
        "parquet-of-nulls-alone.parquet",
        as_parquet(pa.table({"a": pa.nulls(2), "b": [1, 2]})),
        {"a": [None, None], "b": [1, 2]},
    ),
    refused("parquet-cut.parquet", as_parquet(TABLE)[:-100], PARQUET),
    refused("parquet-without-start.parquet", b"PAR1\0" + as_parquet(TABLE)[2000:], PARQUET),
    refused("parquet-of-marks-alone.parquet", b"PAR1PAR1", PARQUET),
    refused(
        "parquet-overwritten.parquet",
        overwritten(as_parquet(TABLE, write_page_checksum=True), 300),
        PARQUET,
    ),
    refused(
        "parquet-nested.parquet",
        as_parquet(pa.table({"a": [[1], [2]]})),
        NESTED.format("list<element: int64>"),
    ),
    refused("parquet-without-rows.parquet", as_parquet(TABLE[:0]), "no rows; expected a table"),
    refused(
        "parquet-without-columns.parquet",
        as_parquet(pa.table({})),
        "the file has no columns; expected a table",
    ),
    loads("arrow-file.arrow", as_arrow(TABLE), TABLE.to_pydict()),
    loads("arrow-stream.arrows", as_stream(TABLE), TABLE.to_pydict()),
    loads("feather-version-2.feather", as_feather(TABLE), TABLE.to_pydict()),
    refused(
        "feather-version-1.feather",
        b"FEA1" + bytes(99) + b"FEA1",
        "is a Feather file of version 1; expected CSV, JSON Lines, Parquet, Arrow or Excel, export"
        " it as one",
    ),
    refused("arrow-file-cut.arrow", as_arrow(TABLE)[:-100], ARROW),
    refused("arrow-stream-cut.arrows", as_stream(TABLE)[:-500], ARROW),
    refused("arrow-points-nowhere.arrow", pointing_nowhere(), ARROW),
    refused(
        "arrow-nested.arrow",
        as_arrow(pa.table({"a": [{"x": 1}]})),
        NESTED.format("struct<x: int64>") + ', or flatten = true for columns of the fields of "a"',
    ),
    refused(
        "arrow-of-intervals.arrow",
        as_arrow(pa.table({"a": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})),
        "column 'a' is month_day_nano_interval, which Parquet does not know; expected one"
        ' value per cell; write skip_columns = ["a"] in [ingest]',
    ),
]
