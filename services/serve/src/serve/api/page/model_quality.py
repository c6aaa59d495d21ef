"""The quality of the live model: metrics, the gate's checks and the feature importance."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stage_contract.metric_titles import title_of_metric

from serve.api.page.documents import MAX_LISTED
from serve.api.page.published_model import Check as Recorded
from serve.api.page.published_model import Metric, PublishedModel, Verdict
from serve.schema.model_json import Importance

MAX_BARS = 25
"""Maximum number of columns in the feature importance."""

_CHECKS: Mapping[str, str] = {
    "parity": "parity",
    "dummy": "baseline",
    "limit": "limit",
    "slice": "slice",
    "live": "live model",
    "best": "best model",
}
_WIDTH = 120
"""Width of the sketch of an interval, in units of the SVG."""
_MARGIN = 6


@dataclass(frozen=True)
class Sketch:
    """An interval on an axis that is common to all sketches of a group."""

    start: float
    end: float
    dot: float
    mark: float | None = None
    """Position of the baseline."""


@dataclass(frozen=True)
class MetricRow:
    """A metric of the live model beside the baseline and the previous model."""

    name: str
    title: str
    meaning: str
    decides: bool
    found: Metric
    baseline: Metric | None
    previous: Metric | None
    sketch: Sketch | None


@dataclass(frozen=True)
class Check:
    """A check of the gate."""

    name: str
    passed: bool | None
    """None if it could not be decided."""
    why: str


@dataclass(frozen=True)
class Bar:
    """The importance of a column, in percent of the longest bar."""

    column: str
    loss: float
    deviation: float | None
    length: float
    start: float
    end: float
    """The standard deviation around `length`, from `start` to `end`."""


def title_of(metric: str) -> str:
    """Return the title of a metric."""
    return title_of_metric(metric)[0]


def deciding_metric(model: PublishedModel) -> str | None:
    """Return the name of the gate's metric, or of the first metric."""
    named = model.verdict.metric if model.verdict else None
    return named if named in model.metrics else next(iter(model.metrics), None)


def metric_rows(model: PublishedModel, previous: PublishedModel | None) -> list[MetricRow]:
    """Return a row for each metric, the deciding one first."""
    decides = deciding_metric(model)
    before = previous.metrics if previous else {}
    rows = []
    for name in sorted(model.metrics, key=lambda each: each != decides):
        found, baseline = model.metrics[name], model.baseline.get(name)
        title, meaning = title_of_metric(name)
        [sketch] = sketches([found], mark=baseline.value if baseline else None)
        rows.append(
            MetricRow(
                name,
                title,
                meaning,
                decides=name == decides,
                found=found,
                baseline=baseline,
                previous=before.get(name),
                sketch=sketch,
            )
        )
    return rows


def checks_of(verdict: Verdict | None, *, private: Collection[str]) -> list[Check]:
    """Return the gate's first checks; a category of a private column is not shown."""
    checks = verdict.checks[:MAX_LISTED] if verdict else ()
    return [_check(each, private=private) for each in checks]


def _check(check: Recorded, *, private: Collection[str]) -> Check:
    why = "a category of a private column" if check.column in private else check.why
    return Check(_CHECKS.get(check.check, check.check), check.passed, why=why)


def bars_of(importance: Importance | None) -> list[Bar]:
    """Return the bars of the most important columns, on one axis that starts at 0."""
    shown = importance.columns[:MAX_BARS] if importance else ()
    most = max((each.loss + (each.deviation or 0.0) for each in shown), default=0.0)

    def place(value: float) -> float:
        return round(min(max(100 * value / most, 0.0), 100.0), 1) if most > 0 else 0.0

    return [
        Bar(
            each.name,
            each.loss,
            each.deviation,
            length=place(each.loss),
            start=place(each.loss - (each.deviation or 0.0)),
            end=place(each.loss + (each.deviation or 0.0)),
        )
        for each in shown
    ]


def sketches(metrics: Sequence[Metric | None], *, mark: float | None) -> list[Sketch | None]:
    """Return a sketch of each interval, all on one axis; `mark` is the baseline's value."""
    known = [each for each in metrics if each is not None]
    values = [value for each in known for value in (each.value, each.low, each.high)]
    values += [] if mark is None else [mark]
    low, high = min(values, default=0.0), max(values, default=0.0)
    scale = (_WIDTH - 2 * _MARGIN) / (high - low) if high > low else 0.0

    def place(value: float) -> float:
        return round(_MARGIN + (value - low) * scale, 1)

    return [
        None
        if each is None
        else Sketch(
            place(each.low),
            place(each.high),
            place(each.value),
            None if mark is None else place(mark),
        )
        for each in metrics
    ]
