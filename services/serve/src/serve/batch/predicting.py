"""Predicting chunks on all cores: in pieces, so that the graph takes little memory."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from serve.answers import Prediction
from serve.batch.predictions import joined
from serve.models import Model
from serve.rows import Feed

ROWS_AT_ONCE: Final = 4096


@dataclass(frozen=True)
class Predicted:
    """Rows whose predictions may still be under way."""

    kept: pa.RecordBatch
    pieces: Sequence[Future[Prediction]]

    def prediction(self) -> Prediction:
        """Wait for what the model says of them."""
        return joined([piece.result() for piece in self.pieces])


class Predictor:
    """Runs one model's graph, single-threaded as in the API, on several pieces at a time."""

    def __init__(self, model: Model, cores: Executor) -> None:
        self._model = model
        self._cores = cores

    def start(self, kept: pa.RecordBatch, feed: Feed) -> Predicted:
        """Begin to predict the rows of a feed, of which there is at least one."""
        self._model.outside_training.add(feed, rows=kept.num_rows)
        pieces = [
            self._cores.submit(self._model.graph.run, _piece(feed, start))
            for start in range(0, kept.num_rows, ROWS_AT_ONCE)
        ]
        return Predicted(kept, pieces)


def _piece(feed: Feed, start: int) -> Feed:
    return {group: values[start : start + ROWS_AT_ONCE] for group, values in feed.items()}
