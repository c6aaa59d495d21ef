"""Checks of a server, and those that are skipped for one with only a standard API."""

from collections.abc import Callable

from conformance.harness.checking import CheckFunction, check
from conformance.harness.faults import Skipped
from conformance.harness.subject import Subject
from conformance.serving.clients import Protocol


def http_check(
    name: str, *, promise: str, oip: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check of serve; `oip` if it can be made by the Open Inference Protocol, too."""

    def register(function: CheckFunction) -> CheckFunction:
        def run(subject: Subject) -> None:
            if subject.api == "oip" and not oip:
                raise Skipped(
                    "left out by --api oip: it needs more than the Open Inference Protocol has"
                )
            function(subject)

        check(name, stages=["serve"], promise=promise)(run)
        return function

    return register


def protocols_of(subject: Subject) -> list[Protocol]:
    """Return how this subject can be asked."""
    return ["oip"] if subject.api == "oip" else ["predict", "oip"]
