"""Tracking: log new models, register accepted ones, and move the alias."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mlflow.exceptions import MlflowException
from stage_contract import LOGGER, ContractError, read_pointer

from track.published import published_models, read_published
from track.registry import Registry
from track.runs import Runs
from track.server import connect, said_by, shortened, told
from track.settings import Settings

_AGAINST_THE_RULES: Final = "INVALID_PARAMETER_VALUE"


def track(volume: Path, settings: Settings) -> None:
    """Bring MLflow up to date with the models of a volume; idempotent.

    Raises:
        SourceError: The server is unreachable, or refuses a request.
        ContractError: A model is damaged or rejected by the server; the others were logged.
    """
    paths = published_models(volume)
    client = connect(settings)
    with told(settings):
        runs, registry = Runs(client, settings), Registry(client, settings)
        logged, failed = 0, None
        for path in paths:
            try:
                is_live = path.name == read_pointer(volume)
                logged += _track_one(path, runs, registry, settings, is_live=is_live)
            except ContractError as error:
                # A model that was pruned meanwhile is skipped.
                failed = failed or (error if path.exists() else None)
    done = (
        f"logged {logged} of {len(paths)}"
        if logged
        else f"unchanged: nothing new among {len(paths)}"
    )
    facts = {"logged": logged, "models": len(paths)}
    LOGGER.info("%s models, in %s", done, settings.address, extra=facts)
    if failed:
        raise failed


def _track_one(
    path: Path, runs: Runs, registry: Registry, settings: Settings, *, is_live: bool
) -> bool:
    """Log one model if needed; return whether it was logged."""
    with _alone(path):
        model = read_published(path)
        with model.artifact.hold():
            found = runs.find(model.id)
            with _refused(path, runs, settings):
                run = found or runs.log(model)
                if found:
                    runs.update_gate(found, model)
                if is_live or not model.refusal:
                    version = registry.register(run, model)
                    if is_live:
                        registry.point_alias(version)
        return found is None


@contextmanager
def _refused(path: Path, runs: Runs, settings: Settings) -> Iterator[None]:
    """Distinguish the server's rejection of one model from a failure of the server."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != _AGAINST_THE_RULES:
            raise
        # Removes the incomplete run.
        runs.find(path.name)
        said = shortened(said_by(error, settings))
        raise ContractError(
            f"{path}: MLflow refuses this model: {said}; fix what it names and train again,"
            " the other models are logged"
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let concurrent processes for one volume wait for each other; works on read-only volumes."""
    try:
        file = (path / "model.json").open("rb")
    except FileNotFoundError:
        raise ContractError(f"{path}: no model.json; train it again") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
