"""Reports of verdicts: text lines, and one JSON document."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from stage_contract.artifacts.digests import CONTRACT_VERSION

from conformance.harness.checking import Check
from conformance.harness.running import Verdict

_WORDS = {"ok": "ok", "fault": "FAULT", "skip": "skip"}


def heading(image: str, stage: str, checks: int, seed: int) -> str:
    """Return the first line: what is checked."""
    return f"{stage}: {image}, {checks} checks, seed {seed}"


def lines(verdict: Verdict, width: int) -> Iterable[str]:
    """Return one line for a check that holds; a fault adds what failed and how to fix it."""
    check = verdict.check
    yield (
        f"{_WORDS[verdict.verdict]:<6} {check.name:<{width}}  {check.promise}"
        f"  {verdict.seconds:.1f} s"
    )
    if verdict.what:
        yield f"       {verdict.what}"
    if verdict.fix:
        yield f"       fix: {verdict.fix}"


def summary(verdicts: Sequence[Verdict], image: str, stage: str) -> str:
    """Return the last line: whether the image keeps the contract."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    how = f"{counts['ok']} hold, {counts['fault']} do not, {counts['skip']} skipped"
    whether = "does not keep" if counts["fault"] else "keeps"
    return f"{image} {whether} the contract of {stage}, version {CONTRACT_VERSION}: {how}"


def document(verdicts: Sequence[Verdict], image: str, stage: str) -> dict[str, Any]:
    """Return the report as a JSON document."""
    return {
        "stage": stage,
        "image": image,
        "contract": CONTRACT_VERSION,
        "checks": [
            {
                "name": verdict.check.name,
                "promise": verdict.check.promise,
                "verdict": verdict.verdict,
                "what": verdict.what,
                "fix": verdict.fix,
                "mend": verdict.fix,  # the earlier name of the key
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in verdicts
        ],
    }


def listing(checks: Sequence[Check]) -> Iterable[str]:
    """Return a line for each check: its name and its promise."""
    width = max(len(check.name) for check in checks)
    return (f"{check.name:<{width}}  {check.promise}" for check in checks)
