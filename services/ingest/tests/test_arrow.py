"""Arrow files (Feather) and streams: types are kept, encodings become plain types."""

import io
import struct
from typing import Any

import pyarrow as pa
import pytest
from ingest.readers.arrow_files import inspect_arrow
from ingest.settings import Settings
from ingest.tables.batches import BATCH_BYTES
from ingest.tables.decoded_sizes import decoded_bytes, longest_value
from pyarrow import feather, ipc

type Stage = Any
"""The fixture of conftest.py."""

TABLE = pa.table(
    {
        "text": ["a", None, ""] * 100,
        "whole": pa.array([1, None, -(2**62)] * 100),
        "kind": pa.array(["x", "y", None] * 100).dictionary_encode(),
        "large": pa.array(["x", "y", None] * 100, pa.large_string()),
    }
)
PLAIN = pa.schema([("text", "string"), ("whole", "int64"), ("kind", "string"), ("large", "string")])

SETTINGS = Settings(source="t")


def as_file(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    with ipc.new_file(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=70)
    return sink.getvalue()


def as_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=70)
    return sink.getvalue()


def as_feather(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize("write", [as_file, as_stream, as_feather])
def test_values_are_kept_and_types_made_plain(stage: Stage, write: Any) -> None:
    published = stage.read(write(TABLE))

    assert published.table.schema == PLAIN
    assert published.table.to_pydict() == TABLE.to_pydict()
    assert published.source["files"] == [{"source": "t.csv", "format": "arrow"}]


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compressed_batches_are_read(stage: Stage, compression: str) -> None:
    assert stage.read(as_file(TABLE, compression=compression)).columns == TABLE.to_pydict()


def test_large_batches_are_written_in_small_ones(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.readers.arrow_files.BATCH_CELLS", 40)
    written: list[int] = []
    write = "ingest.tables.parquet_writer.TableWriter.write"
    monkeypatch.setattr(write, lambda _, batch: written.append(batch.num_rows))
    stage.provide(as_feather(TABLE))

    assert stage.run() == 65
    assert written == [10] * 30


@pytest.mark.parametrize("write", [as_file, as_stream])
def test_a_nested_column_is_refused(stage: Stage, write: Any) -> None:
    why = stage.refuse(write(pa.table({"id": [1], "a": [[1, 2]]})))

    assert why.startswith("t.csv: column 'a' is nested (list<")


@pytest.mark.parametrize(
    "array",
    [
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.RunEndEncodedArray.from_arrays([1], ["x"]),
    ],
    ids=lambda array: str(array.type),
)
def test_a_type_that_parquet_does_not_know_is_refused(stage: Stage, array: pa.Array) -> None:
    why = stage.refuse(as_file(pa.table({"a": array})))

    assert why.startswith(f"t.csv: column 'a' is {array.type}, which Parquet does not know;")


@pytest.mark.parametrize(
    "table", [pa.table({"a": pa.array([], pa.int64())}), pa.table({})], ids=["rows", "columns"]
)
def test_a_file_without_a_table_is_refused(stage: Stage, table: pa.Table) -> None:
    assert stage.refuse(as_file(table)) in (
        "t.csv: no rows; expected a table",
        "t.csv: the file has no columns; expected a table",
    )


@pytest.mark.parametrize("write", [as_file, as_stream])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_a_torn_file_is_refused(stage: Stage, write: Any, share: float) -> None:
    content = write(TABLE)

    why = stage.refuse(content[: int(len(content) * share)])
    assert why.startswith("t.csv: can't be read as Arrow: ")
    assert why.endswith("; write the file again")


def test_a_stream_that_ends_between_two_batches_is_told(stage: Stage) -> None:
    content = as_stream(TABLE)
    mark = b"\xff\xff\xff\xff\0\0\0\0"
    assert content.endswith(mark)
    message = "t.csv: the Arrow stream has no end marker, so rows may be missing"

    stage.read(content)
    assert message not in stage.printed()
    assert stage.read(content.removesuffix(mark)).table.num_rows == TABLE.num_rows
    assert message in stage.printed()


def test_offsets_that_point_nowhere_are_refused(stage: Stage) -> None:
    content = as_file(pa.table({"a": ["x" * 37, "y" * 37, "z" * 37]}))
    last = (74).to_bytes(4, "little") + (111).to_bytes(4, "little")
    assert content.count(last) == 1

    why = stage.refuse(content.replace(last, last[:4] + (2**31 - 1).to_bytes(4, "little")))
    assert why.startswith("t.csv: can't be read as Arrow: ")


@pytest.mark.parametrize("write", [as_file, as_stream])
def test_a_file_is_not_read_ahead_of_its_batches(stage: Stage, write: Any) -> None:
    table = pa.table({"a": [f"{number:09}" for number in range(100_000)]})
    path = stage.provide(write(table))

    before = pa.total_allocated_bytes()
    batches = inspect_arrow(path, "t.csv", SETTINGS).batches()
    first = next(batches)

    assert first.rows.num_rows == 70
    assert pa.total_allocated_bytes() - before < path.stat().st_size / 10
    assert sum(batch.rows.num_rows for batch in batches) == table.num_rows - 70


def views(texts: list[str], indices: list[int]) -> pa.Array:
    """Return texts that are stored once each, in a view array."""
    data = "".join(texts).encode()
    starts = [sum(len(text) for text in texts[:number]) for number in range(len(texts))]
    seen = b"".join(
        struct.pack("<i4sii", len(texts[index]), texts[index][:4].encode(), 0, starts[index])
        for index in indices
    )
    buffers = [None, pa.py_buffer(seen), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string_view(), len(indices), buffers)


@pytest.mark.parametrize("kind", ["dictionary", "view"])
def test_a_batch_of_long_texts_is_cut_whatever_stands_for_them(stage: Stage, kind: str) -> None:
    texts, indices = ["a" * 20_000, "b" * 10_000], [0, 1] * 5_000
    as_views = views(texts, indices)
    column = pa.DictionaryArray.from_arrays(indices, texts) if kind == "dictionary" else as_views
    path = stage.provide(as_file(pa.table({"id": range(10_000), "text": column})))
    sizes = [batch.rows.nbytes for batch in inspect_arrow(path, "t.csv", SETTINGS).batches()]

    assert len(sizes) > 1
    assert sum(sizes) > 150_000_000
    assert max(sizes) < BATCH_BYTES * 1.1


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_the_length_of_views_is_that_of_their_values(kind: pa.DataType) -> None:
    texts = pa.array(["", "Köln", None, "a text of more than 12 bytes"] * 2, kind)

    assert decoded_bytes(pa.record_batch({"a": texts})) == 2 * (5 + 28)
    assert decoded_bytes(pa.record_batch({"a": texts.slice(1, 3)})) == 5 + 28
    assert decoded_bytes(pa.record_batch({"a": texts.dictionary_encode()})) == 2 * (5 + 28)
    assert longest_value(texts) == 28
    assert longest_value(texts.slice(0, 2)) == 5
