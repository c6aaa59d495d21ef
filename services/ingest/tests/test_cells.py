"""Cells of a CSV file are read unchanged."""

from typing import Any

import pytest

type Stage = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b\n1,2\n", ["1", "2"]),
        ("a,b\n1,2", ["1", "2"]),
        ("a,b\r\n1,2\r\n", ["1", "2"]),
        ("a,b\r1,2\r", ["1", "2"]),
        ("a,b\n 1 ,\t2  \n", [" 1 ", "\t2  "]),
        ("a,b\nNA,null\n", ["NA", "null"]),
        ('a,b\n,""\n', ["", ""]),
        ("a,b\n007,1e3\n", ["007", "1e3"]),
        ('a,b\n"x\ny","x\r\ny"\n', ["x\ny", "x\r\ny"]),
        ('a,b\n"x""y",""""\n', ['x"y', '"']),
        ('a,b\n5" pipe,x"\n', ['5" pipe', 'x"']),
        ('a,b\n"1,5",2\n', ["1,5", "2"]),
        ("a,b\n1,x\0y\n", ["1", "x\0y"]),
        ("a,b\nGröße,日本 😀\n", ["Größe", "日本 😀"]),
        ("a,b\ne\u0301,x\u2028y\u0085z\n", ["e\u0301", "x\u2028y\u0085z"]),
        ("a,b\ntrue,2024-01-31\n", ["true", "2024-01-31"]),
    ],
)
def test_a_cell_is_kept_faithfully(stage: Stage, text: str, cells: list[str]) -> None:
    published = stage.read(text)

    assert published.columns == {"a": [cells[0]], "b": [cells[1]]}
    assert published.rejects == []


def test_every_column_is_a_string(stage: Stage) -> None:
    schema = stage.read("a,b,c\n1,1.5,true\n").table.schema

    assert [str(field.type) for field in schema] == ["string"] * 3


def test_a_table_of_one_column_is_a_table(stage: Stage) -> None:
    published = stage.read('a\n1\n\n""\n2\n')

    assert published.columns == {"a": ["1", "", "2"]}
    assert published.artifact.rows == 3


def test_blank_lines_are_no_rows(stage: Stage) -> None:
    published = stage.read("\n\r\na,b\n\n1,2\n\n\n3,4\n\n\n")

    assert published.columns == {"a": ["1", "3"], "b": ["2", "4"]}
    assert published.rejects == []


def test_a_line_of_delimiters_is_a_row_of_empty_cells(stage: Stage) -> None:
    assert stage.read("a,b\n,\n").columns == {"a": [""], "b": [""]}


def test_a_cell_of_5_mb_is_kept(stage: Stage) -> None:
    long = "x" * 5_000_000
    published = stage.read(f"a,b\n1,2\n3\n4,{long}\n5,6\n7\n")

    assert published.columns == {"a": ["1", "4", "5"], "b": ["2", long, "6"]}
    assert [reject["row"] for reject in published.rejects] == [3, 6]


def test_a_header_longer_than_a_block_is_read(stage: Stage) -> None:
    names = [f"a_rather_long_name_of_column_{number}" for number in range(5000)]
    published = stage.read(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")

    assert list(published.columns) == names


def test_cells_of_several_files_follow_each_other_in_the_order_of_the_names(stage: Stage) -> None:
    for name in ("2.csv", "10.csv", "a/1.csv"):
        stage.provide(f"a\n{name}\n", name)

    assert stage.run('source = "**/*.csv"') == 0
    assert stage.latest().columns == {"a": ["10.csv", "2.csv", "a/1.csv"]}


def test_parts_are_of_bounded_size(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.tables.parquet_writer.MAX_GROUP_ROWS", 2)
    monkeypatch.setattr("ingest.tables.parquet_writer.ROWS_PER_PART", 3)
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (16,))
    published = stage.read("a,b\n" + "".join(f"{number},x\n" for number in range(20)))

    assert published.columns["a"] == [str(number) for number in range(20)]
    names = [path.name for path in published.artifact.files("table")]
    assert names == [f"part-{number:05}.parquet" for number in range(len(names))]
    assert len(names) > 3
