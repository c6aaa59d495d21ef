"""XGBoost's quantile matrices, built batch by batch, in memory or on disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xgboost
from modelling.data.feature_data import FeatureData
from modelling.data.matrices import check_training_features, count_rows, read_batches
from numpy.typing import NDArray
from stage_contract import LOGGER

from train_xgboost.rows import Chosen, Rows
from train_xgboost.settings import Settings

CELLS_IN_MEMORY = 500_000_000
"""Number of cells above which rows stay on disk by default: a cell takes 2 to 3 bytes."""

CELLS_PER_THREAD = 500_000
"""Minimum number of cells per thread: with fewer, threads mostly wait."""
MAX_THREADS = 4

_CELLS_PER_BATCH = 16_000_000
"""Number of cells in a batch, 64 MB of float32; a page on disk takes a quarter."""


@dataclass(frozen=True)
class Store:
    """Location and parameters of the matrices."""

    threads: int
    folder: Path | None
    """Folder for pages on disk; None: in memory."""

    def build(self, rows: Rows, chosen: Chosen, *, like: Any = None) -> Any:
        """Return the matrix of some rows, binned like another one if given.

        Raises:
            SystemExit: A signal ended the process while rows were read.
        """
        batches = Batches(rows, chosen, self.folder)
        kind = xgboost.QuantileDMatrix if self.folder is None else xgboost.ExtMemQuantileDMatrix
        try:
            matrix = kind(batches, ref=like, nthread=self.threads)
        except _EndedError as ended:
            raise SystemExit(ended.code) from ended
        # An exit that a signal raises between XGBoost and `Batches` is dropped.
        if matrix.num_row() != chosen.sum():
            raise RuntimeError(f"XGBoost took {matrix.num_row()} of {chosen.sum()} rows")
        return matrix


class _EndedError(Exception):
    """A SystemExit inside a callback of XGBoost.

    ctypes drops a SystemExit there, and XGBoost goes on with the rows read so far, or aborts; it
    raises an Exception again after its own code has ended.
    """

    def __init__(self, code: object) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def _exits_as_errors() -> Iterator[None]:
    try:
        yield
    except SystemExit as ended:
        raise _EndedError(ended.code) from ended


type Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64] | None]
"""Features, labels, and weights if they differ."""


@contextmanager
def open_store(draft: Path, data: FeatureData, settings: Settings) -> Iterator[Store]:
    """Yield the store of the matrices; files are in the draft and are removed at the end."""
    rows, features = count_rows(data.artifact, "train"), len(data.problem.features)
    threads = settings.threads or min(MAX_THREADS, 1 + rows * features // CELLS_PER_THREAD)
    in_memory = settings.external_memory_rows
    if rows <= (CELLS_IN_MEMORY // features if in_memory is None else in_memory):
        yield Store(threads, None)
        return
    LOGGER.info("external memory: %s rows of %d features stay on disk", f"{rows:,}", features)
    with TemporaryDirectory(prefix=".pages-", dir=draft) as folder:
        yield Store(threads, Path(folder))


class Batches(xgboost.DataIter):
    """Reads some rows of train/ in batches, as often as XGBoost requests them."""

    _numbers = count()

    def __init__(self, rows: Rows, chosen: Chosen, folder: Path | None) -> None:
        self._rows = rows
        self._chosen = chosen
        self._batches: Iterator[Batch] = iter(())
        prefix = None if folder is None else str(folder / f"matrix-{next(self._numbers)}")
        super().__init__(cache_prefix=prefix)

    def reset(self) -> None:
        """Restart at the first row."""
        self._batches = _read(self._rows, self._chosen)

    def next(self, input_data: Callable[..., None]) -> bool:
        """Pass the next batch on; False if there is none."""
        with _exits_as_errors():
            batch = next(self._batches, None)
            if batch is None:
                return False
            features, labels, weights = batch
            input_data(data=features, label=labels, weight=weights)
            return True


def _read(rows: Rows, chosen: Chosen) -> Iterator[Batch]:
    """Yield the chosen rows in large batches."""
    names = [feature.name for feature in rows.problem.features]
    labels, weights, start = rows.labels[chosen], rows.weights_of(chosen), 0
    for features in _in_large(_features(rows, chosen, names), _CELLS_PER_BATCH // len(names)):
        here = slice(start, start + len(features))
        yield features, labels[here], None if weights is None else weights[here]
        start = here.stop


def _features(rows: Rows, chosen: Chosen, names: list[str]) -> Iterator[NDArray[np.float32]]:
    start = 0
    for batch in read_batches(rows.source, "train", columns=names):
        columns = [batch[name].to_numpy(zero_copy_only=False) for name in names]
        features = np.column_stack(columns).astype(np.float32, copy=False)
        check_training_features(features, names, start=start)
        yield features[chosen[start : start + len(features)]]
        start += len(features)


def _in_large(parts: Iterator[NDArray[np.float32]], min_rows: int) -> Iterator[NDArray[np.float32]]:
    """Join parts until they have this many rows."""
    waiting: list[NDArray[np.float32]] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= min_rows:
            yield np.concatenate(waiting)
            waiting = []
    if any(map(len, waiting)):
        yield np.concatenate(waiting)
