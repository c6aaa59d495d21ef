"""The view model of the overview: what the page tells about the pipeline and the live model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
from stage_contract import ContractError
from stage_contract.commands import make_command

from serve.api.page.documents import Count, decode
from serve.api.page.model_history import History, history_state, read_history
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
from serve.api.page.pipeline_records import Pipeline, Record, read_lineage, read_pipeline
from serve.api.page.published_model import Metric, PublishedModel, read_model
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


class Split(msgspec.Struct, frozen=True):
    """How rows were held out."""

    test_rows: Count | None = None
    kind: str = ""


class _Estimator(msgspec.Struct, frozen=True):
    name: str = ""


class Trainer(msgspec.Struct, frozen=True):
    """The stage that trained the model."""

    name: str = ""
    version: str = ""


class _About(msgspec.Struct, frozen=True):
    """The parts of the response of GET /model that the page shows."""

    estimator: msgspec.Raw = msgspec.Raw(b"null")
    split: msgspec.Raw = msgspec.Raw(b"null")
    stage: msgspec.Raw = msgspec.Raw(b"null")
    contract: str = ""


@dataclass(frozen=True)
class LiveModel:
    """What the page tells about the live model; each part is made when a section needs it."""

    model: Model
    history: History
    published: PublishedModel

    @property
    def previous(self) -> PublishedModel | None:
        """The model that was live before, if it is listed."""
        return self.history.find(self.history.previous)

    @cached_property
    def _about(self) -> _About:
        return decode(self.model.about, _About, name="GET /model")

    @property
    def contract(self) -> str:
        """The version of the contract that the model was written for."""
        return self._about.contract

    @cached_property
    def estimator(self) -> str:
        """The name of the estimator; empty if it is unknown."""
        found = _part(self._about.estimator, _Estimator)
        return found.name if found else ""

    @cached_property
    def split(self) -> Split:
        """How rows were held out, as far as it is known."""
        return _part(self._about.split, Split) or Split()

    @cached_property
    def trainer(self) -> Trainer:
        """The stage that trained the model, as far as it is known."""
        return _part(self._about.stage, Trainer) or Trainer()

    @cached_property
    def _read(self) -> tuple[Pipeline | None, str]:
        try:
            pipeline = read_pipeline(self.published.path)
        except ContractError as error:
            return None, str(error).removeprefix(f"{self.published.path}: ")
        return pipeline, pipeline.damage

    @property
    def pipeline(self) -> Pipeline | None:
        """The runs that led to it; None if they can't be read."""
        return self._read[0]

    @property
    def damage(self) -> Sequence[str]:
        """Why some facts are not shown."""
        found = (self._read[1], self.published.damage, self.published.verdict_damage)
        return [*dict.fromkeys(each for each in found if each)]

    @cached_property
    def cards(self) -> Sequence[StageCard]:
        """What each stage did."""
        if self.pipeline is None:
            return []
        private = self.model.description.signature.private_names
        return stage_cards(self.pipeline, self._stages_before(), private=private)

    def _stages_before(self) -> Sequence[Record]:
        if self.previous is None or self.previous.damage:
            return []
        try:
            return read_lineage(self.previous.path)
        except ContractError:
            return []

    @cached_property
    def metrics(self) -> Sequence[MetricRow]:
        """The metrics, the deciding one first."""
        return metric_rows(self.published, self.previous)

    @cached_property
    def checks(self) -> Sequence[Check]:
        """The first checks of the gate."""
        private = self.model.description.signature.private_names
        return checks_of(self.published.verdict, private=private)

    @property
    def checks_left_out(self) -> int:
        """The number of further checks."""
        verdict = self.published.verdict
        return len(verdict.checks) - len(self.checks) if verdict else 0

    @cached_property
    def bars(self) -> Sequence[Bar]:
        """The importance of the columns."""
        return bars_of(self.model.description.importance)


@dataclass(frozen=True)
class Overview:
    """Everything that the overview shows; each part is made when a section needs it."""

    service: Service
    model: Model | None
    """The live model."""

    @property
    def pipeline(self) -> str:
        """The name of the pipeline."""
        return self.service.name

    @property
    def why_none(self) -> str:
        """Why no model is live."""
        return _why_none(self.service)

    @property
    def refused(self) -> Refused | None:
        """The model that serve refused."""
        return self.service.watcher.refused

    @cached_property
    def history(self) -> History:
        """The models on the volume."""
        return read_history(self.service.volume, live=self.model.id if self.model else None)

    @cached_property
    def live(self) -> LiveModel | None:
        """The facts of the live model."""
        if self.model is None:
            return None
        published = self.history.find(self.model.id)
        published = published or read_model(self.service.volume / self.model.id)
        return LiveModel(self.model, self.history, published)

    @property
    def _deciding(self) -> str | None:
        return deciding_metric(self.live.published) if self.live else None

    @property
    def metric(self) -> str:
        """The title of the metric in the history."""
        return title_of(self._deciding) if self._deciding else "held-out"

    @cached_property
    def rows(self) -> Sequence[HistoryRow]:
        """The newest models, with the metric that decides."""
        live = self.model.id if self.model else None
        return _history_rows(self.history, metric=self._deciding, live=live)

    @property
    def title(self) -> str:
        """The title of the document."""
        target = [self.model.description.target.name] if self.model else []
        return " · ".join([*target, self.pipeline, "Stagecoach"])

    def command(self, arguments: str) -> str:
        """Return a command to paste on the host."""
        return make_command(arguments)


def overview_of(service: Service) -> Overview:
    """Return the overview of this worker's live model."""
    return Overview(service, service.watcher.model)


def state_of(service: Service) -> tuple[object, ...]:
    """Return what the overview depends on; equal values give the same overview."""
    model, refused = service.watcher.model, service.watcher.refused
    return (
        model and model.id,  # not since when, which differs between workers
        refused and (refused.id, refused.cause, refused.reason),
        _why_none(service),
        service.name,
        service.settings.docs,
        history_state(service.volume),
    )


def _why_none(service: Service) -> str:
    try:
        service.watcher.live()
    except RequestError as error:
        return error.detail.removeprefix("no model is live: ")
    return ""


def _part[T](part: msgspec.Raw, shape: type[T]) -> T | None:
    """Return a part of the facts on a model; None if it is missing or of another form."""
    try:
        return decode(part, shape, name="GET /model")
    except ContractError:
        return None


def _history_rows(history: History, *, metric: str | None, live: str | None) -> list[HistoryRow]:
    found = [model.metrics.get(metric or "") for model in history.models]
    return [
        HistoryRow(
            model,
            score,
            sketch,
            marks=_marks(model, history, live),
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
    if model.damage or model.verdict_damage or model.id == live:
        return ""
    if model.refusal and model.id == history.refused:
        return make_command(f"accept ID={model.id}")
    return make_command(f"rollback ID={model.id}")
