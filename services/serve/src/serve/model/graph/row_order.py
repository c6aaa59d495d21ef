"""Row order: trees are faster on rows that are sorted by the most important numeric input.

A processor predicts branches better if consecutive rows take the same branches. The first splits of
trees usually test the most important input, so rows that are sorted by it often take the same
branches. Predictions do not depend on the order of rows.
"""

import time
from collections.abc import Callable
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed

MIN_ROWS: Final = 32
MIN_TREE_BYTES: Final = 32 * 1024
"""Minimum size of the trees in model.onnx, in bytes: about 20 trees with 31 leaves each.

With smaller trees or fewer rows, sorting costs more than it saves. With 20 to 100 trees and 100 to
1,000 rows, it saves 12 to 33 % of the time.
"""
_SHIFTS: Final = (1, 2, 3, 5, 7)
"""Numbers of rows to roll a column by; rolling is a cheap permutation."""

_MAX_SECONDS: Final = 0.05
"""Maximum duration of the search for the input; slow models reach it."""

type Run = Callable[[Feed], Prediction]


def run_in_order(run: Run, feed: Feed, index: int) -> Prediction:
    """Run a graph on rows sorted by a numeric input; return outputs in the original order."""
    order = np.argsort(feed["numbers"][:, index])
    values, labels = run({group: cells[order] for group, cells in feed.items()})
    return Prediction(
        _restore_order(values, order), None if labels is None else _restore_order(labels, order)
    )


def most_important_input(feed: Feed, predict: Callable[[Feed], NDArray[Any]]) -> int | None:
    """Return the index of the most important numeric input.

    Return None if no input changes the predictions, or if time ran out. `predict` returns [N] or
    [N,C]. The importance is the total change of the predictions when an input is permuted
    (permutation importance: Breiman, "Random Forests", 2001).
    """
    numbers = feed.get("numbers")
    if numbers is None:
        return None
    baseline = predict(feed)
    importances = np.zeros(numbers.shape[1])
    tried = 0
    end = time.perf_counter() + _MAX_SECONDS
    for shift, index in product(_SHIFTS, range(len(importances))):
        if time.perf_counter() > end:
            break
        permuted = numbers.copy()
        permuted[:, index] = np.roll(numbers[:, index], shift)
        importances[index] += np.nansum(np.abs(predict(feed | {"numbers": permuted}) - baseline))
        tried += 1
    highest = int(importances.argmax())
    return highest if tried >= len(importances) and importances[highest] > 0 else None


def _restore_order[Value: np.generic](
    sorted_: NDArray[Value], order: NDArray[np.intp]
) -> NDArray[Value]:
    """Return values in the original order of rows."""
    restored = np.empty_like(sorted_)
    restored[order] = sorted_
    return restored
