"""reference.json: the distribution of training, in bins that predictions are counted by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from stage_contract import LOGGER, Artifact, ContractError

from serve.model.artifact_files import read_verified
from serve.schema.model_json import Description
from serve.traffic import bins as traffic

MAX_REFERENCE_BYTES = 16 * 1024 * 1024

_LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Levels of the quantiles in reference.json."""

type Origin = Literal["predictions", "target"]
"""The predictions for the held-out rows, or the target of the training rows."""


class _Distribution(msgspec.Struct, frozen=True):
    quantiles: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    """Share of the rows by class."""


class _Binned(msgspec.Struct, frozen=True):
    bins: traffic.Bins | None = None


class _BinnedColumn(_Binned, frozen=True):
    name: str = ""


class _MonitoringReference(msgspec.Struct, frozen=True):
    columns: tuple[_BinnedColumn, ...] = ()
    predictions: _Binned = _Binned()


class _Reference(msgspec.Struct, frozen=True):
    predictions: _Distribution = _Distribution()
    target: _Distribution = _Distribution()


@dataclass(frozen=True)
class Bins:
    """The bins of one model's predictions: ranges of a number, or the classes."""

    training: tuple[float, ...]
    """Share of the rows of training by bin."""
    origin: Origin
    """What was binned in training."""
    edges: NDArray[np.float64]
    """First number of each bin but the lowest; classes are numbered from 0."""
    bounds: tuple[float, ...] = ()
    """Bounds of ranges, ascending; the first and the last range have no end. Empty for classes."""

    def count(self, predictions: NDArray[Any]) -> NDArray[np.int64]:
        """Return the number of predictions by bin: class indexes, or numbers; NaN is in none."""
        numbers = predictions if predictions.ndim == 1 else predictions[:, 0]
        if self.bounds:
            numbers = numbers[~np.isnan(numbers)]
        places = np.searchsorted(self.edges, numbers, side="right")
        return np.bincount(places, minlength=len(self.training))


def read_bins(artifact: Artifact, description: Description) -> Bins | None:
    """Return the bins of a model; None if it has no distribution of training.

    A faulty file is no reason to refuse a model, so it is only logged.
    """
    consequence = "its predictions are not compared with training"
    reference = _read(artifact, _Reference, consequence=consequence)
    if reference is None:
        return None
    if (bins := _bins_of(reference.predictions, description, "predictions")) is not None:
        return bins
    return _bins_of(reference.target, description, "target")


def read_bin_counts(artifact: Artifact, description: Description) -> traffic.BinCounts | None:
    """Return counts by the bins of a model, all 0; None if its reference has none, or is faulty."""
    consequence = "its rows are not counted by bin for monitoring"
    reference = _read(artifact, _MonitoringReference, consequence=consequence)
    if reference is None:
        return None
    columns = {each.name: each.bins for each in reference.columns if each.bins is not None}
    if not columns and reference.predictions.bins is None:
        return None
    return traffic.BinCounts(description, columns=columns, predictions=reference.predictions.bins)


def _read[T](artifact: Artifact, form: type[T], *, consequence: str) -> T | None:
    """Return reference.json; a faulty one is logged with its consequence, and None."""
    try:
        document = read_verified(artifact, "reference.json", max_bytes=MAX_REFERENCE_BYTES)
        return msgspec.json.decode(document, type=form)
    except (ContractError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        LOGGER.warning(
            "model %s: reference.json: %s; %s",
            artifact.id,
            error,
            consequence,
            extra={"model": artifact.id},
        )
        return None


def _bins_of(seen: _Distribution, description: Description, origin: Origin) -> Bins | None:
    if description.classes is not None:
        if len(seen.shares) != len(description.classes):
            return None
        return Bins(seen.shares, origin, np.arange(1, len(seen.shares), dtype=np.float64))
    quantiles = seen.quantiles
    if len(quantiles) != len(_LEVELS) or sorted(quantiles) != [*quantiles]:
        return None
    return _ranges(quantiles, origin)


def _ranges(quantiles: Sequence[float], origin: Origin) -> Bins:
    """Return ranges from one quantile to the next; equal quantiles are one bound."""
    below = dict(zip(reversed(quantiles), reversed(_LEVELS), strict=True))
    bounds = sorted(below)
    levels = [*map(below.__getitem__, bounds)]
    beyond = math.nextafter(bounds[-1], math.inf)
    if levels[-1] == 1:
        edges = [*bounds[:-1], beyond]
    else:  # Several quantiles are the largest number, which is a range by itself.
        edges = [*bounds, beyond]
        bounds.append(bounds[-1])
        levels.append(1.0)
    shares = [round(high - low, 6) for low, high in pairwise(levels)]
    return Bins((0.0, *shares, 0.0), origin, np.array(edges), tuple(bounds))
