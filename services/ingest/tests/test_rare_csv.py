"""Delimiters and quotes beyond ASCII: the same rows, malformed lines and errors as with ASCII."""

from typing import Any

import pytest

type Stage = Any
"""The fixture of conftest.py."""

DELIMITER = 'delimiter = "→"\n'
TEXT = 'a→b\n1→2\n\n3\n"x→\ny"→"z""→"\n4→5→6\n7→8\n'


@pytest.mark.parametrize("characters", [1, 10, 1 << 20])
def test_rows_and_malformed_lines_are_told_apart(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    monkeypatch.setattr("ingest.csv.python_csv.BATCH_CHARACTERS", characters)

    published = stage.read(TEXT, DELIMITER)

    assert published.columns == {"a": ["1", "x→\ny", "7"], "b": ["2", 'z"→', "8"]}
    assert [(reject["row"], reject["record"]) for reject in published.rejects] == [
        (4, "3"),
        (7, "4→5→6"),
    ]
    assert published.rejects[0]["value"] == "1 cells"


def test_it_makes_no_difference_to_the_bytes_that_are_published(stage: Stage) -> None:
    rare = stage.read(TEXT, DELIMITER).artifact.files("table")
    usual = stage.read(TEXT.replace("→", ";").replace("x;", "x→").replace('"";', '""→'))

    assert [path.read_bytes() for path in rare] == [
        path.read_bytes() for path in usual.artifact.files("table")
    ]


@pytest.mark.parametrize(("encoding", "quote"), [("utf-8", "þ"), ("latin-1", "þ"), ("utf-16", "„")])
def test_quotes_beyond_ascii_quote(stage: Stage, encoding: str, quote: str) -> None:
    text = "a;b\n'1;5';'it''s'\n".replace("'", quote)

    published = stage.read(text.encode(encoding), f'quote = "{quote}"')

    assert published.columns == {"a": ["1;5"], "b": [f"it{quote}s"]}


def test_without_a_header_every_row_is_one(stage: Stage) -> None:
    published = stage.read("1→2\n3→4\n", DELIMITER + "header = false")

    assert published.columns == {"column_1": ["1", "3"], "column_2": ["2", "4"]}


def test_lines_are_counted_with_those_that_are_skipped(stage: Stage) -> None:
    published = stage.read("title\na→b\n1→2\n3\n", DELIMITER + "skip = 1")

    assert [reject["row"] for reject in published.rejects] == [4]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('a→b\n1→2\n"3→4\n5→6\n', "a quote is opened in the row of line 3 and never closed;"),
        ('a→b\n1→2\n"3"x→4\n', "text follows a closing quote in a cell of line 3;"),
        ("a→b\n1\n2\n", "no rows but 2 malformed lines, first line 2 with 1 cells, expected 2"),
    ],
)
def test_what_others_are_refused_for_is_refused(stage: Stage, text: str, why: str) -> None:
    assert stage.refuse(text, DELIMITER).startswith(f"t.csv: {why}")


def test_a_cell_that_is_too_long_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.csv.dialect.MAX_ROW_BYTES", 1000)

    assert stage.refuse('a→b\n1→2\n3→"' + "x\n" * 999 + '"\n', DELIMITER).startswith(
        "t.csv: the row after line 2 is longer than 64 MiB; close the quote that is open there"
    )
