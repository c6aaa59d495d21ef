"""Contributions of the columns to a prediction, with any graph.

The background rows are examples of the artifact, in which private columns are missing.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serve.codecs.explanations import ExplainedColumns, Explanation
from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.graph.session import Graph
from serve.model.graph.shapley import Plan, make_plan
from serve.problems import RequestError
from serve.schema.signature import Signature

_BACKGROUND_ROWS: Final = 16


class Explainer:
    """Explains the predictions of one model."""

    def __init__(
        self, graph: Graph, signature: Signature, background: Feed, *, max_rows: int
    ) -> None:
        """Prepare the explanations; `background` are rows that stand for those of training."""
        names = [column.name for column in signature.fields if not column.private]
        self.columns = ExplainedColumns(names, len(names) < len(signature.fields))
        self._graph = graph
        count = len(next(iter(background.values())))
        # Evenly spaced, because examples may be sorted.
        self._size = min(count, _BACKGROUND_ROWS)
        chosen = np.arange(self._size) * count // self._size
        self._background = {group: cells[chosen] for group, cells in background.items()}
        self._players = _players(signature, names)
        self._max_rows = max_rows

    @cached_property
    def plan(self) -> Plan:
        """The coalitions of columns whose predictions are needed for a row."""
        players = len(self.columns.names) + self.columns.has_private
        return make_plan(players, background_rows=self._size)

    def describe(self) -> dict[str, Any]:
        """Return how the contributions are computed, as in a response."""
        return {
            "method": self.plan.method,
            "background_rows": len({*self.plan.background.tolist()}),
            "runs_per_row": self.plan.runs,
        }

    def check_rows(self, rows: int) -> None:
        """Refuse to explain more rows than take as many runs as the longest request without it.

        Raises:
            RequestError: There are too many rows.
        """
        if rows * self.plan.runs <= self._max_rows:
            return
        most = self._max_rows // self.plan.runs
        remedy = (
            f"send at most {most:,} {'row' if most == 1 else 'rows'} in a request"
            if most
            else f"set max_rows to at least {self.plan.runs:,}"
        )
        raise RequestError(
            HTTPStatus.CONTENT_TOO_LARGE,
            f"explain takes {self.plan.runs:,} runs of the model for each row, and a request may"
            f" take {self._max_rows:,} (max_rows); {remedy}, or score a file with EXPLAIN=1",
            limit="rows",
        )

    def explain(self, feed: Feed, prediction: Prediction) -> Explanation:
        """Return the contributions to the predictions for the rows of the graph's inputs."""
        outputs = _explained(prediction, prediction.labels)
        rows = len(outputs)
        bases = np.empty(rows)
        contributions = np.empty((rows, self.plan.members.shape[1]))
        for row in range(rows):
            label = None if prediction.labels is None else prediction.labels[row]
            bases[row], contributions[row] = self._explain_row(
                {group: cells[row] for group, cells in feed.items()},
                label=label,
                output=outputs[row],
            )
        return Explanation(bases, contributions, prediction.labels)

    def _explain_row(
        self, row: Mapping[str, NDArray[Any]], *, label: int | None, output: float
    ) -> tuple[float, NDArray[np.float64]]:
        plan = self.plan
        coalitions = {
            group: np.where(
                plan.members[:, self._players[group]],
                cells,
                self._background[group][plan.background],
            )
            for group, cells in row.items()
        }
        found = self._graph.run(coalitions)
        labels = None if label is None else np.full(plan.runs, label)
        values = _explained(found, labels)
        # A graph may round differently among other rows.
        values[plan.members.all(axis=1)] = output
        with np.errstate(invalid="ignore"):  # Of infinite values.
            return plan.attribute(values)


def _players(signature: Signature, columns: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Return the player of each input of the graph, by group."""
    index = {name: place for place, name in enumerate(columns)}
    return {
        group: np.array(
            [index.get(column.name, len(columns)) for column in signature.group(group)], np.intp
        )
        for group in ("numbers", "strings")
    }


def _explained(prediction: Prediction, labels: NDArray[Any] | None) -> NDArray[np.float64]:
    """Return the output that is explained for each row, [N]."""
    values = prediction.values.astype(np.float64)
    if labels is not None:
        return np.take_along_axis(values, labels.reshape(-1, 1), axis=1)[:, 0]
    return values if values.ndim == 1 else values[:, 0]
