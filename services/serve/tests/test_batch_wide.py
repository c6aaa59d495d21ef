"""Rows of any width: they are read, scored and written in a bounded memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from serve.batch import output, parquet_tables
from serve.batch.parquet_tables import read_batches
from stage_contract.parquet_pages import MAX_PAGE_BYTES, PageError

MIB = 1 << 20
LONG = "x" * 100_000


def write(path: Path, table: pa.Table, **options: object) -> Path:
    parquet.write_table(table, path, **options)
    return path


def peak_bytes(work: Callable[[], object]) -> int:
    """Return how many bytes Arrow held at most during the work."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    try:
        work()
    finally:
        pa.set_memory_pool(before)
    return int(pool.max_memory())


def rows_of(path: Path) -> list[int]:
    """Return how many rows each batch of a file has."""
    schema = parquet.read_schema(path).remove_metadata()
    return [batch.num_rows for batch in read_batches(path, schema)]


def test_a_long_text_that_stands_once_in_the_file_and_in_every_row_takes_little_memory(
    tmp_path: Path,
) -> None:
    table = pa.table({"id": range(2_000), "note": pa.repeat(LONG, 2_000)})
    path = write(tmp_path / "new.parquet", table)
    del table
    assert path.stat().st_size < MIB

    rows: list[int] = []
    taken = peak_bytes(lambda: rows.extend(rows_of(path)))

    assert sum(rows) == 2_000
    assert taken < 64 * MIB


@pytest.mark.parametrize("use_dictionary", [True, False], ids=["dictionary", "plain"])
def test_kilobytes_that_decode_to_a_huge_text_are_refused_before_they_are_decoded(
    tmp_path: Path, *, use_dictionary: bool
) -> None:
    table = pa.table({"id": [1, 2], "note": ["x" * MAX_PAGE_BYTES, "y"]})
    options = {"compression": "zstd", "write_statistics": False, "use_dictionary": use_dictionary}
    path = write(tmp_path / "new.parquet", table, **options)
    del table
    assert path.stat().st_size < 20_000

    def read() -> None:
        with pytest.raises(PageError, match=r"column 'note' has a .* page of 134,217,7.* at most"):
            rows_of(path)

    assert peak_bytes(read) < MIB


def test_a_text_that_a_delta_encoding_repeats_takes_little_memory(tmp_path: Path) -> None:
    delta = {"use_dictionary": False, "column_encoding": {"note": "DELTA_BYTE_ARRAY"}}
    table = pa.table({"id": range(5_000), "note": pa.repeat(LONG, 5_000)})
    path = write(tmp_path / "new.parquet", table, **delta)
    del table
    assert path.stat().st_size < MIB

    rows: list[int] = []
    taken = peak_bytes(lambda: rows.extend(rows_of(path)))

    assert sum(rows) == 5_000
    assert taken < 256 * MIB


def test_long_texts_of_plain_pages_take_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_tables, "BATCH_BYTES", MIB)
    notes = [f"{number}{LONG[:10_000]}" for number in range(3_000)]
    path = write(tmp_path / "new.parquet", pa.table({"note": notes}), use_dictionary=False)

    rows: list[int] = []
    taken = peak_bytes(lambda: rows.extend(rows_of(path)))

    assert sum(rows) == 3_000
    assert taken < 16 * MIB


def test_long_texts_that_stand_side_by_side_are_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_tables, "BATCH_BYTES", MIB)
    notes = ["short"] * 5_000 + [f"{number}{LONG}" for number in range(50)]
    path = write(tmp_path / "new.parquet", pa.table({"note": notes}), use_dictionary=False)
    schema = parquet.read_schema(path)

    batches = [*read_batches(path, schema)]

    assert max(batch.nbytes for batch in batches) <= 2 * MIB
    assert pa.Table.from_batches(batches)["note"].to_pylist() == notes


@pytest.mark.parametrize("group", [1_000, 30_000, 1_000_000])
def test_narrow_rows_are_read_many_at_once_whatever_the_groups_of_the_file(
    tmp_path: Path, group: int
) -> None:
    table = pa.table({"a": np.arange(100_000), "b": ["x", "y"] * 50_000})
    path = write(tmp_path / "new.parquet", table, row_group_size=group)

    assert rows_of(path) == [65_536, 34_464]


def test_columns_within_columns_and_with_dots_in_their_names_are_read(tmp_path: Path) -> None:
    table = pa.table(
        {
            "a.b": ["x", "y"],
            "a": [{"b": "x", "c": [1]}, {"b": "y", "c": None}],
            "of one value": pa.array(["x", None]).dictionary_encode(),
        }
    )
    path = write(tmp_path / "new.parquet", table)
    schema = pa.schema([*table.schema][1:])

    batches = [*read_batches(path, schema)]

    assert pa.Table.from_batches(batches).equals(table.select(schema.names))


def test_a_group_of_the_result_has_a_bounded_number_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "BYTES_PER_GROUP", 10 * len(LONG))
    path = tmp_path / "a.parquet"
    batch = pa.RecordBatch.from_pydict({"note": [LONG] * 4})

    with output.open_writer(path, batch.schema) as writer:
        for _ in range(8):
            writer.write(batch)

    metadata = parquet.ParquetFile(path).metadata
    assert [metadata.row_group(group).num_rows for group in range(3)] == [12, 12, 8]
