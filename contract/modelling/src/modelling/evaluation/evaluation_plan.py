"""The evaluation plan: settings of the evaluation, checked before training."""

from dataclasses import dataclass

from stage_contract import SettingsError, did_you_mean

from modelling.data.feature_data import FeatureData
from modelling.data.problem import Problem
from modelling.evaluation.slices import Slicing, check_slices
from modelling.model_selection.metrics import Metric, choose_metric, metrics_of
from modelling.settings import EvaluationSettings


@dataclass(frozen=True)
class EvaluationPlan:
    """Metric, slices and examples of an evaluation."""

    metric: Metric
    """The deciding metric."""
    slicing: Slicing
    examples: int
    seed: int


def plan_evaluation(data: FeatureData, settings: EvaluationSettings) -> EvaluationPlan:
    """Return the plan for these settings.

    Raises:
        SettingsError: A metric does not fit the task, or a slice is not a column of categories.
    """
    metric = choose_metric(settings.metric or settings.default_metric, data.problem)
    check_slices(data, settings.slices)
    check_limits(settings, data.problem)
    return EvaluationPlan(
        metric,
        slicing=Slicing(settings.slices, settings.slice_rows),
        examples=settings.examples,
        seed=settings.seed,
    )


def check_limits(settings: EvaluationSettings, problem: Problem) -> None:
    """Check that the limits of the gate fit the metrics of the task.

    Raises:
        SettingsError: A limit does not fit.
    """
    task_metrics = [metric.name for metric in metrics_of(problem)]
    gate = settings.gate
    for table, limits, known in (
        ("gate", gate, [*task_metrics, *settings.further_metrics]),
        ("gate.slices", gate.slices, task_metrics),
    ):
        for name in {**limits.minimum, **limits.maximum}:
            if name not in known:
                raise SettingsError(
                    f"[train] {table}: {name} does not fit {problem.task}"
                    f"{did_you_mean(name, known)}"
                )
