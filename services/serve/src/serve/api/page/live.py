"""GET /page/live: what was answered in the last hour, by minute and by model."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Response
from fastapi.concurrency import run_in_threadpool
from stage_contract import ContractError, open_artifact

from serve.api.dependencies import LiveService, page_is_served
from serve.api.page.responses import SECURITY
from serve.api.predictions.routes import PREDICTION_ROUTES
from serve.api.service import Service
from serve.model.reference import Bins, Origin, read_bins
from serve.model.row_counts import is_judged
from serve.runtime.counters import BOUNDS, Counters
from serve.runtime.traffic import HOUR_MINUTES, MAX_COLUMNS, SECONDS, Minute, read_minutes
from serve.schema.model_json import Class, Description, read_description
from serve.schema.signature import Column

_MAX_SERIES = 12
"""Number of columns with a series over time."""

type Kind = Literal["out_of_range", "unknown_category"]


class MinuteCounts(msgspec.Struct):
    """What all workers answered in one minute."""

    age: int
    """Minutes before the current one."""
    answers: Counter[str]
    """Responses of the prediction routes, by class of status."""
    others: int
    causes: Counter[str]
    latencies: list[int]
    """Successful predictions by bucket of latency."""
    rows: int


class Bin(msgspec.Struct, omit_defaults=True):
    """A bin of predictions, with the share of training and the number of the last hour."""

    training: float
    count: int
    low: float | None = None
    high: float | None = None
    value: Class | None = None
    """The class, instead of a range."""


class Predictions(msgspec.Struct):
    """The distribution of a model's predictions."""

    origin: Origin
    """What was binned in training."""
    bins: list[Bin]


class ColumnCounts(msgspec.Struct):
    """Missing and odd values of a column."""

    name: str
    missing: int
    outside: int | None
    """Values out of range or unknown; None if training tells nothing to judge them by."""
    kind: Kind
    training_missing: float | None
    """Share of the training rows without a value."""
    series: list[tuple[int, int, int]] = msgspec.field(default_factory=list)
    """Age of a minute, missing and odd values; only of the first columns."""

    def deviation(self, rows: int) -> float:
        """Return how far the column is from training, between 0 and 2."""
        missing = self.missing / rows - (self.training_missing or 0)
        return abs(missing) + (self.outside or 0) / rows


class ModelCounts(msgspec.Struct):
    """What one model answered in the last hour."""

    id: str
    rows: int
    minutes: list[tuple[int, int]]
    """Age of a minute and number of rows."""
    target: str | None = None
    """None if the artifact is gone; then nothing else is known, either."""
    predictions: Predictions | None = None
    columns: list[ColumnCounts] = msgspec.field(default_factory=list)
    """Columns that differ from training, the most different first."""
    left_out: int = 0
    """Number of further columns without a missing or odd value."""


class Swap(msgspec.Struct):
    """A model that went live."""

    time: float
    model: str


class Live(msgspec.Struct):
    """The response; all times are seconds since 1970."""

    time: float
    begin: float
    """Start of the current minute."""
    since: float
    """Start of the counts."""
    workers: int
    model: str | None
    bounds: Sequence[float]
    """Upper bounds of the buckets of latency in seconds; the last bucket has none."""
    requests: int
    """Responses of the prediction routes since the start."""
    rows: int
    """Predicted rows since the start."""
    minutes: list[MinuteCounts]
    """Minutes with any traffic, oldest first."""
    swaps: list[Swap]
    """Models that went live, oldest first; the first one may have done so long ago."""
    models: list[ModelCounts]
    """Models that answered in the last hour, and the live one, newest first."""
    example: str | None = None
    """A row to send as JSON, if nothing was predicted yet; a text, so that no digit is lost."""
    keys: bool = False
    """Whether a request needs an API key."""


@dataclass(frozen=True)
class _Facts:
    """What the counts of a model are shown with."""

    description: Description
    bins: Bins | None

    @property
    def columns(self) -> list[Column]:
        """The columns in the order of the counts."""
        signature = self.description.signature
        return [*signature.group("numbers"), *signature.group("strings")]


router = APIRouter(include_in_schema=False, dependencies=[Depends(page_is_served)])


@router.get("/page/live")
async def live(service: LiveService) -> Response:
    """Return the traffic of the last hour, of all workers."""
    service.tick(connections=service.connections)
    workers = service.worker_state.all()
    now = service.worker_state.shared_state.clock.now()
    minutes = [*_recent(workers, int(now // SECONDS))]
    facts = {model: await _facts_of(model, service) for model in _models(workers, minutes)}
    document = _document(service, workers, minutes, facts, now=now)
    headers = {**SECURITY, "cache-control": "no-store"}
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)


type _Aged = tuple[Minute, int]
"""A minute of one worker with its age."""


def _recent(workers: Iterable[Counters], current: int) -> Iterable[_Aged]:
    for worker in workers:
        for minute in read_minutes(worker.minutes):
            if (age := current - minute.number) <= HOUR_MINUTES:
                yield minute, age


def _models(workers: Iterable[Counters], minutes: Iterable[_Aged]) -> list[str]:
    """Return the models that answered, and the live ones, the newest first."""
    answered = {minute.model for minute, _ in minutes if minute.rows}
    answered |= {worker.model for worker in workers}
    lives = sorted((each for worker in workers for each in worker.lives), reverse=True)
    return [model for model in dict.fromkeys(model for _, model in lives) if model in answered]


async def _facts_of(model: str, service: Service) -> _Facts | None:
    """Return what is known of a model; None if its artifact is gone."""
    current = service.watcher.model
    if current is not None and current.id == model:
        return _Facts(current.description, current.bins)
    try:
        return await run_in_threadpool(_read_facts, service.volume / model)
    except (ContractError, OSError):
        return None  # It was pruned: the response has its numbers, without names.


@lru_cache(maxsize=8)
def _read_facts(path: Path) -> _Facts:
    artifact = open_artifact(path, "model")
    description = read_description(artifact.file("model.json").read_bytes())
    return _Facts(description, read_bins(artifact, description))


def _document(
    service: Service,
    workers: Sequence[Counters],
    minutes: Sequence[_Aged],
    facts: Mapping[str, _Facts | None],
    *,
    now: float,
) -> Live:
    shift = service.worker_state.shared_state.clock.shift()
    requests = sum(
        sum(latencies.buckets)
        for worker in workers
        for route in PREDICTION_ROUTES & worker.answers.keys()
        for latencies in worker.answers[route].values()
    )
    model = service.watcher.model
    began = [worker.since for worker in workers if worker.since]
    return Live(
        time=round(now + shift, 3),
        begin=round(now // SECONDS * SECONDS + shift),
        since=round(min(began, default=now) + shift, 3),
        workers=len(workers),
        model=model.id if model else None,
        bounds=BOUNDS,
        requests=requests,
        rows=sum(worker.rows for worker in workers),
        minutes=_by_minute(minutes),
        swaps=_swaps(workers, shift=shift),
        models=_by_model(minutes, facts),
        example=_text(model.example) if model and not requests else None,
        keys=service.keys is not None,
    )


def _text(row: Mapping[str, Any]) -> str:
    return msgspec.json.encode(row).decode()


def _by_minute(minutes: Iterable[_Aged]) -> list[MinuteCounts]:
    found: dict[int, MinuteCounts] = {}
    for minute, age in minutes:
        if (whole := found.get(age)) is None:
            nothing = [0] * len(minute.latencies)
            whole = found[age] = MinuteCounts(age, Counter(), 0, Counter(), nothing, 0)
        whole.answers.update(minute.answers)
        whole.others += minute.others
        whole.causes.update(minute.causes)
        whole.latencies = [*map(sum, zip(whole.latencies, minute.latencies, strict=True))]
        whole.rows += minute.rows
    return sorted(found.values(), key=attrgetter("age"), reverse=True)


def _swaps(workers: Iterable[Counters], *, shift: float) -> list[Swap]:
    """Return each swap once: at the time of the first worker."""
    swaps: list[Swap] = []
    for time, model in sorted(each for worker in workers for each in worker.lives):
        if not (swaps and swaps[-1].model == model):
            swaps.append(Swap(round(time + shift, 3), model))
    return swaps


def _by_model(minutes: Sequence[_Aged], facts: Mapping[str, _Facts | None]) -> list[ModelCounts]:
    models = []
    for model, known in facts.items():
        mine = [(minute, age) for minute, age in minutes if minute.model == model]
        rows: Counter[int] = Counter()
        for minute, age in mine:
            rows[age] += minute.rows
        counts = ModelCounts(model, rows.total(), sorted(rows.items(), reverse=True))
        if known is not None:
            counts.target = known.description.target.name
            counts.predictions = _predictions(mine, known)
            counts.columns, counts.left_out = _columns(mine, known, rows=counts.rows)
        models.append(counts)
    return models


def _predictions(minutes: Iterable[_Aged], facts: _Facts) -> Predictions | None:
    if facts.bins is None:
        return None
    counts: Counter[int] = Counter()
    for minute, _ in minutes:
        for place, count in batched(minute.predictions, 2, strict=True):
            counts[place] += count
    bins = [Bin(share, counts[place]) for place, share in enumerate(facts.bins.training)]
    if facts.description.classes is not None:
        for each, value in zip(bins, facts.description.classes, strict=True):
            each.value = value
    else:
        for each, low, high in zip(
            bins, (None, *facts.bins.bounds), (*facts.bins.bounds, None), strict=True
        ):
            each.low, each.high = low, high
    return Predictions(facts.bins.origin, bins)


def _columns(
    minutes: Iterable[_Aged], facts: _Facts, *, rows: int
) -> tuple[list[ColumnCounts], int]:
    """Return the columns that differ most from training, and the number of others."""
    series: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for minute, age in minutes:
        for place, missing, outside in batched(minute.columns, 3, strict=True):
            before = series[place].get(age, (0, 0))
            series[place][age] = before[0] + missing, before[1] + outside
    found = []
    for place, column in enumerate(facts.columns):
        mine = series.get(place, {})
        seen = column.observed
        each = ColumnCounts(
            name=column.name,
            missing=sum(missing for missing, _ in mine.values()),
            outside=sum(odd for _, odd in mine.values()) if is_judged(column) else None,
            kind="out_of_range" if column.input.group == "numbers" else "unknown_category",
            training_missing=seen.missing / seen.rows if seen and seen.rows else None,
            series=[(age, *both) for age, both in sorted(mine.items(), reverse=True)],
        )
        if rows and each.deviation(rows):
            found.append(each)
    found.sort(key=lambda each: -each.deviation(rows))
    for each in found[_MAX_SERIES:]:
        each.series = []
    return found[:MAX_COLUMNS], len(facts.columns) - len(found[:MAX_COLUMNS])
