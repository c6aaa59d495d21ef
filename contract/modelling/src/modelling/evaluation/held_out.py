"""The held-out rows, in the form of a request, and the evaluation of a model on these rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from stage_contract import ContractError, Progress

from modelling.data.edge_cases import edge_case_rows
from modelling.data.feature_data import FeatureData
from modelling.data.matrices import (
    count_rows,
    read_batches,
    read_evenly_spaced,
    read_group,
    read_target,
    read_weights,
)
from modelling.data.tensors import Tensors, pack, show_row
from modelling.evaluation.coverage import COVERAGE, is_inside, is_not_above
from modelling.graphs.merging import FEATURES
from modelling.graphs.parity import (
    Parity,
    check_finite,
    check_interval_parity,
    check_parity,
    check_quantile_parity,
    check_stored,
)
from modelling.graphs.session import Graph, Outputs, concatenate
from modelling.model_selection.bootstrap import Interval, Outcomes, evaluate
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trained_model import TrainedModel

MIN_TEST_ROWS = 2
"""Minimum number of rows: metrics are undefined for a single row."""

MAX_SAMPLE_ROWS = 10_000
"""Maximum number of rows for the parity check; the examples are chosen from these rows."""


@dataclass(frozen=True)
class HeldOut:
    """Rows that nothing was fitted on."""

    data: FeatureData
    target: NDArray[Any]
    weights: NDArray[np.float64] | None
    """Sample weights, if they differ."""
    group: NDArray[np.int64] | None
    """Group codes, in a split by group."""
    sample: pa.Table
    """At most MAX_SAMPLE_ROWS evenly spaced rows."""

    def predict(self, model: Graph) -> Outputs:
        """Return the outputs of the graph for all rows."""
        schema, parts = self.data.schema, []
        progress = Progress("held-out rows", total=len(self.target))
        for batch in read_batches(self.data.artifact, "test-rows", columns=schema.names):
            parts.append(model.run_all(pack(batch, schema)))
            progress.add(batch.num_rows)
        return concatenate(parts)

    def check_graph(self, learned: TrainedModel, model: Graph) -> Parity:
        """Pass the sample and the edge cases through the parity gate."""
        transform = Graph(self.data.transform, output=FEATURES)
        real = pack(self.sample, self.data.schema)
        rows = _concatenate_rows(real, edge_case_rows(real, self.data.schema))
        features = transform.run(rows)
        names = [feature.name for feature in self.data.problem.features]

        def show(row: int) -> object:
            return show_row(rows, row, schema=self.data.schema)

        check_stored(self._read_stored_features(names), features[: len(self.sample)], names=names)
        check_finite(features, names, show=show)
        expected, outputs = learned.predict(features), model.run_all(rows)
        if learned.interval is not None:
            check_interval_parity(
                outputs, learned.interval.predict(features), library=learned.library, show=show
            )
        if learned.quantiles is not None:
            check_quantile_parity(
                outputs, learned.quantiles.predict(features), library=learned.library, show=show
            )
        return check_parity(outputs[model.output], expected, library=learned.library, show=show)

    def outcomes(
        self,
        predicted: NDArray[Any],
        labels: NDArray[np.int64] | None = None,
        *,
        quantiles: NDArray[Any] | None = None,
    ) -> Outcomes:
        """Return predictions for all rows with their true values."""
        return Outcomes(self.target, predicted, self.weights, self.group, labels, quantiles)

    def score(
        self, rows: Outcomes, metric: Metric, *, seed: int, metrics: Iterable[Metric]
    ) -> dict[str, Interval]:
        """Return the metrics, one of which decides, without those that are undefined.

        Raises:
            ContractError: The deciding metric is undefined for these rows.
        """
        scores = evaluate(rows, metrics=metrics, seed=seed)
        if metric.name not in scores:
            raise ContractError(
                f"test/: {metric.name} is undefined, since a class has no held-out row;"
                " choose another metric in [train], or a larger test_share in [features]"
            )
        return scores

    def score_interval(self, outputs: Outputs, *, seed: int) -> dict[str, Interval]:
        """Return the coverage: the share of true values inside their prediction intervals."""
        inside = self.outcomes(is_inside(outputs, self.target))
        return evaluate(inside, metrics=[COVERAGE], seed=seed)

    def score_quantiles(self, outputs: Outputs, *, seed: int) -> list[Interval]:
        """Return for each quantile the share of true values that are not above it."""
        shares = is_not_above(outputs, self.target)
        return [
            evaluate(self.outcomes(column), metrics=[COVERAGE], seed=seed)[COVERAGE.name]
            for column in shares.T
        ]

    def _read_stored_features(self, names: list[str]) -> NDArray[np.float32]:
        stored = read_evenly_spaced(
            self.data.artifact, "test", columns=names, max_rows=MAX_SAMPLE_ROWS
        )
        return np.column_stack([stored[name].to_numpy() for name in names])


def read_held_out(data: FeatureData) -> HeldOut:
    """Read the target of all held-out rows, and a sample of the rows.

    Raises:
        ContractError: There are too few rows, or test/ and test-rows/ do not match.
    """
    target = read_target(data.artifact, data.problem, folder="test")
    if len(target) < MIN_TEST_ROWS:
        raise ContractError(
            f"test/: {len(target)} rows; expected {MIN_TEST_ROWS} at least, set a larger test_share"
            " in [features]"
        )
    rows = count_rows(data.artifact, "test-rows")
    if rows != len(target):
        raise ContractError(
            f"{data.artifact.path}: {len(target):,} rows in test/, {rows:,} in test-rows/;"
            " expected the same rows, run features again"
        )
    names = data.schema.names
    sample = read_evenly_spaced(data.artifact, "test-rows", columns=names, max_rows=MAX_SAMPLE_ROWS)
    weights = read_weights(data.artifact, data.problem, folder="test")
    group = read_group(data.artifact, data.problem, folder="test")
    return HeldOut(data, target, weights, group, sample)


def _concatenate_rows(rows: Tensors, more: Tensors) -> Tensors:
    return {group: np.concatenate([rows[group], more[group]]) for group in rows}
