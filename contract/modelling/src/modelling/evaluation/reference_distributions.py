"""reference.json: distributions of training data and predictions, to detect drift."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelling.data.feature_data import FeatureData
from modelling.data.problem import Problem
from modelling.evaluation.bins import (
    count_held_out,
    describe_classes,
    describe_numbers,
    read_bins,
)
from modelling.graphs.session import Outputs

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def describe_reference(
    data: FeatureData, *, target: NDArray[Any], outputs: Outputs
) -> dict[str, Any]:
    """Return the input columns as observed in training, the training target, and predictions.

    Columns have bins if the feature-data has them; predictions always have them.

    Raises:
        ContractError: The bins of the feature-data contradict its other files.
    """
    bins = _describe_bins(data)
    columns = [
        {"name": field["name"], "type": field["type"], "observed": field["observed"]}
        | bins.get(field["name"], {})
        for field in data.signature["fields"]
    ]
    problem = data.problem
    if problem.classes is None:
        described = {
            "target": _describe_numbers(target),
            "predictions": _describe_numbers(outputs["prediction"])
            | {"bins": describe_numbers(outputs["prediction"])},
        }
    else:
        means = outputs["probabilities"].mean(axis=0, dtype=np.float64)
        described = {
            "target": _describe_classes(target, problem),
            "predictions": _describe_classes(outputs["label"], problem)
            | {"mean_probabilities": means.tolist()}
            | {"bins": describe_classes(outputs["label"], problem.classes)},
        }
    return {"columns": columns, **described}


def _describe_bins(data: FeatureData) -> dict[str, dict[str, Any]]:
    """Return `bins` by column, with the counts of the training and of the held-out rows."""
    bins = read_bins(data)
    held_out = count_held_out(data, bins)
    return {
        name: {"bins": each.model_dump(exclude_none=True) | {"held_out": held_out[name].tolist()}}
        for name, each in bins.items()
    }


def _describe_numbers(values: NDArray[Any]) -> dict[str, Any]:
    doubles = values.astype(np.float64)
    return {
        "rows": len(doubles),
        "mean": float(doubles.mean()),
        "deviation": float(doubles.std()),
        "quantiles": np.quantile(doubles, QUANTILES).tolist(),
    }


def _describe_classes(labels: NDArray[Any], problem: Problem) -> dict[str, Any]:
    """Return the share of each class, in class order."""
    counts = np.bincount(labels, minlength=problem.class_count)
    return {"rows": len(labels), "shares": (counts / len(labels)).tolist()}
