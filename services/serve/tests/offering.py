"""Offering further models to one worker, which admits them or says why not."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from asking import Worker
from serve.model.admission import Bounds
from serve.model.models import load_model
from serve_testing.made_models import MadeModel, publish_model


def bound(worker: Worker, **bounds: Any) -> None:
    """Let a worker admit further models by other bounds."""
    made = Bounds(**bounds)
    load = partial(load_model, name="test", max_rows=100, bounds=made)
    worker.trials = replace(worker.trials, load=load, bounds=made)


def offer(worker: Worker, volume: Path, model: MadeModel) -> Any:
    """Publish a model and return what /ready says of a refusal."""
    publish_model(volume, model)
    worker.poll()
    return worker.ask("GET", "/ready").json()["refused"]


def changes(worker: Worker) -> Any:
    return worker.ask("GET", "/model").json()["signature_changes"]
