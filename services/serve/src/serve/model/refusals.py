"""Why a model is not admitted, since when, and when it is tried again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal

import msgspec
from stage_contract import LOGGER, ContractError, StageError

type Cause = Literal[
    "artifact",
    "examples",
    "signature",
    "latency",
    "memory",
    "timeout",
    "crash",
    "resources",
    "bug",
]
"""For those who count; `artifact` is everything that breaks the contract, `resources` what the
machine lacked when a model was tried."""

LASTING: frozenset[Cause] = frozenset({"artifact", "examples", "signature"})
"""They say what the files hold, so nothing but other files changes them. Another moment may change
the rest: the model is tried again."""
MEASURED: frozenset[Cause] = frozenset({"latency", "memory", "timeout"})
"""Their reasons name a figure that differs from time to time."""

_IN_SHORT: Final[dict[Cause, str]] = {
    "artifact": "its artifact breaks the contract",
    "examples": "it does not answer its examples as train did",
    "latency": "it takes too long for one row",
    "memory": "it takes too much memory",
    "signature": "its signature is not compatible with that of the live model",
    "timeout": "it takes too long to load and to answer its examples",
    "crash": "the process that tried it was killed",
    "resources": "it could not be tried, and is tried again",
}
"""Reasons without names of columns and paths, for clients without a key."""

type Mark = list[tuple[str, int, int]] | None
"""Name, size and time of an artifact's files; None when they could not be looked at."""

_FIRST_PAUSE_SECONDS: Final = 30.0
_FIRST_PAUSE_FOR_RESOURCES: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 960.0
"""To try a model that really is too large or too slow costs something each time."""
_MOST_FILES_MARKED: Final = 1000
_LONGEST_REASON: Final = 1000


class RefusedError(ContractError):
    """A whole artifact holds a model that must not go live."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Fault(msgspec.Struct, frozen=True):
    """Why a trial did not end well."""

    cause: Cause
    reason: str


def fault_of(error: Exception, *, what: str) -> Fault:
    """Return what to say of an error; the traceback of a bug goes to the log."""
    match error:
        case RefusedError():
            return Fault(error.cause, _shortened(str(error)))
        case StageError():
            return Fault("artifact", _shortened(str(error)))
        case MemoryError():
            return Fault("resources", f"{what}: there is no memory for it ({error!r})")
        case OSError():
            return Fault("resources", _shortened(f"{what}: {error}"))
        case RecursionError():
            return Fault("artifact", f"{what}: a document in it is nested too deeply")
    LOGGER.exception("%s could not be loaded", what, exc_info=error)
    return Fault("bug", _shortened(f"{what}: it could not be loaded: {error!r}"))


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"


@dataclass(frozen=True)
class Refused:
    """A model that is not served although it should be, and why."""

    id: str | None
    cause: Cause
    reason: str
    mark: Mark = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    tried: float = field(default_factory=monotonic)
    """By the clock that never goes back."""
    pause: float = 0.0
    """For how many seconds it stands, unless it lasts; 0 stands for the first pause."""

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
        pause = min(2 * before.stands_seconds, _LONGEST_PAUSE_SECONDS)
        return replace(self, since=before.since, pause=pause)

    def stands_for(self, model: str, mark: Mark) -> bool:
        """Whether a model need not be tried again."""
        if self.id != model or (mark is not None and self.mark is not None and mark != self.mark):
            return False
        lasts = self.cause in LASTING and self.mark is not None
        return lasts or monotonic() < self.tried + self.stands_seconds

    @property
    def stands_seconds(self) -> float:
        """Return for how long it stands, unless it lasts."""
        is_transient = self.cause == "resources"
        return self.pause or (_FIRST_PAUSE_FOR_RESOURCES if is_transient else _FIRST_PAUSE_SECONDS)


def mark_of(artifact: Path) -> Mark:
    """Return what changes when an artifact does."""
    try:
        places = [artifact, *islice(artifact.rglob("*"), _MOST_FILES_MARKED)]
        found = [(path, path.lstat()) for path in places]
    except FileNotFoundError:
        return []
    except OSError:
        return None
    # The time of its last change, which other rights than before change, too.
    return sorted((str(path), status.st_size, status.st_ctime_ns) for path, status in found)
