"""Rejected rows: one JSON object a line, none lost."""

import json
from pathlib import Path

import pytest
from stage_contract import Rejects


def test_a_rejected_row_is_kept_with_its_reason(tmp_path: Path) -> None:
    with Rejects(tmp_path) as rejects:
        rejects.add(
            row=7,
            reason="type",
            record={"price": "zehn €", "cut": None},
            column="price",
            value="zehn €",
            expected="number",
        )

    assert json.loads((tmp_path / "rejects/part-00000.jsonl").read_text(encoding="utf-8")) == {
        "row": 7,
        "reason": "type",
        "column": "price",
        "value": "zehn €",
        "expected": "number",
        "record": {"price": "zehn €", "cut": None},
    }


def test_a_raw_line_stays_one_line(tmp_path: Path) -> None:
    with Rejects(tmp_path) as rejects:
        rejects.add(row=1, reason="malformed line", record='"a\nb\u2028",\r\n')
        rejects.add(row=3, reason="malformed line", record="\0")

    lines = (tmp_path / "rejects/part-00000.jsonl").read_bytes().split(b"\n")
    assert [json.loads(line)["record"] for line in lines[:-1]] == ['"a\nb\u2028",\r\n', "\0"]
    assert lines[-1] == b""


def test_rows_are_counted_by_reason(tmp_path: Path) -> None:
    with Rejects(tmp_path) as rejects:
        for reason in ("type", "duplicate", "type"):
            rejects.add(row=1, reason=reason, record={})

    assert rejects.count == 3
    assert rejects.reasons == {"type": 2, "duplicate": 1}


def test_without_rejected_rows_there_is_no_file(tmp_path: Path) -> None:
    with Rejects(tmp_path) as rejects:
        assert rejects.count == 0

    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_run_that_fails_are_closed_properly(tmp_path: Path) -> None:
    def add_and_crash() -> None:
        with Rejects(tmp_path) as rejects:
            rejects.add(row=1, reason="type", record={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_crash()

    assert (tmp_path / "rejects/part-00000.jsonl").read_text().endswith("}\n")
