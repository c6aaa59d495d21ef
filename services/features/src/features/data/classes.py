"""Classes: the distinct values of a target, and which of them have enough rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import ContractError

from features.data.target import Target

LABELS_MAX = 100_000
"""Counting stops beyond this many distinct values: the target is not a class."""

MISSING = -1
CLASSES_MIN = 2

type Label = str | int | bool


class LabelCounts:
    """Counts the distinct labels: in all rows that have one, and in the training rows."""

    def __init__(self) -> None:
        self.train_rows: dict[Label, int] = {}
        """Training rows by label; a label of test rows only has 0."""
        self.overflowed = False
        """Whether there are more than LABELS_MAX labels; then the counts are invalid."""

    def add(self, labels: pa.Array, is_train: NDArray[np.bool_]) -> None:
        """Count the labels of a batch."""
        if self.overflowed:
            return
        for label in labels.drop_null().unique().to_pylist():
            self.train_rows.setdefault(label, 0)
        found, rows = pc.value_counts(labels.filter(pa.array(is_train))).flatten()
        for label, count in zip(found.to_pylist(), rows.to_pylist(), strict=True):
            self.train_rows[label] += count
        self.overflowed = len(self.train_rows) > LABELS_MAX

    def shown(self) -> str:
        """Return the number of distinct labels as a text."""
        if self.overflowed:
            return f"more than {LABELS_MAX:,} distinct values"
        count = len(self.train_rows)
        return f"{count:,} distinct value{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Classes:
    """The classes in the order of their index: false, true; numbers and texts ascending."""

    labels: Sequence[Label]
    rare: Sequence[Label]
    """Labels with too few training rows to be a class."""

    def indexes(self, labels: pa.Array) -> NDArray[np.int64]:
        """Return the class index of each row, MISSING where it has no label or a rare one."""
        found = pc.index_in(labels, pa.array(self.labels, labels.type), skip_nulls=True)
        indexes: NDArray[np.int64] = pc.fill_null(found.cast(pa.int64()), MISSING).to_numpy()
        return indexes


def choose_classes(counts: LabelCounts, *, at_least: int, target: Target) -> Classes:
    """Return the classes with enough training rows.

    Raises:
        ContractError: Fewer than two classes have enough.
    """
    rows = counts.train_rows
    chosen = sorted(label for label, count in rows.items() if count >= at_least)
    if len(chosen) < CLASSES_MIN:
        raise ContractError(_too_few(rows, at_least=at_least, target=target))
    return Classes(chosen, sorted(rows.keys() - chosen))


def _too_few(rows: Mapping[Label, int], *, at_least: int, target: Target) -> str:
    name = target.name
    if len(rows) < CLASSES_MIN:
        return f"target '{name}' has one value in all rows; expected two or more classes"
    by_rows = sorted(((count, str(label)) for label, count in rows.items()), reverse=True)[:5]
    counts = ", ".join(
        f"{'a class' if target.column.is_private else label} {count}" for count, label in by_rows
    )
    return (
        f"target '{name}': fewer than two classes have {at_least} training rows ({counts});"
        " expected two, add rows or lower min_class_rows in [features]"
    )
