"""CSV dialects: the delimiter is detected, and the header names the columns."""

from typing import Any

import pytest
from ingest.csv.dialect import find_dialect
from ingest.settings import Settings

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
    found = find_dialect(text, Settings(source="t.csv"), encoding="utf-8", name="t.csv")

    assert found.delimiter == delimiter


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
    assert stage.refuse(content) == "t.csv: the file has no table; expected a header and rows"


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n\r\n"])
def test_a_header_without_rows_is_refused(stage: Stage, content: str) -> None:
    assert stage.refuse(content) == "t.csv: no rows; expected a table"


def test_an_empty_file_is_refused(stage: Stage) -> None:
    assert stage.refuse("") == "t.csv: the file is empty; expected a table with a header"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("title", "settings"),
    [
        ("sep=;{}", ""),
        ('"sep=;"{}', ""),
        ("Sales 2024{}{}", "skip = 2"),
        ('a "title;{}', "skip = 1"),
        ("\ufeffsep=;{}", ""),
    ],
)
def test_lines_before_the_header_are_left_out_and_counted(
    stage: Stage, title: str, settings: str, end: str
) -> None:
    text = title.replace("{}", end) + end.join(["a;b", "1;2", "3", "4;5"])

    published = stage.read(text, settings)

    skipped = title.count("{}")
    assert published.columns == {"a": ["1", "4"], "b": ["2", "5"]}
    assert [reject["row"] for reject in published.rejects] == [skipped + 3]
    assert published.source["files"][0]["skip"] == skipped


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3])
def test_lines_before_the_header_may_come_in_many_chunks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr("ingest.files.text_stream._CHUNK_BYTES", chunk_bytes)

    for end in ("\n", "\r\n", "\r"):
        assert stage.read(end.join(["x", "y", "a", "1"]), "skip = 2").columns == {"a": ["1"]}


@pytest.mark.parametrize("text", ["a\nb\n", "a", ""])
def test_more_lines_to_skip_than_there_are_leave_no_table(stage: Stage, text: str) -> None:
    assert "the file " in stage.refuse(text, "skip = 3")


@pytest.mark.parametrize(
    ("delimiter", "shown"), [(",", ","), (";", ";"), ("\t", "\\t"), ("|", "|")]
)
def test_a_title_is_not_taken_for_the_header(stage: Stage, delimiter: str, shown: str) -> None:
    text = "Sales\na,b\n1,2\n3,4\n".replace(",", delimiter)

    assert stage.refuse(text) == (
        f"t.csv: the first row has one cell, those after it have 2, separated by '{shown}'; set"
        " in [ingest] skip = 1 if the first line is a title, or a delimiter that is not in the file"
        " if there is one column"
    )
    assert stage.read(text, "skip = 1").columns == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize(("first", "warnings"), [("5.1,x", 1), ("2019,x", 0), ("v1.0,b", 0)])
def test_numbers_in_the_header_are_told(stage: Stage, first: str, warnings: int) -> None:
    stage.provide(f"{first}\n1,2\n")
    assert stage.run() == 0

    assert stage.printed().count("set header = false in [ingest] if it is a data row") == warnings


def test_a_quote_is_no_delimiter_that_excel_tells(stage: Stage) -> None:
    assert list(stage.read('sep=",b\n1,2\n').columns) == ['sep="', "b"]


def test_lines_to_skip_without_end_are_refused_before_memory_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.files.text_stream.MAX_ROW_BYTES", 1000)

    assert stage.refuse("a,b\n" + "x" * 2000, "skip = 2").startswith(
        "t.csv: the first 2 lines, which skip leaves out, are longer than 0 MiB; skip fewer"
    )


def test_a_delimiter_that_is_set_may_be_told_by_excel_too(stage: Stage) -> None:
    assert stage.read("sep=;\na;b\n1;2\n", 'delimiter = ";"').columns == {"a": ["1"], "b": ["2"]}


def test_backslashes_escape_if_the_settings_say_so(stage: Stage) -> None:
    text = 'a,b\n"say \\"hi, you\\"",c:\\\\d\nx\\,y,2\n'

    published = stage.read(text, "escape = '\\'")

    assert published.columns == {"a": ['say "hi, you"', "x,y"], "b": ["c:\\d", "2"]}
    assert published.source["files"][0]["escape"] == "\\"
