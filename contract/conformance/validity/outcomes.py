"""Outcomes: how a run may end on a hard or an invalid input."""

from pathlib import Path

from conformance.harness.faults import Fault
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.validity.published import nothing_published
from conformance.validity.whole import check_whole

REFUSED = 65
EXIT_SETTINGS = 78
EXIT_UNWRITABLE = 73
MAX_LINES = 5
"""A refusal is one line; a few lines of progress may come before it."""


def check_outcome(subject: Subject, run: Run, source: Path, *, rows_in: int | None = None) -> None:
    """Check that a run published a valid artifact without losing a row, or refused with 65."""
    if run.exit_code == 0:
        check_whole(subject, run, source, rows_in=rows_in)
    else:
        check_refusal(run, REFUSED)


def check_refusal(run: Run, code: int, *, names: str = "") -> None:
    """Check that a run on an empty volume ended with this code and one line, publishing nothing.

    The line must contain `names`.
    """
    check_ending(run, code)
    lines = [line for line in run.log.splitlines() if line.strip()]
    if len(lines) > MAX_LINES:
        raise Fault(
            f"exit code {code} with {len(lines)} lines, the last: {lines[-1]}",
            "print one line: what is wrong, where, what was expected, how to fix it",
        )
    if names and names not in run.log:
        raise Fault(
            f"exit code {code}, but the line does not name {names}: {lines[-1]}",
            f"say what is wrong and where: {names}",
        )
    if run.published or run.latest is not None:
        raise Fault(
            f"exit code {code}, but the output holds {', '.join(run.published) or 'a LATEST'}",
            "publish nothing from a refused input",
        )


def check_ending(run: Run, code: int) -> None:
    """Check that a run ended with this code and a message, without a traceback."""
    if run.exit_code == 0 and run.latest is None:
        fault = nothing_published(run)
        raise Fault(fault.what, f"refuse it with {code} and one line")
    if run.exit_code != code:
        raise Fault(f"{run.ending}; expected {code}", f"end with {code} and one line that says why")
    if run.has_traceback:
        raise Fault(
            f"exit code {code} with a traceback",
            "print one line: what is wrong, where, what was expected, how to fix it",
        )
    if not run.last_line:
        raise Fault(
            f"exit code {code} without any output",
            "print one line: what is wrong, where, what was expected, how to fix it",
        )
