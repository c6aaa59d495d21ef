"""Schema drift: files of one source are aligned by name, and differences are logged."""

import decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

type Stage = Any
"""The fixture of conftest.py."""

CSV = 'source = "*.csv"'
PARQUET = 'source = "*.parquet"'


def write(stage: Stage, number: int, **columns: Any) -> None:
    parquet.write_table(pa.table(columns), stage.data / f"{number}.parquet")


def test_columns_are_aligned_by_name_and_missing_ones_are_null(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "1.csv")
    stage.provide("b,a\n3,4\n", "2.csv")
    stage.provide("c,b\n5,\n", "3.csv")

    assert stage.run(CSV) == 0
    published = stage.latest()
    assert published.columns == {
        "a": ["1", "4", None],
        "b": ["2", "3", ""],
        "c": [None, None, "5"],
    }
    drift = [
        {key: file.get(key) for key in ("missing", "reordered")}
        for file in published.source["files"]
    ]
    assert drift == [
        {"missing": ["c"], "reordered": None},
        {"missing": ["c"], "reordered": True},
        {"missing": ["a"], "reordered": True},
    ]
    log = stage.printed()
    assert "warning: 1.csv and 1 more: no column c, null there\n" in log
    assert "warning: 3.csv: no column a, null there\n" in log
    assert "warning: 2.csv and 1 more: the columns come in another order, aligned by" in log


def test_equal_files_have_nothing_told(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "1.csv")
    stage.provide("a,b\n3,4\n", "2.csv")

    assert stage.run(CSV) == 0
    assert "warning" not in stage.printed()


def test_many_differences_are_told_in_a_few_lines(stage: Stage) -> None:
    for number in range(30):
        stage.provide(f"a,b{number}\n1,2\n", f"{number}.csv")

    assert stage.run(CSV) == 0
    log = stage.printed()
    assert log.count("warning") == 11
    assert "warning: 20 differences more, see source.json\n" in log


def test_small_files_are_written_together(stage: Stage) -> None:
    for number in range(50):
        stage.provide(f"a,b\n{number},2\n", f"{number:02}.csv")

    assert stage.run(CSV) == 0
    published = stage.latest()
    (path,) = published.artifact.files("table")
    assert parquet.read_metadata(path).num_row_groups == 1
    assert published.columns["a"] == [f"{number}" for number in range(50)]


def test_files_without_any_common_column_are_refused(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "1.csv")
    stage.provide("c,d\n1,2\n", "2.csv")

    assert stage.failure(CSV, exit_code=65) == (
        "2.csv: no column in common with 1.csv (c, … against a, …); expected files of one table,"
        " narrow source or fix the header"
    )


def test_without_headers_files_must_be_as_wide(stage: Stage) -> None:
    stage.provide("1,2\n", "1.csv")
    stage.provide("3,4\n", "2.csv")
    assert stage.run(CSV + "\nheader = false") == 0
    assert stage.latest().columns == {"column_1": ["1", "3"], "column_2": ["2", "4"]}


def test_without_headers_another_width_is_refused(stage: Stage) -> None:
    stage.provide("1,2\n", "1.csv")
    stage.provide("3,4,5\n", "2.csv")

    assert stage.failure(CSV + "\nheader = false", exit_code=65) == (
        "2.csv: 3 columns, 1.csv has 2; without a header they can't be aligned; expected as many"
        " in every file of a source"
    )


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (pa.array([1], pa.int8()), pa.array([2], pa.int64()), "int64"),
        (pa.array([1], pa.int32()), pa.array([2.5]), "double"),
        (pa.array([0.5], pa.float32()), pa.array([2.5]), "double"),
        (pa.array([None]), pa.array(["x"]), "string"),
        (pa.array([decimal.Decimal("1.5")]), pa.array([7], pa.int32()), "decimal128(11, 1)"),
        (pa.array([1], pa.timestamp("ms", "UTC")), pa.array([1], pa.timestamp("us", "UTC")), "us"),
    ],
    ids=str,
)
def test_types_are_widened_where_every_value_stays_what_it_is(
    stage: Stage, one: pa.Array, other: pa.Array, common: str
) -> None:
    for first, second in ((one, other), (other, one)):
        write(stage, 1, a=first)
        write(stage, 2, a=second)

        assert stage.run(PARQUET) == 0, stage.printed()
        column = stage.latest().table.column("a")
        assert common in str(column.type)
        assert column.to_pylist() == first.to_pylist() + second.to_pylist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1]), pa.array(["x"])),
        (pa.array([1]), pa.array([True])),
        (pa.array([1.5]), pa.array([decimal.Decimal("1.5")])),
        (pa.array([1], pa.timestamp("us", "UTC")), pa.array([1], pa.timestamp("us"))),
        (pa.array([1], pa.timestamp("us")), pa.array([1], pa.date32())),
        (pa.array(["x"]), pa.array([b"x"])),
    ],
    ids=str,
)
def test_types_that_have_nothing_in_common_are_refused(
    stage: Stage, one: pa.Array, other: pa.Array
) -> None:
    write(stage, 1, a=one)
    write(stage, 2, a=other)

    assert stage.failure(PARQUET, exit_code=65) == (
        f"2.parquet: column 'a' is {other.type}, and {one.type} in 1.parquet; expected one type in"
        " every file of a source, write one of them again"
    )


def test_a_value_that_the_common_type_can_not_hold_is_refused(stage: Stage) -> None:
    write(stage, 1, a=pa.array([2**53 + 1]))
    write(stage, 2, a=pa.array([0.5]))

    why = stage.failure(PARQUET, exit_code=65)
    assert why.startswith("1.parquet: column 'a' is int64, and with the other files' double, where")
    assert "9007199254740993" in why


def test_texts_beside_typed_columns_are_refused(stage: Stage) -> None:
    stage.provide("a\n1\n", "1.csv")
    write(stage, 2, a=pa.array([1]))

    why = stage.failure('source = "[12].*"', exit_code=65)
    assert why.startswith("2.parquet: column 'a' is int64, and string in 1.csv; expected one type")
