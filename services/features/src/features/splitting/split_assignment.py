"""First pass: assign each row to a split, and sample the rows for fitting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.data.classes import Classes, LabelCounts
from features.data.tables import CleanTable
from features.data.target import Target
from features.settings import Settings
from features.splitting.hash_columns import EqualRows
from features.splitting.row_hashes import row_hashes
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
    """The split of every row, one byte each, and the rows for fitting the encoders."""

    assignment: Assignment
    labels: LabelCounts
    sample: NDArray[np.int64]
    """Places in the table, ascending."""
    equal_rows: int = 0
    """Number of rows of a hash split that equal another row in the hash columns."""


def assign_split(table: CleanTable, target: Target, *, rule: Rule, settings: Settings) -> Scan:
    """Read the whole table once."""
    assignment = np.empty(table.rows, np.uint8)
    labels = LabelCounts()
    lowest = LowestHashes(settings.fit_rows)
    equal = EqualRows()
    columns = rule.columns if isinstance(rule, HashRule) else ()
    for where, batch in table.batches("split"):
        hashes = row_hashes(batch.select(columns) if columns else batch, seed=settings.seed)
        assignment[where] = assign_rows(
            batch, hashes, rule=rule, target=target, weight_column=settings.weight_column
        )
        is_train = assignment[where] == TRAIN
        if columns:
            equal.add(hashes[assignment[where] <= TEST])
        lowest.add(hashes[is_train], where.start + np.flatnonzero(is_train))
        if target.has_labels:
            labels.add(target.labels(batch), is_train)
    return Scan(assignment, labels, lowest.places(), equal.count())


def exclude_rare_classes(
    table: CleanTable, target: Target, *, classes: Classes, assignment: Assignment
) -> Assignment:
    """Return the assignment without the rows of rare classes."""
    changed = assignment.copy()
    for where, batch in table.batches("counted by class", [target.column.name]):
        is_rare = classes.indexes(target.labels(batch)) < 0
        changed[where][is_rare & (assignment[where] <= TEST)] = RARE_CLASS
    return changed
