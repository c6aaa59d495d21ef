"""Folders as sources: the files below them, and the columns of Hive partitions."""

import os
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import dataset

type Stage = Any
"""The fixture of conftest.py."""


def test_a_folder_stands_for_the_data_files_below_it(stage: Stage) -> None:
    stage.provide("a\n1\n", "sales/1.csv")
    stage.provide("a\n2\n", "sales/old/2.CSV")
    stage.provide("", "sales/_SUCCESS")
    stage.provide("what this is", "sales/README.md")

    assert stage.run('source = "sales"') == 0
    assert stage.latest().columns == {"a": ["1", "2"]}
    assert "warning: sales/README.md: not read, no known data" in stage.printed()


def test_folders_of_keys_and_values_are_columns_of_texts(stage: Stage) -> None:
    for month, value in (("01", 1), ("02", 2), ("__HIVE_DEFAULT_PARTITION__", 3)):
        stage.provide(f"a\n{value}\n", f"sales/year=2024/month={month}/name=x%2Fy z/t.csv")

    assert stage.run('source = "sales"') == 0
    published = stage.latest()
    assert published.columns == {
        "a": ["1", "2", "3"],
        "year": ["2024"] * 3,
        "month": ["01", "02", None],
        "name": ["x/y z"] * 3,
    }
    assert published.source["files"][0]["partition"] == {
        "year": "2024",
        "month": "01",
        "name": "x/y z",
    }


def test_what_arrow_writes_as_a_partitioned_folder_is_read(stage: Stage) -> None:
    table = pa.table({"price": [1.5, 2.5, 3.5], "cut": ["Good", "Ideal", "Very Good"]})
    dataset.write_dataset(
        table,
        stage.data / "diamonds",
        format="parquet",
        partitioning=dataset.partitioning(pa.schema([("cut", pa.string())]), flavor="hive"),
    )

    assert stage.run('source = "diamonds"') == 0
    assert stage.latest().table.sort_by("price").to_pydict() == table.to_pydict()


def test_folders_that_source_spells_out_are_no_columns(stage: Stage) -> None:
    stage.provide("a\n1\n", "year=2024/month=01/t.csv")

    for source, columns in {
        "year=2024": ["a", "month"],
        "year=2024/*/t.csv": ["a", "month"],
        "year=*/month=01": ["a", "year", "month"],
        "year=2024/month=01/t.csv": ["a"],
    }.items():
        assert stage.run(f'source = "{source}"') == 0
        assert list(stage.latest().columns) == columns, source


def test_a_folder_that_names_a_column_of_the_file_gets_a_number(stage: Stage) -> None:
    stage.provide("a,year\n1,24\n", "sales/year=2024/t.csv")
    stage.provide("a\n2\n", "sales/year=2025/t.csv")

    assert stage.run('source = "sales"') == 0
    assert stage.latest().columns == {
        "a": ["1", "2"],
        "year": ["24", None],
        "year_2": ["2024", "2025"],
    }


def test_a_folder_without_values_beside_others_is_null_there(stage: Stage) -> None:
    stage.provide("a\n1\n", "sales/t.csv")
    stage.provide("a\n2\n", "sales/year=2025/t.csv")

    assert stage.run('source = "sales"') == 0
    assert stage.latest().columns == {"a": ["1", "2"], "year": [None, "2025"]}
    assert "warning: sales/t.csv: no column year, null there" in stage.printed()


def test_a_link_to_a_folder_is_not_followed_but_told(stage: Stage) -> None:
    stage.provide("a\n1\n", "sales/t.csv")
    (stage.data / "sales/again").symlink_to(stage.data / "sales")

    assert stage.run('source = "sales"') == 0
    assert "warning: sales/again: not read" in stage.printed()


@pytest.mark.parametrize("name", ["sales", "sales/2024"])
def test_a_folder_that_may_not_be_read_is_told_with_the_command(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stage.provide("a\n1\n", "sales/2024/t.csv")
    access = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: path != stage.data / name and access(path, mode)
    )

    assert stage.failure('source = "sales"', exit_code=65) == (
        f"{name}: not readable for uid {os.getuid()}; on the host: chmod a+rx data/{name}"
    )


def test_a_link_to_a_folder_inside_is_followed_where_source_names_it(stage: Stage) -> None:
    stage.provide("a\n1\n", "2024/t.csv")
    (stage.data / "now").symlink_to("2024")

    assert stage.run('source = "now"') == 0
    assert "not read" not in stage.printed()


def test_folders_of_many_names_get_no_name_twice(stage: Stage) -> None:
    stage.provide("year\n1\n", "sales/year=2024/year_2=7/t.csv")

    assert stage.run('source = "sales"') == 0
    assert stage.latest().columns == {"year": ["1"], "year_2": ["2024"], "year_2_2": ["7"]}
