"""Checks: a promise of the contract, and the function that finds out whether an image keeps it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.harness.stages import BATCH
from conformance.harness.subject import Subject

type CheckFunction = Callable[[Subject], None]


@dataclass(frozen=True)
class Check:
    """One check, for some of the stages."""

    name: str
    stages: tuple[str, ...]
    promise: str
    function: CheckFunction


CHECKS: list[Check] = []
"""All checks in the order of running, filled by importing `conformance.checks`."""


def check(
    name: str, *, promise: str, stages: Sequence[str] = BATCH
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function as a check: it returns, or raises Fault or Skipped."""

    def register(function: CheckFunction) -> CheckFunction:
        if any(known.name == name for known in CHECKS):
            raise ValueError(f"two checks are called {name}")
        CHECKS.append(Check(name, tuple(stages), promise, function))
        return function

    return register
