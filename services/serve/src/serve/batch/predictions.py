"""Predictions as columns of a table: typed for Parquet, as texts for CSV like in the API."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serve.codecs.explanations import ExplainedColumns, Explanation, explanation_texts
from serve.codecs.predictions import Prediction, ResponseWriter, likeliest_classes
from serve.codecs.rows import Feed
from serve.model.models import Model
from serve.schema.model_json import Class, Description


class PredictionColumns:
    """Converts predictions to columns."""

    def __init__(
        self,
        writer: ResponseWriter,
        description: Description,
        used: Collection[str],
        *,
        top_k: int | None = None,
        explained: ExplainedColumns | None = None,
    ) -> None:
        self._writer = writer
        self._top_k = top_k
        self._classes = None if description.classes is None else _typed(description.classes)
        self._names = writer.names(used, top_k=top_k)
        self._explained = [] if explained is None else explained.table_names({*used, *self._names})

    def schema(self, *, as_texts: bool) -> pa.Schema:
        """Return names and types of the columns."""
        if as_texts:
            return pa.schema([(name, pa.string()) for name in [*self._names, *self._explained]])
        first = pa.float32() if self._classes is None else self._classes.type
        kinds = [first, *[pa.float32()] * (len(self._names) - 1)]
        if self._top_k is not None:
            kinds[1::2] = [first] * len(kinds[1::2])
        columns = [*zip(self._names, kinds, strict=True)]
        return pa.schema([*columns, *((name, pa.float64()) for name in self._explained)])

    def arrays(
        self, prediction: Prediction, explanation: Explanation | None = None, *, as_texts: bool
    ) -> Sequence[pa.Array]:
        """Return the columns; null, or an empty text, where a prediction is not finite."""
        predicted = self._predicted(prediction, as_texts=as_texts)
        if explanation is None:
            return predicted
        if as_texts:
            texts = explanation_texts(explanation)
            return [*predicted, *(pa.array(column, pa.string()) for column in texts)]
        return [*predicted, *_numbers(explanation.columns())]

    def _predicted(self, prediction: Prediction, *, as_texts: bool) -> Sequence[pa.Array]:
        if as_texts:
            columns = self._writer.columns(prediction, top_k=self._top_k)
            return [pa.array(texts, pa.string()) for texts in columns]
        values = prediction.values.reshape(len(prediction.values), -1)
        if self._classes is None or prediction.labels is None:
            return _numbers(values.T)
        labels = self._classes.take(pa.array(prediction.labels))
        if self._top_k is None:
            return [labels, *_numbers(values.T)]
        places = likeliest_classes(values, self._top_k)
        classes = [self._classes.take(pa.array(column)) for column in places.T]
        numbers = _numbers(np.take_along_axis(values, places, axis=1).T)
        return [labels, *chain.from_iterable(zip(classes, numbers, strict=True))]


def _numbers(columns: Iterable[NDArray[Any]]) -> list[pa.Array]:
    return [pa.array(column, mask=~np.isfinite(column)) for column in columns]


def joined(parts: Sequence[Prediction]) -> Prediction:
    """Return the predictions of several pieces of a chunk as one."""
    labels: list[Any] = [part.labels for part in parts if part.labels is not None]
    return Prediction(
        np.concatenate([part.values for part in parts]),
        np.concatenate(labels) if labels else None,
    )


def _joined_explanations(parts: Sequence[Explanation]) -> Explanation:
    return Explanation(
        np.concatenate([part.base_values for part in parts]),
        np.concatenate([part.contributions for part in parts]),
    )


def _typed(classes: Sequence[Class]) -> pa.Array:
    return pa.array(classes)


ROWS_PER_PIECE: Final = 4096

type Piece = tuple[Prediction, Explanation | None]


@dataclass(frozen=True)
class Predicted:
    """Rows whose predictions may still be running."""

    kept: pa.RecordBatch
    pieces: Sequence[Future[Piece]]

    def result(self) -> Piece:
        """Wait for the predictions and their explanations."""
        predictions, explanations = zip(*(piece.result() for piece in self.pieces), strict=True)
        explained = [part for part in explanations if part is not None]
        return joined(predictions), _joined_explanations(explained) if explained else None


class Predictor:
    """Runs the graph of one model, single-threaded as in the API, on several pieces in parallel."""

    def __init__(self, model: Model, pool: Executor, *, explains: bool = False) -> None:
        self._model = model
        self._explains = explains
        self._pool = pool

    def start(self, kept: pa.RecordBatch, feed: Feed) -> Predicted:
        """Start to predict the rows of the graph's inputs, at least one."""
        self._model.row_counts.add(feed, rows=kept.num_rows)
        pieces = [
            self._pool.submit(self._run, _piece(feed, start))
            for start in range(0, kept.num_rows, ROWS_PER_PIECE)
        ]
        return Predicted(kept, pieces)

    def _run(self, feed: Feed) -> Piece:
        prediction = self._model.graph.run(feed)
        if not self._explains:
            return prediction, None
        return prediction, self._model.explainer.explain(feed, prediction)


def _piece(feed: Feed, start: int) -> Feed:
    return {group: values[start : start + ROWS_PER_PIECE] for group, values in feed.items()}
