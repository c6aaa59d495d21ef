"""Parquet files: types are kept, encodings become plain types."""

import datetime as dt
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ingest.readers.parquet_files import inspect_parquet
from ingest.settings import Settings
from ingest.tables.batches import BATCH_BYTES
from pyarrow import parquet
from stage_contract import ContractError
from stage_contract.parquet_pages import MAX_PAGE_BYTES, decompressed_bytes

NOON = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)

type Stage = Any
"""The fixture of conftest.py."""

SETTINGS = Settings(source="t")


def write(stage: Stage, table: pa.Table, name: str = "t.parquet", **options: Any) -> Path:
    path: Path = stage.data / name
    parquet.write_table(table, path, **options)
    return path


def read(stage: Stage, table: pa.Table) -> pa.Table:
    write(stage, table)
    assert stage.run('source = "t.parquet"') == 0, stage.printed()
    return stage.latest().table


def test_values_and_types_are_kept(stage: Stage) -> None:
    table = pa.table(
        {
            "text": pa.array(["a", None, ""]),
            "whole": pa.array([1, None, -(2**62)]),
            "small": pa.array([1, None, 3], pa.int16()),
            "real": pa.array([0.1, None, float("nan")]),
            "flag": pa.array([True, None, False]),
            "day": pa.array([dt.date(2024, 1, 31), None, None]),
            "moment": pa.array([NOON, None, None], pa.timestamp("us", "UTC")),
            "money": pa.array([decimal.Decimal("1.50"), None, None]),
        }
    )

    found = read(stage, table)

    assert found.schema == table.schema
    assert str(found.to_pydict()) == str(table.to_pydict())


@pytest.mark.parametrize(
    ("array", "plain"),
    [
        (pa.array(["x", "y", "x", None]).dictionary_encode(), "string"),
        (pa.array(["x", "y"], pa.large_string()), "string"),
        (pa.array(["x", "y"], pa.string_view()), "string"),
        (pa.array([b"x", b"y"], pa.large_binary()), "binary"),
        (pa.array([1, 2]).dictionary_encode(), "int64"),
        (pa.array(["x"], pa.large_string()).dictionary_encode(), "string"),
        (pa.array([b"0123456789abcdef"], pa.uuid()), "fixed_size_binary[16]"),
    ],
)
def test_an_encoding_of_the_writer_is_made_plain(stage: Stage, array: pa.Array, plain: str) -> None:
    found = read(stage, pa.table({"a": array}))

    assert str(found.schema.field("a").type) == plain
    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    assert found.column("a").to_pylist() == storage.to_pylist()


def test_the_format_is_told_from_the_first_bytes(stage: Stage) -> None:
    write(stage, pa.table({"a": [1]}), "t.csv")

    assert stage.run() == 0
    assert stage.latest().source["files"] == [{"source": "t.csv", "format": "parquet"}]


def test_what_parquet_stores_otherwise_is_told_as_it_is_stored(stage: Stage) -> None:
    write(stage, pa.table({"a": pa.array([90], pa.duration("s"))}))
    assert stage.run('source = "t.parquet"') == 0

    assert stage.latest().columns == {"a": [90]}
    assert stage.latest().source["columns"] == [{"name": "a", "type": "int64"}]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[1, 2], []]),
        pa.array([{"x": 1}]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    ],
    ids=lambda array: str(array.type),
)
def test_a_nested_column_is_refused(stage: Stage, array: pa.Array) -> None:
    write(stage, pa.table({"id": pa.array(range(len(array))), "a": array}))

    why = stage.failure('source = "t.parquet"', exit_code=65)
    assert why.startswith("t.parquet: column 'a' is nested (")
    assert '; expected one value per cell; write skip_columns = ["a"] in [ingest]' in why


@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.null()])
def test_a_table_without_rows_is_refused(stage: Stage, kind: pa.DataType) -> None:
    empty = pa.table({"a": pa.array([], kind)})
    with parquet.ParquetWriter(stage.data / "t.parquet", empty.schema) as writer:
        writer.write_table(empty)

    why = stage.failure('source = "t.parquet"', exit_code=65)
    assert why == "t.parquet: no rows; expected a table"


def test_a_table_without_columns_is_refused(stage: Stage) -> None:
    write(stage, pa.table({}))

    why = stage.failure('source = "t.parquet"', exit_code=65)
    assert why == "t.parquet: the file has no columns; expected a table"


def test_a_repeated_name_gets_a_number(stage: Stage) -> None:
    assert list(read(stage, pa.table([[1], [2]], names=["a", "a"])).to_pydict()) == ["a", "a_2"]


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_torn_file_is_refused(stage: Stage, share: float) -> None:
    path = write(stage, pa.table({"a": list(range(10_000))}))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    why = stage.failure('source = "t.parquet"', exit_code=65)
    assert why.startswith("t.parquet: can't be read as Parquet: ")
    assert why.endswith("; write the file again")


def test_damaged_data_is_refused(stage: Stage) -> None:
    table = pa.table({"a": [f"{number}" for number in range(10_000)]})
    path = write(stage, table, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[100:200] = bytes(100)
    path.write_bytes(content)

    assert "can't be read as Parquet: " in stage.failure('source = "t.parquet"', exit_code=65)


def test_text_called_parquet_is_refused(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n")

    why = stage.failure('format = "parquet"', exit_code=65)
    assert why.startswith("t.csv: can't be read as Parquet: ")


def test_many_row_groups_and_wide_tables_are_read_in_batches(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.readers.parquet_batches.BATCH_CELLS", 10)
    table = pa.table({name: list(range(100)) for name in "abcdefghijklmno"})
    write(stage, table, row_group_size=7)

    assert stage.run('source = "t.parquet"') == 0
    assert stage.latest().table == table


def test_files_that_differ_only_in_their_encoding_are_one_source(stage: Stage) -> None:
    write(stage, pa.table({"a": pa.array(["x"], pa.large_string())}), "1.parquet")
    write(stage, pa.table({"a": pa.array(["y"]).dictionary_encode()}), "2.parquet")

    assert stage.run('source = "*.parquet"') == 0
    assert stage.latest().columns == {"a": ["x", "y"]}


def peak_bytes(path: Path) -> int:
    """Return the maximum memory of the reader while a batch existed."""
    before, most = pa.total_allocated_bytes(), 0
    for _ in inspect_parquet(path, path.name, SETTINGS).batches():
        most = max(most, pa.total_allocated_bytes() - before)
    return most


def repeated(values: list[Any], count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays([row % len(values) for row in range(count)], values)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}},
        {"use_dictionary": False, "compression": "zstd"},
    ],
    ids=["dictionary", "delta", "plain"],
)
@pytest.mark.parametrize("rows", [500, 5_000])
def test_a_batch_of_long_texts_is_bounded_whatever_stands_for_them(
    stage: Stage, rows: int, options: dict[str, Any]
) -> None:
    texts = repeated([f"{number}{'x' * 20_000}" for number in range(5)], rows)
    table = pa.table({"id": range(rows), "text": texts.dictionary_decode()})
    path = write(stage, table, **options)

    assert peak_bytes(path) < 4 * BATCH_BYTES
    assert (
        sum(batch.rows.num_rows for batch in inspect_parquet(path, "t", SETTINGS).batches()) == rows
    )


def test_long_texts_behind_a_short_one_are_bounded_though_they_repeat_each_other(
    stage: Stage,
) -> None:
    texts = ["short"] + [f"{'x' * 200_000}{row}" for row in range(1_000)]
    delta = {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}
    path = write(stage, pa.table({"text": texts}), compression="zstd", **delta)

    # The probe may read more, but only into memory that it frees.
    assert peak_bytes(path) < 4 * BATCH_BYTES
    batches = [batch.rows for batch in inspect_parquet(path, "t", SETTINGS).batches()]
    assert pa.Table.from_batches(batches).column("text").to_pylist() == texts


@pytest.mark.parametrize(
    "options",
    [{}, {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}],
    ids=["dictionary", "delta"],
)
def test_a_value_longer_than_a_row_may_be_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.setattr("ingest.readers.parquet_batches.MAX_ROW_BYTES", 999)
    write(stage, pa.table({"text": ["a", "x" * 1_000]}), **options)

    why = stage.failure('source = "t.parquet"', exit_code=65)

    assert why.startswith("t.parquet: can't be read as Parquet: column 'text' has a value of 1,000")
    assert "expected at most 999" in why


def peak_pool_bytes(work: Callable[[], object]) -> int:
    """Return the maximum memory that Arrow held during the work, also between batches."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    try:
        work()
    finally:
        pa.set_memory_pool(before)
    return int(pool.max_memory())


@pytest.mark.parametrize("use_dictionary", [True, False], ids=["dictionary", "plain"])
def test_kilobytes_that_decode_to_a_huge_value_are_refused_before_they_are_decoded(
    stage: Stage, *, use_dictionary: bool
) -> None:
    path = write(
        stage,
        pa.table({"id": [1, 2], "note": ["x" * MAX_PAGE_BYTES, "y"]}),
        compression="zstd",
        write_statistics=False,
        use_dictionary=use_dictionary,
    )
    assert path.stat().st_size < 20_000

    def read_batches() -> None:
        with pytest.raises(ContractError) as refused:
            list(inspect_parquet(path, "t.parquet", SETTINGS).batches())
        assert str(refused.value) == (
            "t.parquet: can't be read as Parquet: column 'note' has a"
            f" {'dictionary' if use_dictionary else 'data'} page of {page_bytes:,} bytes"
            " (values: 2), expected at most 134,217,728, in shorter values or smaller pages;"
            " write the file again"
        )

    # Each value follows its length; a data page starts with which values are missing.
    page_bytes = MAX_PAGE_BYTES + 1 + 2 * 4 + (0 if use_dictionary else 6)
    assert peak_pool_bytes(read_batches) < BATCH_BYTES
    assert stage.failure('source = "t.parquet"', exit_code=65)
    assert stage.run('source = "t.parquet"\nskip_columns = ["note"]') == 0


def test_a_huge_page_of_numbers_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stage_contract.parquet_pages.MAX_PAGE_BYTES", 8_000)
    write(stage, pa.table({"a": pa.repeat(0.5, 1_000)}), use_dictionary=False)

    why = stage.failure('source = "t.parquet"', exit_code=65)

    assert "column 'a' has a data page of 8,0" in why
    assert "(values: 1,000), expected at most 8,000" in why


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd"])
def test_the_pages_of_nested_and_missing_values_are_measured(
    stage: Stage, codec: str, version: str
) -> None:
    table = pa.table(
        {
            "a": pa.array([{"b": str(row) * (row % 7), "c": [row]} for row in range(5_000)]),
            "d": pa.array([None] * 5_000, pa.string()),
            "e": [row / 3 for row in range(5_000)],
        }
    )
    options = {"compression": codec, "data_page_version": version, "data_page_size": 1_000}
    path = write(stage, table, row_group_size=2_000, write_page_checksum=True, **options)
    metadata = parquet.read_metadata(path)
    chunks = [
        metadata.row_group(group).column(index)
        for group in range(metadata.num_row_groups)
        for index in range(metadata.num_columns)
    ]

    # The metadata counts the headers as well.
    for chunk in chunks:
        size = decompressed_bytes(path, chunk)
        assert 0 <= size < chunk.total_uncompressed_size < size + 10_000


def test_a_category_of_long_texts_is_bounded(stage: Stage) -> None:
    table = pa.table({"text": repeated(["a" * 20_000, "b" * 20_000], 20_000)})

    assert peak_bytes(write(stage, table)) < 4 * BATCH_BYTES


def test_wide_binary_values_and_late_long_texts_are_bounded(stage: Stage) -> None:
    count = 20_000
    wide = repeated([b"a" * 10_000, b"b" * 10_000], count).dictionary_decode()
    late = ["short"] * (count - 2_000) + [f"{row}{'x' * 5_000}" for row in range(2_000)]
    table = pa.table({"wide": wide.cast(pa.binary(10_000)), "late": late})

    assert peak_bytes(write(stage, table)) < 4 * BATCH_BYTES


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()], ids=str)
@pytest.mark.parametrize("distinct", [50, 20_000], ids=["repeated", "unique"])
def test_one_long_value_does_not_make_a_batch_of_every_row(
    stage: Stage, distinct: int, kind: pa.DataType
) -> None:
    values: list[str | None] = [f"note {row % distinct}" for row in range(20_000)]
    values[500], values[501] = "x" * (BATCH_BYTES + 1), None
    path = write(stage, pa.table({"id": range(20_000), "note": pa.array(values).cast(kind)}))

    batches = [batch.rows for batch in inspect_parquet(path, "t", SETTINGS).batches()]
    assert len(batches) < 50
    assert pa.Table.from_batches(batches).column("note").to_pylist() == (
        pa.array(values).cast(kind).to_pylist()
    )
    assert peak_bytes(path) < 8 * BATCH_BYTES


def test_a_long_value_among_many_that_differ_is_bounded(stage: Stage) -> None:
    """As dictionaries, all texts would stay in memory until the end of the row group."""
    values = [f"{row:>4000}" for row in range(20_000)]
    values[500] = "x" * (BATCH_BYTES // 8)
    path = write(stage, pa.table({"note": values}))

    assert peak_bytes(path) < 4 * BATCH_BYTES


def test_a_long_value_that_all_rows_have_is_bounded(stage: Stage) -> None:
    table = pa.table({"note": repeated(["x" * (BATCH_BYTES // 8)], 1_000)})

    assert peak_bytes(write(stage, table)) < 4 * BATCH_BYTES


def test_what_is_known_of_a_column_does_not_need_its_name(stage: Stage) -> None:
    table = pa.table([["a"], ["b"], ["c"], ["d"], ["e"]], names=["", "", "a", "a.b", "a"])

    assert read(stage, table).num_columns == 5
