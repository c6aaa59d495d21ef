"""Fixed bins of columns and predictions: how many rows are in each, to detect drift."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from stage_contract import ContractError

from modelling.data.feature_data import FeatureData
from modelling.data.matrices import count_rows, read_batches
from modelling.data.problem import InputColumn, read_document
from modelling.data.tensors import pack

BINS = "bins.json"
DECILES = np.arange(1, 10) / 10

type Counts = NDArray[np.int64]
"""Rows by bin; the last bin of a column holds missing values."""


class Bins(BaseModel, frozen=True):
    """The bins of one input column; a private one has neither edges nor values."""

    edges: list[float] | None = None
    """A number v is in bin i if edges[i - 1] < v <= edges[i]; the ends are open."""
    values: list[str] | None = None
    """After the bins of these texts comes one for all others."""
    training: list[int]
    """Rows by bin."""

    @property
    def width(self) -> int:
        """Number of bins, with that of missing values."""
        if self.edges is None and self.values is None:
            return 2
        return len(self.edges if self.edges is not None else self.values or ()) + 2

    def places(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the bin of each value, [N], as the graph gets them: numbers or texts."""
        is_missing = values == "" if values.dtype == object else np.isnan(values)
        if self.edges is not None:
            found = np.searchsorted(self.edges, values)
        elif self.values is not None:
            known = {value: place for place, value in enumerate(self.values)}
            found = np.array([known.get(value, len(known)) for value in values], np.int64)
        else:
            found = np.zeros(len(values), np.int64)
        places: NDArray[np.int64] = np.where(is_missing, self.width - 1, found)
        return places


class _ColumnBins(BaseModel, frozen=True):
    name: str
    bins: Bins


class _Document(BaseModel, frozen=True):
    """bins.json of feature-data."""

    columns: list[_ColumnBins]


def read_bins(data: FeatureData) -> dict[str, Bins]:
    """Return the bins of feature-data by column; none if it is of a stage that writes none.

    Raises:
        ContractError: The bins do not belong to the columns or to the rows of train/.
    """
    if all(entry["path"] != BINS for entry in data.artifact.manifest["files"]):
        return {}
    document = read_document(data.artifact, BINS, model=_Document)
    bins = {each.name: each.bins for each in document.columns}
    rows = count_rows(data.artifact, "train")
    known = {field.name: field for field in data.schema.fields}
    for name, each in bins.items():
        wrong = _fault(each, known.get(name), rows=rows)
        if wrong is not None:
            raise ContractError(f"{BINS}: column '{name}': {wrong}; run features again")
    return bins


def count_held_out(data: FeatureData, bins: Mapping[str, Bins]) -> dict[str, Counts]:
    """Return the counts of the rows in test-rows/, which are read batch by batch."""
    fields = [field for field in data.schema.fields if field.name in bins]
    counts = {field.name: np.zeros(bins[field.name].width, np.int64) for field in fields}
    if not fields:
        return counts
    for batch in read_batches(data.artifact, "test-rows", columns=data.schema.names):
        tensors = pack(batch, data.schema)
        for field in fields:
            values = tensors[field.input.group][:, field.input.index]
            places = bins[field.name].places(values)
            counts[field.name] += np.bincount(places, minlength=len(counts[field.name]))
    return counts


def describe_numbers(predicted: NDArray[Any]) -> dict[str, Any]:
    """Return bins of predicted numbers, [N]: between the distinct deciles of these rows."""
    # A decile is one of the numbers, so that equal predictions are never divided.
    edges = np.unique(np.quantile(predicted.astype(np.float64), DECILES, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, predicted), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "held_out": counts.tolist()}


def describe_classes(labels: NDArray[np.int64], classes: list[Any]) -> dict[str, Any]:
    """Return a bin for each class with the number of its labels, which are indexes, [N]."""
    counts = np.bincount(labels, minlength=len(classes))
    return {"values": classes, "held_out": counts.tolist()}


def _fault(bins: Bins, field: InputColumn | None, *, rows: int) -> str | None:
    """Return what is wrong with the bins of a column."""
    if field is None:
        return "it is no column of schema.json"
    if field.private and (bins.edges is not None or bins.values is not None):
        return "it is private, so its bins must have no edges or values"
    other = bins.values if field.input.group == "numbers" else bins.edges
    has_none = bins.edges is None and bins.values is None
    if other is not None or (has_none and not field.private):
        expected = "edges" if field.input.group == "numbers" else "values"
        return f"expected {expected}, since it goes to {field.input.group}"
    if any(low >= high for low, high in pairwise(bins.edges or ())):
        return "expected edges in ascending order"
    return _count_fault(bins, rows=rows)


def _count_fault(bins: Bins, *, rows: int) -> str | None:
    if len(bins.training) != bins.width:
        return f"{len(bins.training)} counts of training rows; expected {bins.width}"
    if sum(bins.training) != rows:
        return f"{sum(bins.training):,} rows in its bins; expected {rows:,} as in train/"
    return None
