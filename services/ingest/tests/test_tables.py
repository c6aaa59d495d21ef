"""The Parquet writer: row groups and parts of bounded size, independent of threads."""

from pathlib import Path

import pyarrow as pa
import pytest
from ingest.tables.parquet_writer import TableWriter
from pyarrow import parquet


def write(folder: Path, batches: list[pa.RecordBatch]) -> list[parquet.FileMetaData]:
    folder.mkdir()
    with TableWriter(folder, batches[0].schema) as writer:
        for batch in batches:
            writer.write(batch)

    assert writer.rows == sum(batch.num_rows for batch in batches)
    return [parquet.read_metadata(path) for path in sorted(folder.iterdir())]


def key_and_kind(rows: int) -> pa.RecordBatch:
    numbers = range(rows)
    return pa.record_batch(
        {"key": [f"k{n}" for n in numbers], "kind": [f"{n % 3}" for n in numbers], "n": numbers}
    )


def test_row_groups_end_at_a_size_whatever_the_batches_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.tables.parquet_writer.GROUP_BYTES", 10_000)
    batch = key_and_kind(100)

    (part,) = write(tmp_path / "parts", [batch] * 20)
    sizes = [part.row_group(number).num_rows for number in range(part.num_row_groups)]
    assert sum(sizes) == 2_000
    assert len(sizes) > 2
    assert max(sizes) * batch.nbytes < 100 * (10_000 + batch.nbytes)


def test_equal_tables_are_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.tables.parquet_writer.MAX_GROUP_ROWS", 100)
    monkeypatch.setattr("ingest.tables.parquet_writer.ROWS_PER_PART", 300)
    for name in ("one", "two"):
        write(tmp_path / name, [key_and_kind(50)] * 20)

    one, two = (
        [(path.name, path.read_bytes()) for path in sorted((tmp_path / name).iterdir())]
        for name in ("one", "two")
    )
    assert len(one) == 4
    assert one == two


def test_texts_that_do_not_repeat_get_no_dictionary(tmp_path: Path) -> None:
    (part,) = write(tmp_path / "parts", [key_and_kind(1000)])

    columns = [part.row_group(0).column(place) for place in range(3)]
    assert [column.has_dictionary_page for column in columns] == [False, True, True]
