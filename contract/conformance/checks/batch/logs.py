"""Logs: text for people, or one JSON object a line."""

import json
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from conformance.checks.batch.first import first_artifact
from conformance.checks.batch.repeating import run_elsewhere
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs import houses, stage_input


@check("text-log", promise="its log is text in UTF-8, without colours")
def text_log(subject: Subject) -> None:
    first_artifact(subject)
    raw = subject.first.raw_log
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise Fault(f"its log is not UTF-8: {error}", "print text") from None
    odd = [byte for byte in raw if byte < 32 and byte not in b"\t\n\r"]
    if odd:
        raise Fault(
            f"its log holds the control character 0x{odd[0]:02x}",
            "print plain text: no colours or progress bars if the output is not a terminal",
        )


LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
FORGED = "forged     0 rows"
ESCAPES = "\x1b[2J\x85\u2028\u202e\x9b31m\x7f"
CELL = f"x{ESCAPES}\n{FORGED}\r{FORGED}"
"""A cell that clears a terminal, turns its text around, and begins a line of its own."""


@check("safe-log", promise="its log escapes control characters and line breaks of cells and names")
def safe_log(subject: Subject) -> None:
    """Put such a text where a log may repeat it: as a name, a category and a misfit."""
    first_artifact(subject)
    table = houses()
    rows = len(table)
    misfits = [CELL if row == 0 else str(row) for row in range(rows)]
    levels = [CELL if row % 3 == 0 else CELL.upper() for row in range(rows)]
    table = table.with_column(CELL, misfits, "string", pa.string())
    table = table.with_column("level", levels, "string", pa.string())
    run = subject.run(source=stage_input(subject, table).source)
    log = run.raw_log.decode(errors="backslashreplace")
    odd = {character for character in log if not character.isprintable()} - {*"\t\n\r"}
    if odd:
        raise Fault(
            f"its log holds the character {min(odd)!a} of a cell or a name",
            "escape unprintable characters in each line",
        )
    if any(line.startswith(FORGED) for line in log.splitlines()):
        raise Fault(
            "a cell or a name with a line break starts a new line of its log",
            "escape unprintable characters in each line",
        )


@check("json-log", promise="with LOG_FORMAT=json every line is a JSON object")
def json_log(subject: Subject) -> None:
    stage = first_artifact(subject).manifest["stage"]["name"]
    lines = [line for line in run_elsewhere(subject).log.splitlines() if line.strip()]
    objects = [line for line in lines if _is_object(line)]
    if not objects:
        raise Skipped("it does not support LOG_FORMAT=json")
    if len(objects) < len(lines):
        other = next(line for line in lines if line not in objects)
        raise Fault(
            f"of {len(lines)} lines one is no JSON: {other!r}",
            "write every line as JSON, or none",
        )
    for line in objects:
        check_members(json.loads(line), stage)


def check_members(event: dict[str, Any], stage: str) -> None:
    """Check that a line has the members that every line has."""
    try:
        is_utc = datetime.fromisoformat(event.get("time", "")).utcoffset() == timedelta(0)
    except (TypeError, ValueError):
        is_utc = False
    is_right = {
        "time": is_utc,
        "level": event.get("level") in LEVELS,
        "stage": event.get("stage") == stage,
        "event": isinstance(event.get("event"), str),
    }
    if wrong := [name for name, right in is_right.items() if not right]:
        raise Fault(
            f"with LOG_FORMAT=json a line has no right {', '.join(wrong)}",
            "see contract/reference/logs.md",
            found=event,
        )


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
