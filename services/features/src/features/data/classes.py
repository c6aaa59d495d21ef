"""Classes: the distinct values of a target, and which of them have enough rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import ContractError

from features.data.target import Target

MAX_LABELS = 100_000
"""Counting stops beyond this many distinct values: the target is not a class."""

MISSING = -1
MIN_CLASSES = 2

type Label = str | int | bool


class LabelCounts:
    """Counts the distinct labels of all rows, and the training rows of each label."""

    def __init__(self) -> None:
        self.train_rows: dict[Label, int] = {}
        """Training rows by label; 0 for a label that only test rows have."""
        self.has_overflowed = False
        """Whether there are more than MAX_LABELS labels; then the counts are invalid."""

    def add(self, labels: pa.Array, is_train: NDArray[np.bool_]) -> None:
        """Count the labels of a batch."""
        if self.has_overflowed:
            return
        for label in labels.drop_null().unique().to_pylist():
            self.train_rows.setdefault(label, 0)
        values, rows = pc.value_counts(labels.filter(pa.array(is_train))).flatten()
        for label, count in zip(values.to_pylist(), rows.to_pylist(), strict=True):
            self.train_rows[label] += count
        self.has_overflowed = len(self.train_rows) > MAX_LABELS

    def describe(self) -> str:
        """Return the number of distinct labels as a text."""
        if self.has_overflowed:
            return f"more than {MAX_LABELS:,} distinct values"
        count = len(self.train_rows)
        return f"{count:,} distinct value{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Classes:
    """The classes in the order of their index: false, true; numbers and texts ascending."""

    labels: Sequence[Label]
    rare: Sequence[Label]
    """Labels with too few training rows to be a class."""

    def indexes(self, labels: pa.Array) -> NDArray[np.int64]:
        """Return the class index of each row; MISSING without a label or with a rare label."""
        positions = pc.index_in(labels, pa.array(self.labels, labels.type), skip_nulls=True)
        indexes: NDArray[np.int64] = pc.fill_null(positions.cast(pa.int64()), MISSING).to_numpy()
        return indexes


def choose_classes(counts: LabelCounts, *, min_rows: int, target: Target) -> Classes:
    """Return the classes with enough training rows.

    Raises:
        ContractError: Fewer than two classes have enough training rows.
    """
    rows = counts.train_rows
    chosen = sorted(label for label, count in rows.items() if count >= min_rows)
    if len(chosen) < MIN_CLASSES:
        raise ContractError(_too_few_classes(rows, min_rows=min_rows, target=target))
    return Classes(chosen, sorted(rows.keys() - chosen))


def _too_few_classes(rows: Mapping[Label, int], *, min_rows: int, target: Target) -> str:
    name = target.name
    if len(rows) < MIN_CLASSES:
        return f"target '{name}' has one value in all rows; expected two or more classes"
    by_rows = sorted(((count, str(label)) for label, count in rows.items()), reverse=True)[:5]
    counts = ", ".join(
        f"{'a class' if target.column.is_private else label} {count}" for count, label in by_rows
    )
    return (
        f"target '{name}': fewer than two classes have {min_rows} training rows ({counts});"
        " expected two, add rows or lower min_class_rows in [features]"
    )
