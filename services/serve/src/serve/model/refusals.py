"""Refusals: why and when a model was refused, and when it is tested again."""

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
"""Causes for metrics; `artifact` is any violation of the contract, `resources` a lack of resources
during the test."""

LASTING: frozenset[Cause] = frozenset({"artifact", "examples", "signature"})
"""Causes that depend only on the files, so they hold until the files change. Others may be
temporary: the model is tested again."""
MEASURED: frozenset[Cause] = frozenset({"latency", "memory", "timeout"})
"""Causes whose reasons contain a measured figure, which differs from test to test."""

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
"""Name, size and time of an artifact's files; None if they could not be read."""

_FIRST_PAUSE_SECONDS: Final = 30.0
_FIRST_PAUSE_FOR_RESOURCES: Final = 1.0
_MAX_PAUSE_SECONDS: Final = 960.0
"""Maximum pause: testing a model that is too large or too slow is expensive."""
_MAX_MARKED_FILES: Final = 1000
_MAX_REASON_CHARACTERS: Final = 1000


class RefusedError(ContractError):
    """An intact artifact holds a model that must not go live."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Fault(msgspec.Struct, frozen=True):
    """Why a test failed."""

    cause: Cause
    reason: str


def fault_of(error: Exception, *, what: str) -> Fault:
    """Return the fault for an exception; the traceback of a bug is logged."""
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
    return (
        reason if len(reason) <= _MAX_REASON_CHARACTERS else f"{reason[:_MAX_REASON_CHARACTERS]}…"
    )


@dataclass(frozen=True)
class Refused:
    """A model that was refused or could not be loaded, and why."""

    id: str | None
    cause: Cause
    reason: str
    mark: Mark = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    tried: float = field(default_factory=monotonic)
    """Time of the refusal, by the monotonic clock."""
    pause: float = 0.0
    """Seconds until the next test, unless the refusal is permanent; 0 means the first pause."""

    @property
    def reason_in_short(self) -> str:
        """Return the reason without names of columns and paths."""
        return _IN_SHORT.get(self.cause, "it could not be loaded")

    def facts(self, *, with_details: bool = True) -> dict[str, Any]:
        """Return the fields for responses and logs."""
        reason = self.reason if with_details else self.reason_in_short
        since = self.since.isoformat(timespec="seconds")
        return {"id": self.id, "cause": self.cause, "reason": reason, "since": since}

    def is_as(self, before: "Refused") -> bool:
        """Whether the reason is the same as before, except for measured figures."""
        if (before.id, before.cause) != (self.id, self.cause):
            return False
        return self.cause in MEASURED or before.reason == self.reason

    def repeated_after(self, before: "Refused") -> "Refused":
        """Return this refusal as a repetition of `before`: since then, with twice the pause."""
        pause = min(2 * before.retry_seconds, _MAX_PAUSE_SECONDS)
        return replace(self, since=before.since, pause=pause)

    def applies_to(self, model: str, mark: Mark) -> bool:
        """Whether a model need not be tested again."""
        if self.id != model or (mark is not None and self.mark is not None and mark != self.mark):
            return False
        lasts = self.cause in LASTING and self.mark is not None
        return lasts or monotonic() < self.tried + self.retry_seconds

    @property
    def retry_seconds(self) -> float:
        """Return the seconds until the next test, unless the refusal is permanent."""
        is_transient = self.cause == "resources"
        return self.pause or (_FIRST_PAUSE_FOR_RESOURCES if is_transient else _FIRST_PAUSE_SECONDS)


def mark_of(artifact: Path) -> Mark:
    """Return a mark that changes with the artifact's files."""
    try:
        places = [artifact, *islice(artifact.rglob("*"), _MAX_MARKED_FILES)]
        found = [(path, path.lstat()) for path in places]
    except FileNotFoundError:
        return []
    except OSError:
        return None
    # ctime, which a change of permissions changes as well.
    return sorted((str(path), status.st_size, status.st_ctime_ns) for path, status in found)
