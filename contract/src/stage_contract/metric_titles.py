"""Titles of the metrics that the contract names, for reports and pages."""

from collections.abc import Mapping

METRIC_TITLES: Mapping[str, tuple[str, str]] = {
    "r2": ("R²", "share of the variance that the model explains; 1 is best"),
    "rmse": ("RMSE", "root of the mean squared error, in the unit of the target"),
    "mae": ("MAE", "mean absolute error, in the unit of the target"),
    "median_absolute_error": ("median error", "half of the errors are smaller"),
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
