"""Labels by a threshold: the errors at each cut between predictions, and metrics of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stage_contract import SettingsError
from stage_contract.metric_titles import split_metric_name

type Values = NDArray[Any]


@dataclass(frozen=True)
class Counts:
    """The weights of the rows at each cut, in float64, or one number for all cuts."""

    found: Values
    """True positives."""
    named: Values
    """All positives."""
    positive: float
    """Rows of the second class."""
    negative: float

    @property
    def recall(self) -> Values:
        return self.found / self.positive

    @property
    def precision(self) -> Values:
        """The precision; 0 at the cut where no row is positive."""
        return np.divide(
            self.found, self.named, out=np.zeros_like(self.found), where=self.named > 0
        )


def best_score(probabilities: Values, truth: Values, weights: Values, *, metric: str) -> float:
    """Return the value of a metric of labels at the threshold with the highest one.

    Rows [N] as for `best_threshold`. With one class, F-beta and the correlation are 0.
    """
    _cuts, counts = count_cuts(probabilities, truth, weights)
    if not (counts.positive and counts.negative):
        return 0.0
    return float(score_cuts(counts, metric).max())


def count_cuts(
    probabilities: Values, truth: Values, weights: Values
) -> tuple[NDArray[np.float32], Counts]:
    """Return all cuts between predictions [N], with the weights of the rows at each."""
    cuts, false_positives, false_negatives = count_errors(probabilities, truth, weights)
    # No row is positive at the last cut, and all are at the first.
    positive, negative = false_negatives[-1], false_positives[0]
    found = positive - false_negatives
    return cuts, Counts(found, found + false_positives, float(positive), float(negative))


def score_cuts(counts: Counts, name: str) -> Values:
    """Return the value of a metric at each cut; -1 where its precision or recall is too low."""
    metric, parameter = split_metric_name(name)
    match metric:
        case "matthews_corrcoef":
            return _matthews_corrcoef(counts)
        case "fbeta":
            squared = float(parameter or 0) ** 2
            return (1 + squared) * counts.found / (squared * counts.positive + counts.named)
        case "precision_at_recall":
            return np.where(counts.recall >= float(parameter or 0), counts.precision, -1)
        case "recall_at_precision":
            reached = counts.precision >= float(parameter or 0)
            if not reached.any():
                raise SettingsError(
                    f"[train] threshold = {{metric = {{{metric} = {parameter}}}}}: no threshold has"
                    " this precision on out-of-fold predictions, the highest is"
                    f" {counts.precision.max():.3g}; expected that or less"
                )
            return np.where(reached, counts.recall, -1)
    raise ValueError(f"no threshold optimises {name}")


def _matthews_corrcoef(counts: Counts) -> Values:
    found, named, positive, negative = counts.found, counts.named, counts.positive, counts.negative
    product = named * (positive + negative - named) * positive * negative
    covariance = found * negative - (named - found) * positive
    return np.divide(covariance, np.sqrt(product), out=np.zeros_like(covariance), where=product > 0)


def count_errors(
    probabilities: Values, truth: Values, weights: Values
) -> tuple[NDArray[np.float32], Values, Values]:
    """Return all cuts between predictions, with the weights of false positives and negatives."""
    values, positions = np.unique(probabilities.astype(np.float32), return_inverse=True)
    negative, positive = (
        np.bincount(positions, weights * (truth == label), minlength=len(values))
        for label in (0, 1)
    )
    # At cut i, all rows from values[i] on are positive; at the last cut, no row is.
    false_positives = np.concatenate([np.cumsum(negative[::-1])[::-1], [0.0]])
    false_negatives = np.concatenate([[0.0], np.cumsum(positive)])
    return _cuts(values), false_positives, false_negatives


def _cuts(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return thresholds below, between and above these values."""
    below = np.concatenate([[np.float32(0)], values]).astype(np.float64)
    # Above 1, so that no row is positive, not even with probability 1.
    above = np.concatenate([values, [np.nextafter(np.float32(1), 2)]]).astype(np.float64)
    middle = ((below + above) / 2).astype(np.float32)
    # Two neighbouring float32 numbers have no middle.
    return np.where(middle > below, middle, above).astype(np.float32)
