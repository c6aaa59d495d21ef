"""Quotes in a whole file: what the API refuses is refused, and no row is swallowed."""

import csv
import gzip
import io
from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asking import CSV, Worker
from hypothesis import example, given
from hypothesis import strategies as st
from serve.batch import csv_quotes
from serve.batch.arguments import Job
from serve.batch.csv_quotes import QuoteCheck
from serve.batch.csv_tables import CsvTable
from serve.codecs.rows import Rows
from serve.schema.signature import Signature
from serve_testing.made_models import DIAMONDS, publish_model
from stage_contract import ContractError

NAMES = ("a", "b", "carat", "cut")
ROWS = Rows(Signature(fields=(), missing_values=(), timezone="UTC", ignored=NAMES))
PARTS = ["x", '"', '"', '""', ",", ",", "\n", "\n", "\r\n", "\r", " ", "é", ";"]


def read(path: Path, **dialect: Any) -> tuple[list[list[str]], list[str]]:
    """Return the rows of a file, and the lines that are none."""
    job = Job(path, path, None, dialect.get("delimiter", ","), dialect.get("encoding", "utf-8"))
    table = CsvTable(job, ROWS, ())
    malformed: list[str] = []
    rows = []
    for chunk in table.chunks(table.names, lambda _number, _expected, text: malformed.append(text)):
        rows += [[*map(str, row.values())] for row in chunk.batch.to_pylist()]
    return rows, malformed


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ('1,Good\n1,"Good\n1,Good\n1,Good\n', "line 3: a quote is opened there and never closed"),
        ('1,Good\n1,Good,"10\n1,Good\n', "line 3: a quote is opened there and never closed"),
        ('1,Good\n1,"Good', "line 3: a quote is opened there and never closed"),
        ('1,"Go\n""od"\n1,"Go"od\n', "line 4: text follows a closing quote"),
        ('1,"Go" \n', "line 2: text follows a closing quote"),
    ],
)
def test_a_quote_that_the_api_refuses_is_refused_with_its_line(
    tmp_path: Path, rows: str, says: str
) -> None:
    table = f"carat,cut\n{rows}".encode()
    (tmp_path / "new.csv").write_bytes(table)
    (tmp_path / "new.csv.gz").write_bytes(gzip.compress(table))
    publish_model(tmp_path / "model", DIAMONDS)

    assert Worker(tmp_path / "model").send(table, CSV).status_code == 400
    for name in ("new.csv", "new.csv.gz"):
        with pytest.raises(ContractError, match=f"^{name}: {says}"):
            read(tmp_path / name)


def test_a_quote_that_is_open_for_too_long_is_refused_before_the_file_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_quotes, "_MAX_CELL_BYTES", 1 << 20)
    path = tmp_path / "new.csv"
    path.write_text('carat,cut\n1,Good\n1,"Good\n' + "1,Good\n" * 400_000 + '"\n')

    with pytest.raises(ContractError, match="line 3: a quote is opened there and not closed with"):
        read(path)


def test_a_quote_may_stand_inside_of_a_cell_and_a_cell_may_have_lines(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes('\ufeff"a";b\r\n5" x 4";"x"\r\n"one\r\ntwo""";",\r"\r\n'.encode())

    rows, malformed = read(path, delimiter=";")

    assert rows == [['5" x 4"', "x"], ['one\r\ntwo"', ",\r"]]
    assert malformed == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252", "utf-8-sig", "cp500"])
def test_quotes_are_looked_at_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes('a,b\n"1","é"\n'.encode(encoding))
    assert read(path, encoding=encoding) == ([["1", "é"]], [])
    path.write_bytes('a,b\n1,"é\n'.encode(encoding))

    with pytest.raises(ContractError, match="line 2: a quote is opened"):
        read(path, encoding=encoding)


def test_a_line_feed_inside_a_quote_stays_wherever_the_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(b'a,b\r\n1,"x\r\ny"\r\n' * 20)
    for block in range(20, 60):
        monkeypatch.setattr("serve.batch.csv_tables.BLOCK_BYTES", block)

        rows, _ = read(path)

        assert [row for row in rows if row != ["a", "b"]] == [["1", "x\r\ny"]] * 20


@given(st.lists(st.sampled_from(PARTS), max_size=14), st.lists(st.integers(0, 20), max_size=3))
@example(["x", '"', "x", '"', "\n"], [])
@example(['"', "x", '"', " ", '"', "\n"], [4])
def test_the_check_refuses_what_the_reader_of_the_api_refuses(
    parts: list[str], cuts: list[int]
) -> None:
    text = "".join(parts)
    try:
        deque(csv.reader(io.StringIO(text, newline=""), strict=True), maxlen=0)
        is_right = True
    except csv.Error:
        is_right = False
    body = text.encode()
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]

    check = QuoteCheck("new.csv", delimiter=",")
    try:
        for begin, end in pairwise(places):
            check.add(body[begin:end], is_last=False)
        check.add(b"", is_last=True)
        found = True
    except ContractError:
        found = False

    assert found == is_right
