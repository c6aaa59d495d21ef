"""Names and titles of the metrics that the contract defines, for reports and pages."""

import re
from collections.abc import Mapping
from decimal import Decimal

_METRIC_TITLES: Mapping[str, tuple[str, str]] = {
    "r2": ("R²", "share of the variance that the model explains; 1 is best"),
    "rmse": ("RMSE", "root of the mean squared error, in the unit of the target"),
    "mae": ("MAE", "mean absolute error, in the unit of the target"),
    "median_absolute_error": ("median error", "half of the errors are smaller"),
    "mape": ("MAPE", "mean of error divided by true value; 0.1 is an error of 10 %"),
    "rmsle": ("RMSLE", "root of the mean squared error of log(1 + value); 0 is best"),
    "pinball": (
        "pinball loss",
        "mean loss of the quantiles: at level 0.9, a distance above costs 0.9 of it, below 0.1",
    ),
    "log_loss": ("log loss", "penalty for probabilities far from the true class; 0 is best"),
    "roc_auc": (
        "ROC AUC",
        "probability that a row of the class ranks above another row; 0.5 is random",
    ),
    "average_precision": (
        "average precision",
        "mean precision over all recalls of the second class, whose share is random; 1 is best",
    ),
    "balanced_accuracy": ("balanced accuracy", "mean recall of all classes"),
    "matthews_corrcoef": (
        "Matthews correlation",
        "correlation of predicted and true classes, from -1 to 1; 0 is random",
    ),
    "accuracy": ("accuracy", "share of rows with the correct class"),
    "brier": ("Brier score", "mean squared error of the probability; 0 is best"),
    "coverage": ("coverage", "share of true values inside their intervals"),
    "cost": ("cost", "mean cost of a predicted class; 0 is best"),
}
"""By the name of a metric: its title, and what it measures, without a period."""

_PARAMETRIC_TITLES: Mapping[str, tuple[str, str]] = {
    "recall_at_precision": (
        "recall at precision {}",
        "share of the second class that is found where {} of the named rows are right; 1 is best",
    ),
    "precision_at_recall": (
        "precision at recall {}",
        "share of the named rows that are right where {} of the second class is found; 1 is best",
    ),
    "fbeta": (
        "F{} score",
        "weighted mean of precision and recall of the second class; recall weighs {} times as much",
    ),
    "top_k_accuracy": ("top-{} accuracy", "share of rows whose class is one of the {} likeliest"),
}

_PARAMETRIC_NAME = re.compile(rf"({'|'.join(_PARAMETRIC_TITLES)})_((?:0|[1-9]\d*)(?:\.\d*[1-9])?)")


def metric_name(metric: str, parameter: float) -> str:
    """Return the name of a metric with a parameter, whose decimal is the shortest: `fbeta_0.5`."""
    digits = f"{Decimal(str(parameter)):f}"
    return f"{metric}_{digits.rstrip('0').rstrip('.') if '.' in digits else digits}"


def split_metric_name(name: str) -> tuple[str, str | None]:
    """Return a metric without its parameter, and the parameter as written, or None."""
    found = _PARAMETRIC_NAME.fullmatch(name)
    return (found[1], found[2]) if found else (name, None)


def title_of_metric(name: str) -> tuple[str, str]:
    """Return the title of a metric, and what it measures; an unknown metric has its name only."""
    metric, parameter = split_metric_name(name)
    if parameter is None:
        return _METRIC_TITLES.get(name, (name, ""))
    title, meaning = _PARAMETRIC_TITLES[metric]
    return title.format(parameter), meaning.format(parameter)
