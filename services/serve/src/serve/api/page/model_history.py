"""The models on the volume, newest first, with their scores and verdicts."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from heapq import nlargest
from itertools import islice
from pathlib import Path

import msgspec
from stage_contract import Artifact, ContractError, open_artifact, read_pointer
from stage_contract.artifacts.history import HISTORY
from stage_contract.artifacts.manifests import MANIFEST
from stage_contract.artifacts.plain_files import open_plain, read_plain
from stage_contract.artifacts.reading import LATEST, PINNED, is_id, read_pinned
from stage_contract.artifacts.run_facts import RUN
from stage_contract.artifacts.verdicts import REFUSED, VERDICT
from stage_contract.artifacts.volumes import read_refused
from stage_contract.stages.failures import FAILED

from serve.api.page.documents import (
    MAX_LISTED,
    Score,
    Time,
    Whole,
    check_times,
    decode,
    read_document,
)

MAX_MODELS = 20
"""Maximum number of models that the page lists."""

_MODEL = "model.json"
_MAX_MANIFEST_BYTES = 1024 * 1024
_MAX_MODEL_BYTES = 16 * 1024 * 1024
"""Bound of model.json, which is as large as the signature of a wide table."""
_MAX_PART_BYTES = 256 * 1024
"""Bound of the metrics, and of other parts of model.json that the page shows."""
_MAX_VERDICT_BYTES = 256 * 1024
_MAX_RUN_BYTES = 4 * 1024 * 1024
_MAX_FAILURE_BYTES = 64 * 1024
_MAX_HISTORY_BYTES = 64 * 1024
"""Bound of the end of history.jsonl that is read."""


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


class Failure(msgspec.Struct, frozen=True):
    """Why the last run of the stage that writes the volume failed."""

    stage: str
    exit_code: Whole
    cause: str
    hint: str
    when: Time

    def __post_init__(self) -> None:
        check_times(self.when)


@dataclass(frozen=True)
class History:
    """The models on the volume and its pointers."""

    models: Sequence[PublishedModel]
    """The newest, by the time when train last made or found them."""
    total: int
    latest: str | None
    pinned: str | None
    refused: str | None
    """The model that the last run made or found, if the gate refused it."""
    refusal: str
    """Why the gate refused it; empty if it is unknown."""
    previous: str | None
    """The model that was live before."""
    failure: Failure | None
    """Why the last run of train failed; None if it did not, or if that is unknown."""

    def find(self, model: str | None) -> PublishedModel | None:
        """Return a listed model; None if it is not listed."""
        return next((each for each in self.models if each.id == model), None)


def read_history(volume: Path, *, live: str | None) -> History:
    """Return the models on a volume; a damaged one is listed as damaged."""
    paths, total = _newest(volume)
    models = [read_model(path) for path in paths]
    refused = read_refused(volume)
    return History(
        models=models,
        total=total,
        latest=_pointer(volume, LATEST),
        pinned=_pointer(volume, PINNED),
        refused=refused,
        refusal=read_model(volume / refused).refusal if refused else "",
        previous=_previous(volume, models, live),
        failure=_failure(volume),
    )


def history_state(volume: Path) -> tuple[object, ...]:
    """Return what the history depends on: the marks of the files that change with it."""
    names = ("", LATEST, PINNED, REFUSED, HISTORY, FAILED)
    paths, total = _newest(volume)
    return (
        total,
        *(_mark(volume / name) for name in names),
        *((path.name, marks_of(path)) for path in paths),
    )


type Mark = tuple[int, int, int] | None
"""What differs between two versions of a file; None if it is missing."""


type Marks = tuple[Mark, ...]


def _mark(path: Path) -> Mark:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def marks_of(path: Path) -> Marks:
    """Return the marks of the files of a model that the page reads."""
    names = (MANIFEST, _MODEL, RUN, VERDICT, "reference.json")
    return tuple(_mark(path / name) for name in names)


def _newest(volume: Path) -> tuple[list[Path], int]:
    """Return the newest models, and the number of all."""
    made = list(_times(volume))
    return [path for _time, path in nlargest(MAX_MODELS, made)], len(made)


def _times(volume: Path) -> Iterator[tuple[int, Path]]:
    """Yield each model with the time of its manifest; one may be pruned meanwhile."""
    with suppress(OSError), os.scandir(volume) as entries:
        for entry in entries:
            if is_id(entry.name) and (mark := _mark(volume / entry.name / MANIFEST)):
                yield mark[1], volume / entry.name


def read_model(path: Path) -> PublishedModel:
    """Return a model on a volume; if it can't be read, with the damage."""
    return _read_version(path, marks_of(path))


@lru_cache(maxsize=2 * MAX_MODELS)
def _read_version(path: Path, _marks: Marks) -> PublishedModel:
    try:
        artifact = open_manifest(path, most=_MAX_MANIFEST_BYTES)
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


def open_manifest(path: Path, *, most: int) -> Artifact:
    """Open a model whose manifest has at most `most` bytes.

    Raises:
        ContractError: The manifest is larger, missing or malformed.
    """
    with suppress(OSError):
        if (path / MANIFEST).lstat().st_size > most:
            raise ContractError(f"{MANIFEST} has more than {most:,} bytes, too many to show")
    return open_artifact(path, "model")


def _read_document(artifact: Artifact) -> _Document:
    content = read_plain(artifact.path / _MODEL, most=_MAX_MODEL_BYTES)
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
        return read_document(path / VERDICT, Verdict, most=_MAX_VERDICT_BYTES), ""
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
        return read_document(path / RUN, _Run, most=_MAX_RUN_BYTES).finished
    return None


def _pointer(volume: Path, name: str) -> str | None:
    with suppress(ContractError, OSError):
        return read_pointer(volume) if name == LATEST else read_pinned(volume)
    return None


def _failure(volume: Path) -> Failure | None:
    with suppress(OSError, ContractError):
        return read_document(volume / FAILED, Failure, most=_MAX_FAILURE_BYTES)
    return None


class _Action(msgspec.Struct, frozen=True):
    """An action in history.jsonl."""

    id: str
    previous: str | None = None


def _previous(volume: Path, models: Sequence[PublishedModel], live: str | None) -> str | None:
    """Return the model that was live before: as somebody recorded, or as the gate compared."""
    for action in reversed(_read_actions(volume)):
        if action.id == live != action.previous:
            return action.previous
    found = next((each for each in models if each.id == live), None)
    judged = found.verdict.judged.live if found and found.verdict else None
    return judged if judged != live else None


def _read_actions(volume: Path) -> list[_Action]:
    """Return the last actions; lines that are none are left out."""
    try:
        with open_plain(volume / HISTORY) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MAX_HISTORY_BYTES))
            lines = file.read(_MAX_HISTORY_BYTES).splitlines()
    except (OSError, ContractError):
        return []
    found = []
    for line in lines[-MAX_MODELS:]:
        with suppress(ContractError):
            found.append(decode(line, _Action, name=HISTORY))
    return found
