"""The evaluation plan: settings of the evaluation, checked before training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from stage_contract import SettingsError, did_you_mean
from stage_contract.metric_titles import split_metric_name

from modelling.data.feature_data import FeatureData
from modelling.data.matrices import read_target, read_weights
from modelling.data.problem import Problem
from modelling.evaluation.slices import Slicing, check_slices
from modelling.metric_names import show_metric_setting
from modelling.model_selection.metrics import Metric, choose_metric, task_metrics
from modelling.settings import EvaluationSettings


@dataclass(frozen=True)
class EvaluationPlan:
    """Metric, slices and examples of an evaluation."""

    metric: Metric
    """The deciding metric."""
    metrics: Sequence[Metric]
    """All metrics to compute, with the deciding one."""
    slicing: Slicing
    examples: int
    seed: int
    levels: tuple[float, ...] = ()
    """Levels of the quantiles, if the model has any."""


def plan_evaluation(data: FeatureData, settings: EvaluationSettings) -> EvaluationPlan:
    """Return the plan for these settings.

    Raises:
        SettingsError: A metric does not fit the task or the target, or a slice is not a column of
            categories.
    """
    levels = settings.quantile_levels
    metric = choose_metric(settings.deciding_metric, data.problem, levels=levels)
    _check_target(metric, data)
    check_slices(data, settings.slices)
    check_limits(settings, data.problem)
    return EvaluationPlan(
        metric,
        metrics=task_metrics(data.problem, settings.parametric_metrics, levels=levels),
        slicing=Slicing(settings.slices, settings.slice_rows),
        examples=settings.examples,
        seed=settings.seed,
        levels=levels,
    )


def check_limits(settings: EvaluationSettings, problem: Problem) -> None:
    """Check that the limits of the gate fit the metrics of the task.

    Raises:
        SettingsError: A limit does not fit.
    """
    computed = [
        metric.name
        for metric in task_metrics(
            problem, settings.parametric_metrics, levels=settings.quantile_levels
        )
    ]
    gate = settings.gate
    for table, limits, known in (
        ("gate", gate, [*computed, *settings.further_metrics]),
        ("gate.slices", gate.slices, computed),
    ):
        for name in {**limits.minimum, **limits.maximum}:
            if name in known:
                continue
            if split_metric_name(name)[1]:
                choose_metric(name, problem, key=f"{table}: limit of metric")
                raise SettingsError(
                    f"[train] {table}: {name} is not computed; add"
                    f" extra_metrics = [{show_metric_setting(name)}] to [train]"
                )
            raise SettingsError(
                f"[train] {table}: {name} does not fit {problem.task}{did_you_mean(name, known)}"
            )


def _check_target(metric: Metric, data: FeatureData) -> None:
    """Check that the metric is defined for the target, and that the baseline is not perfect.

    Raises:
        SettingsError: A true value does not fit the metric, or the precision is too low.
    """
    name, target = show_metric_setting(metric.name), data.problem.target.name
    base, parameter = split_metric_name(metric.name)
    if metric.undefined_for is None and base != "recall_at_precision":
        return
    for folder in ("train", "test"):
        truth = read_target(data.artifact, data.problem, folder=folder)
        if metric.undefined_for is not None and (unfit := int(metric.undefined_for(truth).sum())):
            kind, remedy = ("0", "mae") if base == "mape" else ("negative", "rmse")
            raise SettingsError(
                f"[train] metric = {name}: '{target}' is {kind} in {unfit:,} rows of {folder}/, for"
                f" which {base} is undefined; set metric = '{remedy}'"
            )
        if base == "recall_at_precision":
            weights = read_weights(data.artifact, data.problem, folder=folder)
            share = float(np.average(truth == 1, weights=weights))
            if share >= float(parameter or 0):
                raise SettingsError(
                    f"[train] metric = {name}: {share:.3g} of the rows in {folder}/ are of the"
                    " second class, so naming every row has this precision; expected a higher one"
                )
