"""The held-out sample of a report: raw rows, in the form of a request."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from modelling.data.feature_data import FeatureData
from modelling.data.matrices import (
    BATCH_ROWS,
    count_rows,
    evenly_spaced,
    read_evenly_spaced,
    read_target,
    read_weights,
)
from modelling.data.tensors import Tensors, pack
from modelling.graphs.output_heads import QUANTILES
from modelling.graphs.session import Graph, concatenate
from modelling.model_selection.bootstrap import Outcomes
from modelling.model_selection.metrics import Metric, metrics_of

MAX_ROWS = 100_000
MAX_CELLS = 2_000_000
"""Maximum number of cells, which bounds the memory: a wide table uses fewer rows."""


@dataclass(frozen=True)
class Sample:
    """Evenly spread held-out rows, their true values, and the model's predictions."""

    data: FeatureData
    model: Graph
    rows: pa.Table
    outcomes: Outcomes
    of: int
    """Number of all held-out rows."""

    @property
    def is_private(self) -> bool:
        """Whether the target is private."""
        target = self.data.problem.target
        name = getattr(target, "column", target.name)
        return any(c.private for c in self.data.problem.columns if c.name in {name, target.name})

    def some(self, max_rows: int) -> "Part":
        """Return fewer rows, evenly spread, packed for the graph."""
        chosen = evenly_spaced(len(self.rows), max_rows)
        rows = self.rows.take(pa.array(chosen))
        return Part(rows, pack(rows, self.data.schema), self.outcomes.take(chosen))

    def deciding(self, metric: Metric, part: Outcomes) -> Metric:
        """Return the deciding metric, or the task's first metric where that is undefined."""
        is_whole = len(np.unique(part.truth)) >= part.classes
        if is_whole or not metric.needs_every_class:
            return metric
        return metrics_of(self.data.problem)[0]


@dataclass(frozen=True)
class Part:
    """A part of the rows of a sample."""

    rows: pa.Table
    tensors: Tensors
    outcomes: Outcomes

    def ask(self, model: Graph, tensors: Tensors) -> Outcomes:
        """Return the model's predictions for these tensors, in place of the rows' own."""
        answers = model.run_all(tensors)
        return replace(
            self.outcomes,
            predicted=answers[model.output],
            labels=answers.get("label"),
            quantiles=answers.get(QUANTILES),
        )


def read_sample(data: FeatureData, model: Graph) -> Sample:
    """Read held-out rows, all or an evenly spread sample, and predict them."""
    names = data.schema.names
    max_rows = min(MAX_ROWS, max(1000, MAX_CELLS // len(names)))
    of = count_rows(data.artifact, "test-rows")
    chosen = evenly_spaced(of, max_rows)
    rows = read_evenly_spaced(data.artifact, "test-rows", columns=names, max_rows=max_rows)
    weights = read_weights(data.artifact, data.problem, folder="test")
    truth = read_target(data.artifact, data.problem, folder="test")[chosen]
    answers = concatenate(
        model.run_all(pack(rows.slice(start, BATCH_ROWS), data.schema))
        for start in range(0, len(rows), BATCH_ROWS)
    )
    known = Outcomes(
        truth,
        answers[model.output],
        weights=None if weights is None else weights[chosen],
        labels=answers.get("label"),
        quantiles=answers.get(QUANTILES),
    )
    return Sample(data, model, rows, known, of)
