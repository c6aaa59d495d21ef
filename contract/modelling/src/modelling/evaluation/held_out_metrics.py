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
    """The metrics of a model and of the baseline, with the result of the parity gate."""

    metric: Metric
    """The deciding metric."""
    metrics: Mapping[str, Interval]
    baseline: Mapping[str, Interval]
    parity: Parity
    slices: Sequence[Mapping[str, Any]] = ()
    leaks: Sequence[Leak] = ()
    interval: Mapping[str, Any] | None = None
    """Entry of model.json about prediction intervals, for regression."""
    quantiles: Mapping[str, Any] | None = None
    """Entry of model.json about quantiles, for regression."""

    @property
    def value(self) -> float:
        return self.metrics[self.metric.name]["value"]

    @property
    def baseline_value(self) -> float:
        return self.baseline[self.metric.name]["value"]

    @property
    def beats_baseline(self) -> bool:
        return self.metric.is_better(self.value, than=self.baseline_value)


def log_metrics(evaluation: HeldOutMetrics, *, name: str, rows: int) -> None:
    """Log the metrics, with a warning if the model does not beat the baseline."""
    metric = evaluation.metric
    show, interval = metric.show, evaluation.metrics[metric.name]
    LOGGER.info(
        "%s: %s %s (%s to %s) on %s held-out rows, baseline %s",
        name,
        metric.name,
        *(show(interval[key]) for key in ("value", "low", "high")),
        f"{rows:,}",
        show(evaluation.baseline_value),
        extra={"metrics": evaluation.metrics, "baseline": evaluation.baseline},
    )
    if not evaluation.beats_baseline:
        LOGGER.warning(
            "no better than a baseline that ignores its input; check that the columns can say"
            " something about the target, and that none of them was excluded by mistake"
        )
