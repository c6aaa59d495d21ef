"""Malformed lines go to rejects/ with line number and raw text; no line is lost."""

from typing import Any

import pytest

type Stage = Any
"""The fixture of conftest.py."""


def numbers_and_texts(published: Any) -> list[tuple[int, str]]:
    return [(reject["row"], reject["record"]) for reject in published.rejects]


def test_a_line_with_too_many_or_too_few_cells_is_rejected(stage: Stage) -> None:
    published = stage.read("a,b\n1,2\n3\n4,5,6\n7,8\n")

    assert published.columns == {"a": ["1", "7"], "b": ["2", "8"]}
    assert published.rejects == [
        {
            "row": 3,
            "reason": "malformed line",
            "file": "t.csv",
            "value": "1 cells",
            "expected": "2 cells",
            "record": "3",
        },
        {
            "row": 4,
            "reason": "malformed line",
            "file": "t.csv",
            "value": "3 cells",
            "expected": "2 cells",
            "record": "4,5,6",
        },
    ]
    assert published.artifact.manifest["metrics"] == {
        "rejected": 2,
        "rejected_by_reason": {"malformed line": 2},
    }
    assert published.artifact.rows == 2


@pytest.mark.parametrize(
    ("text", "malformed"),
    [
        ("a,b\r\n1,2\r\n3\r\n4,5\r\n", [(3, "3")]),
        ("a,b\r1,2\r3\r4,5\r", [(3, "3")]),
        ("a,b\n\n\n1,2\n\n3\n", [(6, "3")]),
        ('a,b\n"x\ny\n\nz",2\n3\n', [(6, "3")]),
        ('a,b\n"x\r\ny",2\n3\n', [(4, "3")]),
        ('"a\nx",b\n1,2\n3\n', [(4, "3")]),
        ('a,b\n1,2\n"x\ny"\n3\n4,5\n', [(3, '"x\ny"'), (5, "3")]),
        ('a,b\n1,2\n""\n', [(3, '""')]),
        ("a,b\n1,2\n \n", [(3, " ")]),
        ("a,b\n1,2\n3", [(3, "3")]),
        ("a,b\n1,2\nGröße, ,😀\n", [(3, "Größe, ,😀")]),
        ("a,b\n1,2\n,,\n", [(3, ",,")]),
        ("a\n1\n2,3\n", [(3, "2,3")]),
    ],
)
def test_a_malformed_line_comes_with_its_line_number_and_raw_text(
    stage: Stage, text: str, malformed: list[tuple[int, str]]
) -> None:
    published = stage.read(text, 'delimiter = ","')

    assert numbers_and_texts(published) == malformed


def test_without_a_header_the_first_line_counts_the_cells(stage: Stage) -> None:
    published = stage.read("1,2\n3\n4,5\n", "header = false")

    assert published.columns == {"column_1": ["1", "4"], "column_2": ["2", "5"]}
    assert numbers_and_texts(published) == [(2, "3")]


@pytest.mark.parametrize("block_bytes", [16, 23, 64, 1000])
def test_line_numbers_go_on_from_block_to_block(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (block_bytes,))
    lines = ["a,b"] + [f"{number},x" if number % 7 else f"{number}" for number in range(2, 200)]

    published = stage.read("\n".join(lines) + "\n")

    assert numbers_and_texts(published) == [(n, f"{n}") for n in range(7, 200, 7)]
    assert published.columns["a"] == [f"{n}" for n in range(2, 200) if n % 7]


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_block_of_malformed_lines_alone_ends_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (16,))
    good, bad = "1,2\n" * 20, "3\n" * 40
    text = {"first": bad + good, "middle": good + bad + good, "last": good + bad}[where]

    published = stage.read("a,b\n" + text)

    assert published.artifact.rows == text.count("1,2")
    assert len(published.rejects) == 40


def test_each_file_counts_its_own_lines(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n3\n", "1.csv")
    stage.provide("a,b\n4\n5,6\n", "2.csv")

    assert stage.run('source = "*.csv"') == 0
    found = [(reject["file"], reject["row"]) for reject in stage.latest().rejects]
    assert found == [("1.csv", 3), ("2.csv", 2)]


def test_a_file_with_malformed_lines_alone_is_refused(stage: Stage) -> None:
    assert stage.refuse("a,b\n1\n2\n") == (
        "t.csv: no rows but 2 malformed lines, first line 2 with 1 cells, expected 2 cells;"
        " fix the file, or check delimiter, quote and skip in [ingest]"
    )


def test_a_header_that_fits_no_line_is_refused_before_memory_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.csv.csv_files.MAX_MALFORMED", 1000)
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (1000,))

    assert stage.refuse("a,b\n" + "1,2,\n" * 2000 + "1,2\n") == (
        "t.csv: too many consecutive lines do not have as many cells as the first;"
        " fix the file, or set delimiter, quote or skip in [ingest]"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n7,8\n', 3),
        ('a,b\n1,2\n3,"4', 3),
        ('a,b\n"1\n\n1",2\n"3\n', 5),
        ('a,"b\n1,2\n3,4\n', 1),
        ('\n\na,"b\n1,2\n3,4\n', 3),
    ],
)
def test_a_quote_that_is_never_closed_is_refused_with_its_line(
    stage: Stage, text: str, line: int
) -> None:
    assert stage.refuse(text, 'delimiter = ","') == (
        f"t.csv: a quote is opened in the row of line {line} and never closed;"
        ' close it, or set quote = "" in [ingest] if quotes mean nothing'
    )


def test_a_quote_that_is_never_closed_is_refused_when_the_longest_row_is_reached(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (16, 64))

    assert "t.csv: the row after line 2 is longer than 64 MiB; close the quote" in stage.refuse(
        'a,b\n1,2\n3,"4\n' + "5,6\n" * 100, 'delimiter = ","'
    )


def test_quotes_can_mean_nothing(stage: Stage) -> None:
    published = stage.read('a,b\n1,"2\n"3",4\n', 'quote = ""')

    assert published.columns == {"a": ["1", '"3"'], "b": ['"2', "4"]}


def test_another_character_can_quote(stage: Stage) -> None:
    published = stage.read("a,b\n'1,5','it''s'\n", 'quote = "\'"')

    assert published.columns == {"a": ["1,5"], "b": ["it's"]}


TRUNCATED = "t.csv: the last line is incomplete and has no line end, so the file may be truncated"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a,b\n1,2\n3", ""),
        ("a,b\n1,2\n3,4,5\n6", ""),
        ('a,b\n1,2\n"3\n4"', ""),
        ("a§b\n1§2\n3", 'delimiter = "§"'),
        ('{"a": 1}\n{"a": 2', ""),
    ],
)
def test_a_last_line_that_is_incomplete_and_has_no_line_end_is_reported_once(
    stage: Stage, text: str, settings: str
) -> None:
    published = stage.read(text, settings)

    assert len(published.rejects) == text.count("5") + 1
    assert stage.printed().count(TRUNCATED) == 1


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a,b\n1,2\n3\n", ""),
        ("a,b\n1,2\n3\n4,5", ""),
        ("a,b\n1,2\n3,4,5", ""),
        ("a§b\n1§2\n3\n", 'delimiter = "§"'),
        ("a§b\n1§2\n3\n4§5", 'delimiter = "§"'),
        ('{"a": 1}\n{"a": 2\n', ""),
        ('{"a": 1}\nx\n{"a": 2}', ""),
    ],
)
def test_a_malformed_line_elsewhere_or_with_a_line_end_says_nothing_about_truncation(
    stage: Stage, text: str, settings: str
) -> None:
    stage.read(text, settings)

    assert "may be truncated" not in stage.printed()
