"""Logs: text for people, or one JSON object a line."""

import json

from conformance.checking import Fault, Skipped, check
from conformance.checks.first import first_artifact
from conformance.checks.repeating import run_elsewhere
from conformance.subject import Subject


@check("text-log", promise="what it prints is text in UTF-8, without colours")
def text_log(subject: Subject) -> None:
    first_artifact(subject)
    raw = subject.first.raw_log
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise Fault(f"its log is no UTF-8: {error}", "print text") from None
    odd = [byte for byte in raw if byte < 32 and byte not in b"\t\n\r"]
    if odd:
        raise Fault(
            f"its log holds the control character 0x{odd[0]:02x}",
            "print plain text: no colours and no bars when the output is no terminal",
        )


@check("json-log", promise="with LOG_FORMAT=json every line is a JSON object")
def json_log(subject: Subject) -> None:
    lines = [line for line in run_elsewhere(subject).log.splitlines() if line.strip()]
    objects = [line for line in lines if _is_object(line)]
    if not objects:
        raise Skipped("it knows no LOG_FORMAT=json")
    if len(objects) < len(lines):
        other = next(line for line in lines if line not in objects)
        raise Fault(
            f"of {len(lines)} lines one is no JSON: {other[:80]!r}", "log all as JSON, or nothing"
        )


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
