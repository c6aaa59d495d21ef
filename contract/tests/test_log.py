"""Logs: lines for people, objects for machines, and progress of long work."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage_contract import LOGGER, Artifact, Progress, configure_logging, log


class Clock:
    """A clock that the test winds on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(log, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers, root.level, sys.excepthook
    yield
    root.handlers, root.level = handlers, level
    sys.excepthook = hook


def reports(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_progress_is_silent_about_quick_work(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("rows", total=10)
    clock.now += 4.9
    progress.add(10)

    assert reports(caplog) == []


def test_progress_reports_done_total_rate_and_time_left(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("rows", total=40_000)
    clock.now += 5
    progress.add(10_000)
    clock.now += 1
    progress.add(1)
    clock.now += 4
    progress.add(9_999)

    assert reports(caplog) == [
        "10,000 of 40,000 rows, 2,000/s, 15 s left",
        "20,000 of 40,000 rows, 2,000/s, 10 s left",
    ]


def test_progress_without_a_total_reports_what_it_knows(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("rows read", every_seconds=1)
    clock.now += 2
    progress.add(10)

    assert reports(caplog) == ["10 rows read, 5/s"]
    assert caplog.records[0].__dict__["seconds_left"] is None


def test_progress_beyond_its_total_has_no_negative_time_left(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("rows", total=5)
    clock.now += 10
    progress.add(10)

    assert reports(caplog) == ["10 of 5 rows, 1/s, 0 s left"]


def test_nothing_done_yet_is_no_division_by_zero(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("rows", total=5)
    clock.now += 10
    progress.add(0)

    assert reports(caplog) == ["0 of 5 rows, 0/s"]


def test_a_line_for_people_starts_with_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("clean")
    LOGGER.info("%d rows", 5, extra={"rows": 5})
    LOGGER.warning("look")

    assert capsys.readouterr().out == "clean     5 rows\nclean     warning: look\n"


def test_a_line_for_machines_holds_the_facts_as_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    configure_logging("clean")
    LOGGER.info("%d Zeilen für\nalle", 5, extra={"rows": 5})

    (line,) = capsys.readouterr().out.splitlines()
    facts = json.loads(line)
    assert facts.pop("time").endswith("+00:00")
    assert facts == {"level": "info", "stage": "clean", "event": "5 Zeilen für\nalle", "rows": 5}


@pytest.mark.parametrize("form", ["", "json"])
def test_a_traceback_is_in_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("LOG_FORMAT", form)
    configure_logging("clean")
    try:
        raise KeyError("price")  # noqa: TRY301  # to have a traceback
    except KeyError:
        LOGGER.exception("failed")

    assert "KeyError: 'price'" in capsys.readouterr().out


HOSTILE = [
    *("\x1b[2J", "\r", "\n", "\x00", "\x7f", "\x85", "\x9b31m", "\u2028", "\u2029", "\ud800"),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200F, 0xFEFF)),
]
"""Texts that a terminal obeys, that break a line, or that no encoding can write."""


@pytest.mark.parametrize("form", ["", "json"])
def test_what_a_terminal_obeys_is_escaped_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("LOG_FORMAT", form)
    configure_logging("clean")
    for text in HOSTILE:
        LOGGER.info("cell 'a%sclean     5 rows'", text, extra={"column": text})

    printed = capsys.readouterr().out
    lines = printed.split("\n")[:-1]
    assert len(lines) == len(HOSTILE)
    assert all(line.isprintable() for line in lines)
    if form == "json":
        assert [json.loads(line)["column"] for line in lines] == HOSTILE


def test_an_escape_names_the_character(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("clean")
    LOGGER.info("'größe\x1b[2J\n\u202e' in C:\\new")

    assert capsys.readouterr().out == "clean     'größe\\x1b[2J\\n\\u202e' in C:\\new\n"


def test_a_message_in_a_traceback_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("clean")
    try:
        raise ValueError("x\nclean     5 rows\x1b[2J")  # noqa: TRY301  # to have a traceback
    except ValueError as error:
        LOGGER.exception("failed")
        sys.excepthook(type(error), error, error.__traceback__)

    printed = capsys.readouterr()
    assert "clean     | clean     5 rows\\x1b[2J" in printed.out
    assert "\nclean     5" not in printed.out
    assert "| clean     5 rows\\x1b[2J" in printed.err
    assert "\nclean" not in printed.err


def test_as_json_the_traceback_of_a_bug_is_one_line_of_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    configure_logging("clean")
    try:
        raise ValueError("x\nclean     5 rows")  # noqa: TRY301  # to have a traceback
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    printed = capsys.readouterr()
    (line,) = map(json.loads, printed.out.splitlines())
    assert (line["level"], line["event"]) == ("critical", "a bug ended the process")
    assert line["traceback"].endswith("ValueError: x\nclean     5 rows")
    assert printed.err == ""


def test_a_long_check_of_an_artifact_reports_itself(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    files = [{"path": p.name, "bytes": p.stat().st_size, "sha256": ""} for p in tmp_path.iterdir()]

    def wind_on(_file: object) -> str:
        clock.now += 3
        return ""

    monkeypatch.setattr("stage_contract.artifacts.reading.stream_digest", wind_on)
    Artifact(tmp_path, {"files": files}).verify()
    assert reports(caplog) == ["2 of 3 files checked, 20/min, 3 s left"]
