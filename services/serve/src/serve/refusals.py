"""Why a model is not admitted, since when, and when it is tried again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal

from stage_contract import ContractError

type Cause = Literal["artifact", "examples", "latency", "memory", "signature", "bug"]
"""For those who count; `artifact` is everything that breaks the contract."""

MEASURED: frozenset[Cause] = frozenset({"latency", "memory"})
"""Their reasons name a figure, which another moment may change."""

_IN_SHORT: Final[dict[Cause, str]] = {
    "artifact": "its artifact breaks the contract",
    "examples": "it does not answer its examples as train did",
    "latency": "it takes too long for one row",
    "memory": "it takes too much memory",
    "signature": "its signature is not compatible with that of the live model",
}
"""Reasons without names of columns and paths, for clients without a key."""

type Mark = list[tuple[str, int, int]] | None
"""Name, size and time of an artifact's files; None when they could not be looked at."""

FIRST_PAUSE_SECONDS: Final = 30.0
_LONGEST_PAUSE_SECONDS: Final = 960.0
"""To try a model that really is too large or too slow costs something each time."""


class RefusedError(ContractError):
    """A whole artifact holds a model that must not go live."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: Exception) -> Cause:
    """Return which part of the admission test an error comes from."""
    return error.cause if isinstance(error, RefusedError) else "artifact"


@dataclass(frozen=True)
class Refused:
    """What LATEST names if it is not served, and why."""

    id: str | None
    cause: Cause
    reason: str
    mark: Mark
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    tried: float = field(default_factory=monotonic)
    """By the clock that never goes back."""
    pause: float = FIRST_PAUSE_SECONDS
    """For how many seconds it stands, if it was measured."""

    @property
    def reason_in_short(self) -> str:
        """Return the reason without names of columns and paths."""
        return _IN_SHORT.get(self.cause, "it could not be loaded")

    def facts(self, *, with_details: bool = True) -> dict[str, Any]:
        """Return what to tell of it."""
        reason = self.reason if with_details else self.reason_in_short
        since = self.since.isoformat(timespec="seconds")
        return {"id": self.id, "cause": self.cause, "reason": reason, "since": since}

    def is_as(self, before: "Refused") -> bool:
        """Whether it says what was said before; what was measured differs from time to time."""
        if (before.id, before.cause) != (self.id, self.cause):
            return False
        return self.cause in MEASURED or before.reason == self.reason

    def once_more(self, before: "Refused") -> "Refused":
        """Return it as what was refused before, which stands for twice as long now."""
        pause = min(2 * before.pause, _LONGEST_PAUSE_SECONDS)
        return replace(self, since=before.since, pause=pause)

    def stands_for(self, pointer: str, mark: Mark) -> bool:
        """Whether an artifact need not be tried again."""
        if mark is None or (self.id, self.mark) != (pointer, mark):
            return False
        return self.cause not in MEASURED or monotonic() < self.tried + self.pause


def mark_of(artifact: Path) -> Mark:
    """Return what changes when an artifact does."""
    try:
        found = [(path, path.stat()) for path in artifact.rglob("*")]
    except OSError:
        return None
    return sorted((str(path), status.st_size, status.st_mtime_ns) for path, status in found)
