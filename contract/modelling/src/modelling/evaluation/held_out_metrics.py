"""Metrics of a model on held-out rows, beside the metrics of the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stage_contract import LOGGER

from modelling.evaluation.leakage import Leak
from modelling.graphs.parity import Parity
from modelling.model_selection.bootstrap import Interval
from modelling.model_selection.metrics import Metric


@dataclass(frozen=True)
class HeldOutMetrics:
    """How good a model is, and that it is what was trained."""

    metric: Metric
    """The one that decides."""
    metrics: Mapping[str, Interval]
    baseline: Mapping[str, Interval]
    parity: Parity
    slices: Sequence[Mapping[str, Any]] = ()
    leaks: Sequence[Leak] = ()
    interval: Mapping[str, Any] | None = None
    """Of numbers, what is said of their intervals."""

    @property
    def value(self) -> float:
        return self.metrics[self.metric.name]["value"]

    @property
    def baseline_value(self) -> float:
        return self.baseline[self.metric.name]["value"]

    @property
    def beats_baseline(self) -> bool:
        return self.metric.is_better(self.value, than=self.baseline_value)


def log_metrics(judgement: HeldOutMetrics, *, name: str, rows: int) -> None:
    """Log the result, and a warning if the model is of no use."""
    metric = judgement.metric
    show, interval = metric.show, judgement.metrics[metric.name]
    LOGGER.info(
        "%s: %s %s (%s to %s) on %s held-out rows, baseline %s",
        name,
        metric.name,
        *(show(interval[key]) for key in ("value", "low", "high")),
        f"{rows:,}",
        show(judgement.baseline_value),
        extra={"metrics": judgement.metrics, "baseline": judgement.baseline},
    )
    if not judgement.beats_baseline:
        LOGGER.warning(
            "no better than a baseline that ignores its input; check that the columns can say"
            " something about the target, and that none of them was excluded by mistake"
        )
