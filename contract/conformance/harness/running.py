"""Running checks: two at a time, their verdicts in order."""

import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stage_contract import ContractError

from conformance.harness.checking import Check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject

AT_ONCE = 2


@dataclass(frozen=True)
class Verdict:
    """The result of a check."""

    check: Check
    verdict: Literal["ok", "fault", "skip"]
    what: str
    fix: str
    seconds: float
    row: Any = None
    """The worst row of a fault, if it is about rows."""
    expected: Any = None
    found: Any = None


def run_checks(
    checks: Sequence[Check], subject: Subject, *, at_once: int = AT_ONCE
) -> Iterator[Verdict]:
    """Yield the verdicts in the order of the checks, each as soon as it is known."""
    pool = ThreadPoolExecutor(at_once)
    try:
        yield from pool.map(lambda check: find_out(check, subject), checks)
    finally:
        # Threads that wait for a container wait no longer when it is gone.
        subject.close()
        pool.shutdown(cancel_futures=True)
        subject.close()


def find_out(check: Check, subject: Subject) -> Verdict:
    """Run one check; an unexpected error also counts as a fault of the image."""
    started = time.monotonic()
    verdict: Literal["ok", "fault", "skip"] = "ok"
    what = fix = ""
    row = expected = found = None
    try:
        check.function(subject)
    except Skipped as skipped:
        verdict, what = "skip", str(skipped)
    except Fault as fault:
        verdict, what, fix = "fault", fault.what, fault.fix
        row, expected, found = fault.row, fault.expected, fault.found
    except ContractError as error:
        verdict, what, fix = "fault", str(error), "see contract/reference/reading.md"
    except Exception as error:  # noqa: BLE001  # an image may leave anything at all behind
        verdict, what = "fault", f"{type(error).__name__}: {error} ({_place(error)})"
        fix = "the check did not expect this; inspect what the image published"
    seconds = time.monotonic() - started
    return Verdict(check, verdict, what, fix, seconds, row, expected, found)


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
