"""The view model of the overview: what the page tells about the pipeline and the live model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stage_contract import ContractError
from stage_contract.commands import make_command

from serve.api.page.model_history import (
    History,
    Metric,
    PublishedModel,
    history_state,
    read_history,
    read_model,
)
from serve.api.page.model_quality import (
    Bar,
    Check,
    MetricRow,
    Sketch,
    bars_of,
    checks_of,
    deciding_metric,
    metric_rows,
    sketches,
    title_of,
)
from serve.api.page.pipeline_records import Pipeline, read_pipeline
from serve.api.page.stage_cards import StageCard, stage_cards
from serve.api.service import Service
from serve.model.models import Model
from serve.model.refusals import Refused
from serve.problems import RequestError


@dataclass(frozen=True)
class HistoryRow:
    """A model on the volume, with the command that makes it live."""

    model: PublishedModel
    score: Metric | None
    sketch: Sketch | None
    marks: Sequence[str]
    command: str


@dataclass(frozen=True)
class LiveModel:
    """What the page tells about the live model."""

    model: Model
    about: Mapping[str, Any]
    published: PublishedModel
    previous: PublishedModel | None
    pipeline: Pipeline | None
    """The runs that led to it; None if they can't be read."""
    damage: str
    """Why some facts are not shown."""
    cards: Sequence[StageCard]
    metrics: Sequence[MetricRow]
    checks: Sequence[Check]
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Overview:
    """Everything that the overview shows."""

    pipeline: str
    live: LiveModel | None
    why_none: str
    """Why no model is live."""
    refused: Refused | None
    """The model that serve refused."""
    history: History
    rows: Sequence[HistoryRow]
    metric: str
    """The title of the metric in the history."""
    docs: bool

    @property
    def title(self) -> str:
        """Return the title of the document."""
        target = [self.live.model.description.target.name] if self.live else []
        return " · ".join([*target, self.pipeline, "Stagecoach"])

    def command(self, arguments: str) -> str:
        """Return a command to paste on the host."""
        return make_command(arguments)


def overview_of(service: Service) -> Overview:
    """Return the overview of this worker's live model."""
    model = service.watcher.model
    history = read_history(service.volume, live=model.id if model else None)
    live = _live_model(service, model, history) if model else None
    metric = deciding_metric(live.published) if live else None
    return Overview(
        pipeline=service.name,
        live=live,
        why_none=_why_none(service),
        refused=service.watcher.refused,
        history=history,
        rows=_history_rows(history, metric=metric, live=model.id if model else None),
        metric=title_of(metric) if metric else "held-out",
        docs=service.settings.docs,
    )


def state_of(service: Service) -> tuple[object, ...]:
    """Return what the overview depends on; equal values give the same overview."""
    model, refused = service.watcher.model, service.watcher.refused
    return (
        model and model.id,  # not since when, which differs between workers
        refused and (refused.id, refused.cause, refused.reason),
        _why_none(service),
        history_state(service.volume),
    )


def _why_none(service: Service) -> str:
    try:
        service.watcher.live()
    except RequestError as error:
        return error.detail.removeprefix("no model is live: ")
    return ""


def _live_model(service: Service, model: Model, history: History) -> LiveModel:
    published = history.find(model.id) or read_model(service.volume / model.id)
    previous = history.find(history.previous)
    pipeline, damage = _pipeline_of(published)
    private = model.description.signature.private_names
    before, _damage = _pipeline_of(previous) if previous else (None, "")
    return LiveModel(
        model=model,
        about=json.loads(model.about),
        published=published,
        previous=previous,
        pipeline=pipeline,
        damage=damage,
        cards=stage_cards(pipeline, before, private=private) if pipeline else [],
        metrics=metric_rows(published, previous),
        checks=checks_of(published.verdict, private=private),
        bars=bars_of(published.document.importance),
    )


def _pipeline_of(model: PublishedModel) -> tuple[Pipeline | None, str]:
    if model.artifact is None:
        return None, model.damage
    try:
        pipeline = read_pipeline(model.artifact)
    except ContractError as error:
        return None, str(error)
    return pipeline, pipeline.damage


def _history_rows(history: History, *, metric: str | None, live: str | None) -> list[HistoryRow]:
    found = [model.document.metrics.get(metric or "") for model in history.models]
    return [
        HistoryRow(
            model,
            score,
            sketch,
            marks=[*_marks(model, history, live)],
            command=_command(model, history, live),
        )
        for model, score, sketch in zip(
            history.models, found, sketches(found, mark=None), strict=True
        )
    ]


def _marks(model: PublishedModel, history: History, live: str | None) -> list[str]:
    marks = {
        "live": model.id == live,
        "pinned": model.id == history.pinned,
        "previous": model.id == history.previous,
        "LATEST": model.id == history.latest != live,
        "accepted by hand": model.is_accepted_by_hand,
    }
    return [mark for mark, holds in marks.items() if holds]


def _command(model: PublishedModel, history: History, live: str | None) -> str:
    """Return the command that makes a model live; empty for the live one and a damaged one."""
    if model.damage or model.id == live:
        return ""
    if model.refusal and model.id == history.refused:
        return make_command(f"accept ID={model.id}")
    return make_command(f"rollback ID={model.id}")
