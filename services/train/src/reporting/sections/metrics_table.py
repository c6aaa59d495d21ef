"""The metrics of a model: on all held-out rows, and in slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelling.metric_names import higher_is_better
from modelling.model_selection.metrics import Metric
from stage_contract.metric_titles import title_of_metric

from reporting.plots.interval_plots import Range, ranges


@dataclass(frozen=True)
class MetricRow:
    """One metric."""

    name: str
    title: str
    says: str
    better: str
    found: Range
    decides: bool
    beats_baseline: bool


@dataclass(frozen=True)
class SliceRow:
    """One category of a column."""

    value: str
    rows: int
    found: Range | None
    """The deciding metric; None if it is undefined for the slice."""


@dataclass(frozen=True)
class SliceTable:
    """The categories of one column, largest first."""

    column: str
    rows: Sequence[SliceRow]
    left_out: int
    left_out_rows: int


def title_of(name: str) -> str:
    """Return the title of a metric."""
    return title_of_metric(name)[0]


def list_metrics(document: Mapping[str, Any], metric: Metric) -> list[MetricRow]:
    """Return a row for each metric of model.json, the deciding one first."""
    names = sorted(document["metrics"], key=lambda name: name != metric.name)
    return [_row(name, document, decides=name == metric.name) for name in names]


def list_slices(document: Mapping[str, Any], metric: Metric) -> list[SliceTable]:
    """Return a table of the deciding metric for each column with slices."""
    return [_table(column, metric.name) for column in document.get("slices", [])]


def _row(name: str, document: Mapping[str, Any], *, decides: bool) -> MetricRow:
    found, baseline = document["metrics"][name], document["baseline"].get(name)
    reference = None if baseline is None else baseline["value"]
    title, says = title_of_metric(name)
    is_higher = higher_is_better(name)
    return MetricRow(
        name,
        title,
        says,
        better="higher is better" if is_higher else "lower is better",
        found=ranges([(found, reference)])[0],
        decides=decides,
        beats_baseline=reference is None
        or _is_better(found["value"], reference, is_higher=is_higher),
    )


def _table(column: Mapping[str, Any], metric: str) -> SliceTable:
    defined = [part for part in column["slices"] if metric in part["metrics"]]
    pairs = [(part["metrics"][metric], part["baseline"][metric]) for part in defined]
    found = dict(zip(map(id, defined), ranges(pairs), strict=True))
    rows = [
        SliceRow(
            "missing" if part["value"] is None else str(part["value"]),
            part["rows"],
            found.get(id(part)),
        )
        for part in column["slices"]
    ]
    left_out = column["left_out"]
    return SliceTable(column["column"], rows, left_out["categories"], left_out["rows"])


def _is_better(value: float, baseline: float, *, is_higher: bool) -> bool:
    return value > baseline if is_higher else value < baseline
