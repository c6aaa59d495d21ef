"""Permutation importance: loss of the metric when one column of the table is shuffled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from modelling.data.tensors import Tensors
from modelling.model_selection.metrics import Metric
from numpy.typing import NDArray
from stage_contract import Progress

from reporting.inspection.held_out_sample import Part, Sample

MAX_ROWS = 2_000
MIN_ROWS = 50
REPEATS = 5
REPEATS_WIDE = 2
"""Repeats for a table with more than WIDE columns."""
WIDE = 300
MAX_ANSWERS = 300_000
"""Maximum number of predictions, which bounds the time: fewer rows are shuffled in a wide table."""


@dataclass(frozen=True)
class Importance:
    """Importance of a column for the deciding metric."""

    column: str
    loss: float
    """Loss of the metric, in its own unit; a column with 0 or less does not help."""
    deviation: float
    """Standard deviation of the loss over the repeats."""


@dataclass(frozen=True)
class Importances:
    """All columns, most important first, with the metric and the number of rows."""

    metric: Metric
    columns: Sequence[Importance]
    rows: int
    repeats: int

    def describe(self) -> dict[str, Any]:
        """Return `importance` of model.json; six digits, since more are noise."""
        columns = [
            {
                "name": each.column,
                "loss": float(f"{each.loss:.6g}"),
                "deviation": float(f"{each.deviation:.6g}"),
            }
            for each in self.columns
        ]
        return {
            "metric": self.metric.name,
            "rows": self.rows,
            "repeats": self.repeats,
            "columns": columns,
        }


def measure_importances(sample: Sample, metric: Metric, *, seed: int) -> Importances:
    """Shuffle each column of the table in the held-out rows, one at a time.

    A column of the table, not a feature: all features that derive from it change together.
    """
    columns = sample.data.schema.fields
    repeats = REPEATS if len(columns) <= WIDE else REPEATS_WIDE
    max_rows = max(MIN_ROWS, min(MAX_ROWS, MAX_ANSWERS // (repeats * len(columns))))
    part = sample.some(max_rows)
    decides = sample.deciding(metric, part.outcomes)
    whole = part.outcomes.score(decides)
    progress = Progress("columns shuffled", total=len(columns))
    found = []
    for number, column in enumerate(columns):
        place = (column.input.group, column.input.index)
        generator = np.random.default_rng([seed, number])
        orders = (generator.permutation(len(part.rows)) for _ in range(repeats))
        scores = [
            part.ask(sample.model, _shuffled(part, place, order)).score(decides) for order in orders
        ]
        losses = [whole - each if decides.higher_is_better else each - whole for each in scores]
        found.append(Importance(column.name, float(np.mean(losses)), float(np.std(losses))))
        progress.add(1)
    ranked = sorted(found, key=lambda importance: -importance.loss)
    return Importances(decides, ranked, rows=len(part.rows), repeats=repeats)


def _shuffled(part: Part, place: tuple[str, int], order: NDArray[np.int64]) -> Tensors:
    group, index = place
    changed = part.tensors[group].copy()
    changed[:, index] = changed[order, index]
    return {**part.tensors, group: changed}
