"""The document of the live view: the minutes of all workers, added up by minute and by model."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from serve.api.predictions.routes import PREDICTION_ROUTES
from serve.api.service import Service
from serve.model.reference import Bins, Origin
from serve.runtime.counters import BOUNDS, Counters
from serve.schema.model_json import Class
from serve.traffic.minutes import HOUR_MINUTES, MAX_COLUMNS, SECONDS, Minute, read_minutes, unpack

_MAX_SERIES = 12
"""Number of columns with a series over time."""

MAX_MODELS = 8
"""Maximum number of models whose predictions and columns are shown: the newest."""

type Kind = Literal["out_of_range", "unknown_category"]
type Odd = tuple[int, int, int]
"""Age of a minute, missing values, and values outside training."""


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
    series: list[Odd] = msgspec.field(default_factory=list)
    """Counts over time, only of the first columns."""


class ModelCounts(msgspec.Struct):
    """What one model answered in the last hour."""

    id: str
    rows: int
    minutes: list[tuple[int, int]]
    """Age of a minute and number of rows."""
    target: str | None = None
    """None if the artifact is gone or another one; then nothing else is known, either."""
    predictions: Predictions | None = None
    columns: list[ColumnCounts] = msgspec.field(default_factory=list)
    """Columns that differ from training, the most different first."""
    left_out: int = 0
    """Number of further columns."""


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
    """Models that answered in the last hour, and the live one, newest first, at most MAX_MODELS."""
    example: str | None = None
    """A row to send as JSON, if nothing was predicted yet; a text, so that no digit is lost."""
    keys: bool = False
    """Whether a request needs an API key."""


class CountedColumn(NamedTuple):
    """What the counts of a column are shown with."""

    name: str
    kind: Kind
    is_judged: bool
    training_missing: float | None


class Facts(NamedTuple):
    """What the counts of a model are shown with."""

    target: str
    classes: Sequence[Class] | None
    bins: Bins | None
    columns: Sequence[CountedColumn]
    """In the order of the counts."""


type Aged = tuple[Minute, int]
"""A minute of one worker with its age."""


def recent_minutes(workers: Iterable[Counters], current: int) -> Iterable[Aged]:
    """Yield the minutes of the last hour; `current` is the number of this minute."""
    for worker in workers:
        for minute in read_minutes(worker.minutes):
            if (age := current - minute.number) <= HOUR_MINUTES:
                yield minute, age


def models_of(workers: Iterable[Counters], minutes: Iterable[Aged]) -> list[str]:
    """Return the models that answered, and the live ones, the newest first."""
    answered = {minute.model for minute, _ in minutes if minute.rows}
    answered |= {worker.model for worker in workers}
    lives = sorted((each for worker in workers for each in worker.lives), reverse=True)
    return [model for model in dict.fromkeys(model for _, model in lives) if model in answered]


def document_of(
    service: Service,
    workers: Sequence[Counters],
    minutes: Sequence[Aged],
    facts: Mapping[str, Facts | None],
    *,
    now: float,
) -> Live:
    """Return the document for the minutes of all workers and the facts of their models."""
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


def _by_minute(minutes: Iterable[Aged]) -> list[MinuteCounts]:
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


def _by_model(minutes: Sequence[Aged], facts: Mapping[str, Facts | None]) -> list[ModelCounts]:
    models = []
    for model, known in facts.items():
        mine = [(minute, age) for minute, age in minutes if minute.model == model]
        rows: Counter[int] = Counter()
        for minute, age in mine:
            rows[age] += minute.rows
        counts = ModelCounts(model, rows.total(), sorted(rows.items(), reverse=True))
        if known is not None:
            _add_facts(counts, mine, known)
        models.append(counts)
    return models


def _add_facts(counts: ModelCounts, minutes: Sequence[Aged], facts: Facts) -> None:
    try:
        predictions = _predictions(minutes, facts)
        columns = _columns(minutes, facts, rows=counts.rows)
    except (IndexError, ValueError):
        return  # The artifact is another one by now, with fewer columns or bins.
    counts.target, counts.predictions, counts.columns = facts.target, predictions, columns
    counts.left_out = len(facts.columns) - len(columns)


def _predictions(minutes: Iterable[Aged], facts: Facts) -> Predictions | None:
    if facts.bins is None:
        return None
    counts = np.zeros(len(facts.bins.training), np.int64)
    places, numbers = unpack(b"".join(minute.predictions for minute, _ in minutes), counts=1)
    np.add.at(counts, places, numbers)
    bins = [Bin(*each) for each in zip(facts.bins.training, counts.tolist(), strict=True)]
    if facts.classes is not None:
        for each, value in zip(bins, facts.classes, strict=True):
            each.value = value
    else:
        bounds = facts.bins.bounds
        for each, low, high in zip(bins, (None, *bounds), (*bounds, None), strict=True):
            each.low, each.high = low, high
    return Predictions(facts.bins.origin, bins)


def _columns(minutes: Sequence[Aged], facts: Facts, *, rows: int) -> list[ColumnCounts]:
    """Return the columns that differ from training, the most different first."""
    if not rows:
        return []
    shape = (HOUR_MINUTES + 1, len(facts.columns))
    unpacked = [unpack(minute.columns, counts=2) for minute, _ in minutes]
    ages = np.repeat([age for _, age in minutes], [each.shape[1] for each in unpacked])
    places, *counts = np.concatenate(unpacked, axis=1)
    cells = np.ravel_multi_index((ages, places), shape)
    sums = [np.bincount(cells, each, minlength=shape[0] * shape[1]) for each in counts]
    by_age = np.stack([each.reshape(shape) for each in sums], axis=1).astype(np.int64)
    missing, outside = by_age.sum(axis=0)
    training = np.array([column.training_missing or 0.0 for column in facts.columns])
    deviations = np.abs(missing / rows - training) + outside / rows
    order = np.argsort(-deviations, kind="stable")[:MAX_COLUMNS]
    found = [
        _column(facts.columns[place], int(missing[place]), int(outside[place]))
        for place in order[deviations[order] > 0].tolist()
    ]
    for column, place in zip(found[:_MAX_SERIES], order.tolist(), strict=False):
        column.series = _series(by_age[:, :, place])
    return found


def _column(column: CountedColumn, missing: int, outside: int) -> ColumnCounts:
    shown = outside if column.is_judged else None
    return ColumnCounts(column.name, missing, shown, column.kind, column.training_missing)


def _series(by_age: NDArray[np.int64]) -> list[Odd]:
    """Return the minutes with any count, oldest first."""
    ages = np.flatnonzero(by_age.any(axis=1))[::-1]
    return [(age, *both) for age, both in zip(ages.tolist(), by_age[ages].tolist(), strict=True)]
