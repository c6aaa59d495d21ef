"""Reports of verdicts: text lines, and one JSON document."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from stage_contract.artifacts.digests import CONTRACT_VERSION

from conformance.harness.checking import Check
from conformance.harness.running import Verdict

_INDENT = " " * 7
_MAX_CHARACTERS = 4_000
"""Longer values are cut in the text report; the JSON report has them in full."""


def heading(image: str, stage: str, checks: int, seed: int) -> str:
    """Return the first line: what is checked."""
    return f"{stage}: {image}, {checks} checks, seed {seed}"


def fault_lines(verdict: Verdict, *, command: str) -> Iterable[str]:
    """Return the lines of a fault: what failed, the worst row, the fix, and how to check again.

    `command` checks this image; the name of the check is added to it.
    """
    yield f"FAULT  {verdict.check.name}: {verdict.check.promise}"
    yield from _indented(verdict.what)
    details = {"row": verdict.row, "expected": verdict.expected, "found": verdict.found}
    for name, value in details.items():
        if value is not None:
            yield f"{_INDENT}{name + ':':<9} {_formatted(value)}"
    yield f"{_INDENT}{'fix:':<9} {verdict.fix}"
    yield f"{_INDENT}{'again:':<9} {command} ONLY={verdict.check.name}"


def closing_lines(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """Return one line for the checks that hold, and one for those that were skipped."""
    held = [verdict.check.name for verdict in verdicts if verdict.verdict == "ok"]
    if held:
        yield f"ok     {', '.join(held)}"
    reasons: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.verdict == "skip":
            reasons.setdefault(verdict.what, []).append(verdict.check.name)
    if reasons:
        skips = (f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
        yield f"skip   {'; '.join(skips)}"


def summary(verdicts: Sequence[Verdict], image: str, stage: str) -> str:
    """Return the last line: whether the image keeps the contract."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    contract = f"the contract of {stage}, version {CONTRACT_VERSION}"
    if not counts["ok"] and not counts["fault"]:
        reasons = "; ".join(dict.fromkeys(verdict.what for verdict in verdicts))
        return f"{image}: nothing was checked of {contract}: all checks were skipped ({reasons})"
    results = f"{counts['ok']} hold, {counts['fault']} do not, {counts['skip']} skipped"
    verb = "does not keep" if counts["fault"] else "keeps"
    return f"{image} {verb} {contract}: {results}"


def document(verdicts: Sequence[Verdict], image: str, stage: str) -> dict[str, Any]:
    """Return the report as a JSON document."""
    results = {verdict.verdict for verdict in verdicts}
    return {
        "stage": stage,
        "image": image,
        "contract": CONTRACT_VERSION,
        "keeps": "ok" in results and "fault" not in results,
        "checks": [
            {
                "name": verdict.check.name,
                "promise": verdict.check.promise,
                "verdict": verdict.verdict,
                "what": verdict.what,
                "row": verdict.row,
                "expected": verdict.expected,
                "found": verdict.found,
                "fix": verdict.fix,
                "mend": verdict.fix,  # the earlier name of the key
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in verdicts
        ],
    }


def as_json(document: dict[str, Any]) -> str:
    """Return a report as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def listing(checks: Sequence[Check]) -> Iterable[str]:
    """Return a line for each check: its name and its promise."""
    width = max(len(check.name) for check in checks)
    return (f"{check.name:<{width}}  {check.promise}" for check in checks)


def _indented(text: str) -> Iterable[str]:
    return (f"{_INDENT}{line}" for line in _truncated(text).splitlines())


def _formatted(value: Any) -> str:
    is_text = isinstance(value, str)
    return _truncated(value if is_text else json.dumps(value, ensure_ascii=False, default=str))


def _truncated(text: str) -> str:
    left = len(text) - _MAX_CHARACTERS
    if left <= 0:
        return text
    return f"{text[:_MAX_CHARACTERS]}… and {left:,} characters more, which the JSON report has"
