"""The models on the volume, newest first, and the pointers that name some of them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

import msgspec
from stage_contract import ContractError, read_pointer
from stage_contract.artifacts.history import HISTORY
from stage_contract.artifacts.manifests import LATEST, MANIFEST
from stage_contract.artifacts.plain_files import open_plain
from stage_contract.artifacts.reading import PINNED, is_id, read_pinned
from stage_contract.artifacts.verdicts import REFUSED
from stage_contract.artifacts.volumes import read_refused
from stage_contract.stages.failures import FAILED

from serve.api.page.documents import Time, Whole, check_times, decode, read_document
from serve.api.page.published_model import PublishedModel, mark_of, marks_of, read_model

MAX_MODELS = 20
"""Maximum number of models that the page lists."""

_MAX_FAILURE_BYTES = 64 * 1024
_MAX_HISTORY_BYTES = 64 * 1024
"""Bound of the end of history.jsonl that is read."""


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
        *(mark_of(volume / name) for name in names),
        *((path.name, marks_of(path)) for path in paths),
    )


def _newest(volume: Path) -> tuple[list[Path], int]:
    """Return the newest models, and the number of all."""
    made = list(_times(volume))
    return [path for _time, path in nlargest(MAX_MODELS, made)], len(made)


def _times(volume: Path) -> Iterator[tuple[int, Path]]:
    """Yield each model with the time of its manifest; one may be pruned meanwhile.

    A volume that can't be read has none to list; the model watcher reports that.
    """
    with suppress(OSError), os.scandir(volume) as entries:
        for entry in entries:
            if is_id(entry.name) and (mark := mark_of(volume / entry.name / MANIFEST)):
                yield mark[1], volume / entry.name


def _pointer(volume: Path, name: str) -> str | None:
    with suppress(ContractError, OSError):
        return read_pointer(volume) if name == LATEST else read_pinned(volume)
    return None


def _failure(volume: Path) -> Failure | None:
    with suppress(OSError, ContractError):
        return read_document(volume / FAILED, Failure, max_bytes=_MAX_FAILURE_BYTES)
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
