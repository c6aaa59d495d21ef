"""First pass over the table: assign each row to a split, and sample the rows for fitting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.data.classes import Classes, LabelCounts
from features.data.tables import CleanTable
from features.data.target import Target
from features.settings import Settings
from features.splitting.hash_columns import EqualRows
from features.splitting.row_hashes import hash_rows
from features.splitting.sampling import LowestHashes
from features.splitting.splits import (
    RARE_CLASS,
    TEST,
    TRAIN,
    Assignment,
    HashRule,
    Rule,
    assign_rows,
)


@dataclass(frozen=True)
class Scan:
    """Result of the first pass: the split of each row, and the rows for fitting the encoders."""

    assignment: Assignment
    labels: LabelCounts
    sample: NDArray[np.int64]
    """Row numbers in the table, ascending."""
    equal_rows: int = 0
    """Number of rows with the same values in the hash columns as another row; for a hash split."""


def assign_split(table: CleanTable, target: Target, *, rule: Rule, settings: Settings) -> Scan:
    """Assign a split to each row, in one pass over the table."""
    assignment = np.empty(table.rows, np.uint8)
    labels = LabelCounts()
    sample = LowestHashes(settings.fit_rows)
    equal_rows = EqualRows()
    columns = rule.columns if isinstance(rule, HashRule) else ()
    for rows, batch in table.batches("split"):
        hashes = hash_rows(batch.select(columns) if columns else batch, seed=settings.seed)
        assignment[rows] = assign_rows(
            batch, hashes, rule=rule, target=target, weight_column=settings.weight_column
        )
        is_train = assignment[rows] == TRAIN
        if columns:
            equal_rows.add(hashes[assignment[rows] <= TEST])
        sample.add(hashes[is_train], rows.start + np.flatnonzero(is_train))
        if target.has_labels:
            labels.add(target.labels(batch), is_train)
    return Scan(assignment, labels, sample.positions(), equal_rows.count())


def exclude_rare_classes(
    table: CleanTable, target: Target, *, classes: Classes, assignment: Assignment
) -> Assignment:
    """Return the assignment with the rows of rare classes set to RARE_CLASS."""
    changed = assignment.copy()
    for rows, batch in table.batches("counted by class", [target.column.name]):
        is_rare = classes.indexes(target.labels(batch)) < 0
        changed[rows][is_rare & (assignment[rows] <= TEST)] = RARE_CLASS
    return changed
