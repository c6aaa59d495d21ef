"""bins.json: fixed bins of the input columns, and how many training rows are in each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.data.tensors import Inputs, as_doubles
from features.feature_data.training_profile import TrainingProfile

MAX_VALUES = 20
"""Maximum number of texts that have a bin of their own."""

_DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class ColumnBins:
    """The bins of one column; a private column only has present and missing."""

    counts: NDArray[np.int64]
    edges: NDArray[np.float64] | None = None
    values: pa.Array | None = None

    def add(self, column: pa.Array) -> None:
        """Count a value v in bin i if edges[i - 1] < v <= edges[i]; the last bin is missing."""
        if self.edges is not None:
            doubles = as_doubles(column)
            places = np.searchsorted(self.edges, doubles)
            places[np.isnan(doubles)] = len(self.counts) - 1
        elif self.values is not None:
            texts = column.cast(pa.string())
            found = pc.fill_null(pc.index_in(texts, self.values), len(self.values))
            is_missing = pc.fill_null(pc.equal(texts, ""), fill_value=True)
            places = pc.if_else(is_missing, len(self.values) + 1, found).to_numpy()
        else:
            places = pc.is_null(column).cast(pa.int8()).to_numpy()
        self.counts[:] += np.bincount(places, minlength=len(self.counts))

    def to_json(self) -> dict[str, Any]:
        bins: dict[str, Any] = {}
        if self.edges is not None:
            bins["edges"] = self.edges.tolist()
        if self.values is not None:
            bins["values"] = self.values.to_pylist()
        return bins | {"training": self.counts.tolist()}


class TrainingBins:
    """The bins of all input columns, in the order of schema.json."""

    def __init__(self, inputs: Inputs, *, profile: TrainingProfile) -> None:
        """Choose the bins: the edges from the fit sample, the values from all training rows."""
        used = {*inputs.numbers, *inputs.strings}
        self._columns = {
            name: _choose(profile, name, is_number=name in inputs.numbers)
            for name in profile.summaries
            if name in used
        }

    def add(self, rows: pa.RecordBatch) -> None:
        """Count training rows."""
        for name, bins in self._columns.items():
            bins.add(rows[name])

    def to_json(self) -> dict[str, Any]:
        """Return bins.json."""
        columns = [{"name": name, "bins": bins.to_json()} for name, bins in self._columns.items()]
        return {"columns": columns}


def _choose(profile: TrainingProfile, name: str, *, is_number: bool) -> ColumnBins:
    summary = profile.summaries[name]
    if summary.column.is_private:
        return ColumnBins(_zeros(2))
    if not is_number:
        texts = [text for text, _ in summary.frequent_texts(most=MAX_VALUES) if text]
        return ColumnBins(_zeros(len(texts) + 2), values=pa.array(texts, pa.string()))
    present = profile.sample[name].drop_null()
    # A decile is a value of a row, so that equal numbers are never divided.
    edges = (
        np.unique(np.quantile(as_doubles(present), _DECILES, method="inverted_cdf"))
        if len(present)
        else np.empty(0)
    )
    return ColumnBins(_zeros(len(edges) + 2), edges=edges)


def _zeros(bins: int) -> NDArray[np.int64]:
    return np.zeros(bins, np.int64)
