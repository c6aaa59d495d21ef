"""The confusion matrix: held-out rows by true and predicted class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from modelling.model_selection.bootstrap import Outcomes
from numpy.typing import NDArray

from reporting.plots.number_formats import share

MAX_SHOWN = 10
"""Maximum number of rows of the matrix; with more classes, the last row holds the smallest ones."""
MAX_LISTED = 50


@dataclass(frozen=True)
class Cell:
    """One cell: rows of a true class with this predicted class."""

    rows: int
    text: str
    """Percentage of the rows of the class."""
    shade: int
    """Shade of the cell, 0 to 5."""


@dataclass(frozen=True)
class ClassRow:
    """Recall and precision of one class."""

    name: str
    rows: int
    found: float
    """Recall: share of the rows of this class that are predicted as this class."""
    right: float | None
    """Precision: share of the rows predicted as this class that belong to it; None if none are."""


@dataclass(frozen=True)
class Confusion:
    """The matrix: rows are true classes, columns are predicted classes."""

    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    classes: Sequence[ClassRow]
    """Recall and precision by class, the largest class first."""
    left_out: int
    """Number of classes that are not listed."""

    @property
    def counted(self) -> int:
        """Number of rows counted."""
        return sum(cell.rows for _, cells in self.rows for cell in cells)


def confuse(rows: Outcomes, names: Sequence[str]) -> Confusion:
    """Count held-out rows by true and predicted class."""
    labels = rows.predicted.argmax(axis=1) if rows.labels is None else rows.labels
    counts = np.zeros((rows.classes, rows.classes), dtype=np.int64)
    np.add.at(counts, (rows.truth, labels), 1)
    by_rows = np.argsort(-counts.sum(axis=1), kind="stable")
    small, shown = _gather(counts, by_rows, names)
    table = [
        (name, [_cell(small, i, j) for j in range(len(shown))]) for i, name in enumerate(shown)
    ]
    listed = [
        ClassRow(
            names[c],
            rows=int(counts[c].sum()),
            found=float(counts[c, c] / counts[c].sum()),
            right=float(counts[c, c] / counts[:, c].sum()) if counts[:, c].any() else None,
        )
        for c in by_rows[:MAX_LISTED]
        if counts[c].any()
    ]
    return Confusion(shown, table, listed, left_out=rows.classes - len(listed))


def _gather(
    counts: NDArray[np.int64], by_rows: NDArray[np.int64], names: Sequence[str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the table of the largest classes, with the others merged into the last row."""
    if len(names) <= MAX_SHOWN:
        return counts, list(names)
    large = np.sort(by_rows[: MAX_SHOWN - 1])
    group = np.full(len(names), len(large))
    group[large] = np.arange(len(large))
    small = np.zeros((len(large) + 1, len(large) + 1), dtype=np.int64)
    np.add.at(small, (group[:, np.newaxis], group[np.newaxis, :]), counts)
    return small, [*(names[c] for c in large), f"{len(names) - len(large)} others"]


def _cell(counts: NDArray[np.int64], i: int, j: int) -> Cell:
    total = int(counts[i].sum())
    part = counts[i, j] / total if total else 0.0
    shade = 0 if not counts[i, j] else min(5, 1 + int(part * 5))
    return Cell(int(counts[i, j]), share(part) if counts[i, j] else "–", shade)
