"""Dialects: the delimiter is found, the header names the columns."""

from typing import Any

import pytest
from ingest.dialect import find_delimiter

type Stage = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(stage: Stage, delimiter: str) -> None:
    published = stage.read(f"a{delimiter}b\n1{delimiter}2\n")

    assert published.columns == {"a": ["1"], "b": ["2"]}
    assert published.source["files"] == [
        {
            "source": "t.csv",
            "format": "csv",
            "encoding": "utf-8",
            "delimiter": delimiter,
            "quote": '"',
            "header": True,
        }
    ]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n1,5;2,5\n", ";"),
        ("a;b\n1,5;2,5\n1,5\n1,5;2,5\n", ";"),
        ("name|note\nx|one, two\ny|one, two, three\n", "|"),
        ('a,b\n"x;y;z",1\n"x;y;z",2\n', ","),
        ("a\tb c\n1\t2, 3\n", "\t"),
        ('a;b\n"x\n,,,\ny";1\n', ";"),
        ("a\n1\n2\n", ","),
        ("", ","),
    ],
)
def test_the_delimiter_is_the_one_that_splits_the_lines_evenly(text: str, delimiter: str) -> None:
    assert find_delimiter(text, quote='"') == delimiter


def test_a_delimiter_can_be_set(stage: Stage) -> None:
    assert stage.read("a b,c\n1 2,3\n", 'delimiter = " "').columns == {"a": ["1"], "b,c": ["2,3"]}


def test_names_are_trimmed_and_empty_ones_numbered(stage: Stage) -> None:
    published = stage.read(", b ,\n1,2,3\n")

    assert list(published.columns) == ["column_1", "b", "column_3"]
    assert published.source["files"][0]["renamed"] == {"column_1": "", "column_3": ""}


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,b, a", ["a", "b", "a_2"]),
        ("a,a,a_2,a", ["a", "a_3", "a_2", "a_4"]),
        ("column_2,,a", ["column_2", "column_2_2", "a"]),
        (",column_1,", ["column_1_2", "column_1", "column_3"]),
        ("a,A,", ["a", "A", "column_3"]),
    ],
)
def test_no_two_columns_have_one_name_and_every_name_given_is_told(
    stage: Stage, header: str, names: list[str]
) -> None:
    stage.provide(header + "\n" + ",".join(["1"] * len(names)) + "\n")
    assert stage.run() == 0

    assert list(stage.latest().columns) == names
    changed = [name for name, was in zip(names, header.split(","), strict=True) if name != was]
    log = stage.printed()
    assert [name for name in changed if f" {name}\n" in log] == [n for n in changed if n != "a"]


def test_without_a_header_the_columns_are_numbered(stage: Stage) -> None:
    published = stage.read("1,2\n3,4\n", "header = false")

    assert published.columns == {"column_1": ["1", "3"], "column_2": ["2", "4"]}
    assert published.source["columns"][0] == {"name": "column_1", "type": "string"}


@pytest.mark.parametrize("content", ["\n\n", "\r\n" * 50_000, "\ufeff"])
def test_a_file_without_a_header_is_refused(stage: Stage, content: str) -> None:
    assert stage.refuse(content) == "t.csv: the file holds no table; expected a header and rows"


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n\r\n"])
def test_a_header_without_rows_is_refused(stage: Stage, content: str) -> None:
    assert stage.refuse(content) == "t.csv: no rows; expected a table"


def test_an_empty_file_is_refused(stage: Stage) -> None:
    assert stage.refuse("") == "t.csv: the file is empty; expected a table with a header"
