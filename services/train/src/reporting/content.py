"""The content of a report, before it is rendered by the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from modelling.data.problem import BINARY, Problem
from modelling.model_selection.metrics import Metric

from reporting.inspection.held_out_sample import Sample
from reporting.inspection.importance_bars import ImportanceRow, importance_rows
from reporting.inspection.partial_dependence import measure_dependences
from reporting.inspection.partial_dependence_plots import DrawnOutputs, plot_dependence
from reporting.inspection.permutation_importance import Importances, measure_importances
from reporting.plots.classification_plots import plot_probabilities
from reporting.plots.plot import Plot
from reporting.plots.regression_plots import plot_numbers, plot_residuals
from reporting.sections.confusion_matrix import Confusion, confuse
from reporting.sections.data_profile import ColumnRow, describe_columns, describe_others
from reporting.sections.leaderboard import Leaderboard, rank_trials
from reporting.sections.lineage import HIDDEN, Origin, settings_of_features, show_settings, trace
from reporting.sections.metrics_table import MetricRow, SliceTable, list_metrics, list_slices
from reporting.sections.model_outputs import describe_outputs
from reporting.sections.notices import Notice, find_notices

MAX_DEPENDENCE_PLOTS = 8
MAX_CLASS_LINES = 5


@dataclass(frozen=True)
class Content:
    """The content of report.html and model-card.md."""

    target: str
    document: Mapping[str, Any]
    """model.json."""
    metrics: Sequence[MetricRow]
    """All metrics, the deciding one first."""
    notices: Sequence[Notice]
    promises: Sequence[str]
    """Sentences about intervals, calibration and the decision rule."""
    slices: Sequence[SliceTable]
    plots: Sequence[Plot]
    confusion: Confusion | None
    importances: Importances
    dependences: Sequence[Plot]
    columns: Sequence[ColumnRow]
    others: Sequence[tuple[str, str]]
    private: Sequence[str]
    """Names of all private columns, including a private target."""
    origin: Origin
    leaderboard: Leaderboard
    held_out_rows: int
    shown_rows: int
    """Number of held-out rows in the plots."""
    train_rows: int
    settings: Mapping[str, Sequence[str]]
    """Lines of TOML, by the table that they belong to."""

    @property
    def main(self) -> MetricRow:
        return self.metrics[0]

    @property
    def importance_rows(self) -> list[ImportanceRow]:
        return importance_rows(self.importances)

    @property
    def unimportant(self) -> int:
        """Number of columns that are not listed."""
        return len(self.importances.columns) - len(self.importance_rows)


def collect(
    sample: Sample,
    document: Mapping[str, Any],
    *,
    metric: Metric,
    seed: int,
    settings: Mapping[str, Any],
) -> Content:
    """Compute the content of the report from `document`, the model's model.json."""
    data, problem = sample.data, sample.data.problem
    names = name_classes(problem, is_private=sample.is_private)
    importances = measure_importances(sample, metric, seed=seed)
    private = {column.name for column in problem.columns if column.private}
    private |= {field.name for field in data.schema.fields if field.private}
    metrics = list_metrics(document, metric)
    confusion = confuse(sample.outcomes, names) if problem.classes else None
    split = document["split"]
    return Content(
        target=problem.target.name,
        document=document,
        metrics=metrics,
        notices=find_notices(
            document, metrics[0], confusion, held_out=sample.of, settings=settings
        ),
        promises=[*describe_outputs(document, names, is_private=sample.is_private)],
        slices=list_slices(document, metric),
        plots=_plots(sample, names),
        confusion=confusion,
        importances=importances,
        dependences=_dependences(sample, importances, names),
        columns=describe_columns(data.schema),
        others=describe_others(problem.columns),
        private=sorted(private),
        origin=trace(data),
        leaderboard=rank_trials(document),
        held_out_rows=sample.of,
        shown_rows=len(sample.rows),
        train_rows=split.get("train_rows", data.artifact.rows - sample.of),
        settings={
            "features": show_settings(settings_of_features(data), private=private),
            "train": show_settings(_without_class_names(settings, is_private=sample.is_private)),
        },
    )


def _without_class_names(settings: Mapping[str, Any], *, is_private: bool) -> dict[str, Any]:
    """Return the settings without those that may name classes of a private target."""
    return {
        name: HIDDEN if is_private and isinstance(value, dict) else value
        for name, value in settings.items()
    }


def name_classes(problem: Problem, *, is_private: bool) -> list[str]:
    """Return the names of the classes; numbers if the target is private."""
    classes = problem.classes or []
    if is_private:
        return [f"class {number}" for number in range(1, len(classes) + 1)]
    if classes == [False, True] and isinstance(classes[0], bool):  # [0, 1] is equal as well
        return [f"not {problem.target.name}", problem.target.name]
    return [str(value) for value in classes]


def _plots(sample: Sample, names: Sequence[str]) -> list[Plot]:
    problem = sample.data.problem
    if problem.classes:
        return plot_probabilities(sample.outcomes, names)
    if sample.is_private:
        return [plot_residuals(sample.outcomes)]
    is_log = problem.target.transform is not None
    return plot_numbers(sample.outcomes, name=problem.target.name, is_log=is_log)


def _dependences(sample: Sample, importances: Importances, names: Sequence[str]) -> list[Plot]:
    """Return the partial dependence plots of the most important columns that lower the error."""
    wanted = [found.column for found in importances.columns if found.loss > 0][
        :MAX_DEPENDENCE_PLOTS
    ]
    drawn = _drawn_outputs(sample, names)
    return [plot_dependence(found, drawn) for found in measure_dependences(sample, wanted)]


def _drawn_outputs(sample: Sample, names: Sequence[str]) -> DrawnOutputs:
    """Return the outputs to draw: the number, or the probability of one or more classes."""
    if not names:
        name = f"predicted {sample.data.problem.target.name}"
        return DrawnOutputs(name, [(0, name)], is_probability=False)
    if len(names) == BINARY:
        name = f"chance of {names[1]}"
        return DrawnOutputs(name, [(0, name)], is_probability=True)
    counts = np.bincount(sample.outcomes.truth, minlength=len(names))
    largest = sorted(np.argsort(-counts, kind="stable")[:MAX_CLASS_LINES].tolist())
    return DrawnOutputs(
        "chance", [(c, f"chance of {names[c]}") for c in largest], is_probability=True
    )
