"""The models on the volume, newest first, with their scores and verdicts."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from stage_contract import Artifact, ContractError, open_artifact, read_pointer
from stage_contract.artifacts.history import HISTORY
from stage_contract.artifacts.plain_files import read_plain
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.reading import LATEST, PINNED, read_pinned
from stage_contract.artifacts.verdicts import REFUSED, read_verdict, refusal
from stage_contract.artifacts.volumes import read_refused
from stage_contract.stages.failures import FAILED

from serve.schema.model_json import Importance

MAX_MODELS = 20
"""Maximum number of models that the page lists."""

_MAX_BYTES = 16 * 1024 * 1024


class Metric(msgspec.Struct, frozen=True):
    """A metric on the held-out rows, with its interval."""

    value: float
    low: float
    high: float


class Leak(msgspec.Struct, frozen=True):
    """A column that explains nearly all of the target by itself."""

    column: str
    share: float


class Document(msgspec.Struct, frozen=True):
    """The part of model.json that the page shows."""

    metrics: dict[str, Metric] = {}
    baseline: dict[str, Metric] = {}
    estimator: dict[str, Any] = {}
    importance: Importance | None = None
    leaks: tuple[Leak, ...] = ()


_NOTHING = Document()


@dataclass(frozen=True)
class PublishedModel:
    """A model on the volume."""

    id: str
    damage: str = ""
    """Why its facts can't be shown."""
    artifact: Artifact | None = None
    document: Document = _NOTHING
    finished: datetime | None = None
    verdict: dict[str, Any] | None = None
    refusal: str = ""
    """Why the gate refused it."""

    @property
    def is_accepted_by_hand(self) -> bool:
        """Whether somebody set a refusal aside."""
        return not self.refusal and isinstance((self.verdict or {}).get("override"), dict)


class Failure(msgspec.Struct, frozen=True):
    """Why the last run of the stage that writes the volume failed."""

    stage: str
    exit_code: int
    cause: str
    hint: str
    when: datetime


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
    previous: str | None
    """The model that was live before."""
    failure: Failure | None
    """Why the last run of train failed; None if it did not, or if that is unknown."""

    def find(self, model: str | None) -> PublishedModel | None:
        """Return a listed model; None if it is not listed."""
        return next((each for each in self.models if each.id == model), None)


def read_history(volume: Path, *, live: str | None) -> History:
    """Return the models on a volume; a damaged one is listed as damaged."""
    paths = _newest_first(volume)
    models = [read_model(path) for path in islice(paths, MAX_MODELS)]
    return History(
        models=models,
        total=len(paths),
        latest=_pointer(volume, LATEST),
        pinned=_pointer(volume, PINNED),
        refused=read_refused(volume),
        previous=_previous(volume, models, live),
        failure=_failure(volume),
    )


def history_state(volume: Path) -> tuple[object, ...]:
    """Return what the history depends on: the marks of the files that change with it."""
    names = ("", LATEST, PINNED, REFUSED, HISTORY, FAILED)
    return tuple(_mark(volume / name) for name in names)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _newest_first(volume: Path) -> Sequence[Path]:
    try:
        return newest_first(volume)
    except OSError:  # An artifact was pruned meanwhile, or the volume can't be read.
        return []


def read_model(path: Path) -> PublishedModel:
    """Return a model on a volume; if it can't be read, with the damage."""
    try:
        artifact = open_artifact(path, "model")
        document = _read_document(artifact)
    except (ContractError, OSError) as error:
        return PublishedModel(path.name, damage=str(error).removeprefix(f"{path}: "))
    return PublishedModel(
        path.name,
        artifact=artifact,
        document=document,
        finished=_finished(path),
        verdict=read_verdict(path),
        refusal=refusal(path),
    )


def _read_document(artifact: Artifact) -> Document:
    name = "model.json"
    content = read_plain(artifact.path / name, most=_MAX_BYTES)
    digests = {entry["path"]: entry["sha256"] for entry in artifact.manifest["files"]}
    if hashlib.sha256(content).hexdigest() != digests.get(name):
        raise ContractError(f"{name} does not match its SHA-256 in the manifest")
    try:
        return msgspec.json.decode(content, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(f"{name}: {error}") from None


class _Run(msgspec.Struct, frozen=True):
    finished: datetime | None = None


def _finished(path: Path) -> datetime | None:
    """Return when a model was made; None if it is unknown."""
    with suppress(OSError, ContractError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(
            read_plain(path / "run.json", most=_MAX_BYTES), type=_Run
        ).finished
    return None


def _pointer(volume: Path, name: str) -> str | None:
    with suppress(ContractError, OSError):
        return read_pointer(volume) if name == LATEST else read_pinned(volume)
    return None


def _failure(volume: Path) -> Failure | None:
    with suppress(OSError, ContractError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(read_plain(volume / FAILED, most=_MAX_BYTES), type=Failure)
    return None


def _previous(volume: Path, models: Sequence[PublishedModel], live: str | None) -> str | None:
    """Return the model that was live before: as somebody recorded, or as the gate compared."""
    for action in reversed(_read_actions(volume)):
        if action.get("id") == live and action.get("previous") != live:
            return _text(action.get("previous"))
    found = next((each for each in models if each.id == live), None)
    judged = (found.verdict or {}).get("judged") if found else None
    if isinstance(judged, dict) and judged.get("live") != live:
        return _text(judged.get("live"))
    return None


def _read_actions(volume: Path) -> list[dict[str, Any]]:
    try:
        lines = read_plain(volume / HISTORY, most=_MAX_BYTES).splitlines()
    except (OSError, ContractError):
        return []
    found = []
    for line in lines[-MAX_MODELS:]:
        with suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
