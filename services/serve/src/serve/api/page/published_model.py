"""One model on the volume: score, verdict and time, read from its documents within bounds."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

import msgspec
from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.manifests import MANIFEST
from stage_contract.artifacts.plain_files import read_plain
from stage_contract.artifacts.run_facts import RUN
from stage_contract.artifacts.verdicts import VERDICT

from serve.api.page.documents import MAX_LISTED, Score, Time, check_times, decode, read_document

_MODEL = "model.json"
_MAX_MANIFEST_BYTES = 1024 * 1024
_MAX_MODEL_BYTES = 16 * 1024 * 1024
"""Bound of model.json, which is as large as the signature of a wide table."""
_MAX_PART_BYTES = 256 * 1024
"""Bound of the metrics, and of other parts of model.json that the page shows."""
_MAX_VERDICT_BYTES = 256 * 1024
_MAX_RUN_BYTES = 4 * 1024 * 1024
_MAX_KEPT = 40
"""Maximum number of models whose facts are kept: twice the models of a page."""


class Metric(msgspec.Struct, frozen=True):
    """A metric on the held-out rows, with its interval."""

    value: Score
    low: Score
    high: Score


class Leak(msgspec.Struct, frozen=True):
    """A column that explains nearly all of the target by itself."""

    column: str
    share: Score


class _Document(msgspec.Struct, frozen=True):
    """The parts of model.json that the page shows."""

    metrics: msgspec.Raw = msgspec.Raw(b"{}")
    baseline: msgspec.Raw = msgspec.Raw(b"{}")
    leaks: msgspec.Raw = msgspec.Raw(b"[]")


class Check(msgspec.Struct, frozen=True):
    """A check of the gate in a verdict."""

    check: str = ""
    passed: bool | None = None
    column: str | None = None
    why: str = ""


class _Judged(msgspec.Struct, frozen=True):
    live: str | None = None


class _Override(msgspec.Struct, frozen=True):
    """That somebody set a refusal aside; who and why is not shown."""


class Verdict(msgspec.Struct, frozen=True):
    """The part of verdict.json that the page shows."""

    accepted: bool = True
    reasons: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    metric: str | None = None
    beats_baseline: bool | None = None
    judged: _Judged = _Judged()
    override: _Override | None = None

    @property
    def refusal(self) -> str:
        """Why the gate refused the model; empty if it did not."""
        if self.accepted:
            return ""
        return " ".join("; ".join(self.reasons or [f"its {VERDICT} says so"]).split())


@dataclass(frozen=True)
class PublishedModel:
    """A model on the volume."""

    id: str
    path: Path
    damage: str = ""
    """Why its facts can't be shown."""
    rows: int = 0
    content: str = ""
    metrics: dict[str, Metric] = field(default_factory=dict)
    baseline: dict[str, Metric] = field(default_factory=dict)
    leaks: Sequence[Leak] = ()
    finished: datetime | None = None
    verdict: Verdict | None = None
    verdict_damage: str = ""
    """Why its verdict can't be shown."""

    @property
    def refusal(self) -> str:
        """Why the gate refused it."""
        return self.verdict.refusal if self.verdict else ""

    @property
    def is_accepted_by_hand(self) -> bool:
        """Whether somebody set a refusal aside."""
        return self.verdict is not None and self.verdict.accepted and bool(self.verdict.override)


type Mark = tuple[int, int, int] | None
"""What differs between two versions of a file; None if it is missing."""


type Marks = tuple[Mark, ...]


def mark_of(path: Path) -> Mark:
    """Return the mark of a file."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def marks_of(path: Path) -> Marks:
    """Return the marks of the files of a model that the page reads."""
    names = (MANIFEST, _MODEL, RUN, VERDICT, "reference.json")
    return tuple(mark_of(path / name) for name in names)


def read_model(path: Path) -> PublishedModel:
    """Return a model on a volume; if it can't be read, with the damage."""
    return _read_version(path, marks_of(path))


@lru_cache(maxsize=_MAX_KEPT)
def _read_version(path: Path, _marks: Marks) -> PublishedModel:
    try:
        artifact = open_manifest(path, max_bytes=_MAX_MANIFEST_BYTES)
        document = _read_document(artifact)
        verdict, verdict_damage = _read_verdict(path)
        return PublishedModel(
            path.name,
            path,
            rows=artifact.rows,
            content=artifact.content,
            metrics=_first(_part(document.metrics, dict[str, Metric], "metrics")),
            baseline=_first(_part(document.baseline, dict[str, Metric], "baseline")),
            leaks=_part(document.leaks, tuple[Leak, ...], "leaks")[:MAX_LISTED],
            finished=_finished(path),
            verdict=verdict,
            verdict_damage=verdict_damage,
        )
    except (ContractError, OSError) as error:
        return PublishedModel(path.name, path, damage=str(error).removeprefix(f"{path}: "))


def open_manifest(path: Path, *, max_bytes: int) -> Artifact:
    """Open a model whose manifest has at most `max_bytes` bytes.

    Raises:
        ContractError: The manifest is larger, missing or malformed.
    """
    with suppress(OSError):
        if (path / MANIFEST).lstat().st_size > max_bytes:
            raise ContractError(f"{MANIFEST} has more than {max_bytes:,} bytes, too many to show")
    return open_artifact(path, "model")


def _read_document(artifact: Artifact) -> _Document:
    content = read_plain(artifact.path / _MODEL, max_bytes=_MAX_MODEL_BYTES)
    digests = {entry["path"]: entry["sha256"] for entry in artifact.manifest["files"]}
    if hashlib.sha256(content).hexdigest() != digests.get(_MODEL):
        raise ContractError(f"{_MODEL} does not match its SHA-256 in the manifest")
    return decode(content, _Document, name=_MODEL)


def _part[T](part: msgspec.Raw, shape: type[T], name: str) -> T:
    if len(memoryview(part)) > _MAX_PART_BYTES:
        raise ContractError(f"{_MODEL}: {name} has too many bytes to show")
    return decode(part, shape, name=f"{_MODEL}: {name}")


def _first(metrics: dict[str, Metric]) -> dict[str, Metric]:
    return dict(islice(metrics.items(), MAX_LISTED))


def _read_verdict(path: Path) -> tuple[Verdict | None, str]:
    """Return the verdict on a model, and why it can't be shown; no verdict if it is missing."""
    try:
        return read_document(path / VERDICT, Verdict, max_bytes=_MAX_VERDICT_BYTES), ""
    except FileNotFoundError:
        return None, ""
    except ContractError as error:
        return None, str(error)


class _Run(msgspec.Struct, frozen=True):
    finished: Time | None = None

    def __post_init__(self) -> None:
        check_times(self.finished)


def _finished(path: Path) -> datetime | None:
    """Return when a model was made; None if it is unknown."""
    with suppress(OSError, ContractError):
        return read_document(path / RUN, _Run, max_bytes=_MAX_RUN_BYTES).finished
    return None
