"""The split: which rows train, which test, and which are rejected."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import ContractError

from features.data.target import Target
from features.data.tensors import as_flags
from features.data.timestamps import NO_TIMESTAMP, microseconds_to_rfc3339, to_microseconds
from features.splitting.row_hashes import hash_rows

TRAIN, TEST, NO_TARGET, NO_TIME, RARE_CLASS, NO_LOGARITHM, NO_GROUP, NO_WEIGHT, BAD_WEIGHT = (
    np.uint8(assigned) for assigned in range(9)
)
NO_INPUT = np.uint8(9)
"""A test row without a value that every training row has: the API rejects such rows."""

REASONS: Mapping[np.uint8, str] = {
    NO_TARGET: "target missing",
    NO_LOGARITHM: "target without logarithm",
    NO_TIME: "time missing",
    NO_GROUP: "group missing",
    NO_WEIGHT: "weight missing",
    BAD_WEIGHT: "weight not positive",
    RARE_CLASS: "class too rare",
    NO_INPUT: "input missing",
}
MIN_ROWS = 10
"""Minimum number of training and test rows together."""

type Assignment = NDArray[np.uint8]
"""For each row: TRAIN, TEST, or the reason for its rejection."""


@dataclass(frozen=True)
class HashRule:
    """Rows with the lowest hashes are test rows, whatever else is in the table."""

    test_share: float
    columns: tuple[str, ...] = ()
    """Columns of the hash; empty: all columns."""

    def assign(self, _batch: pa.RecordBatch, hashes: NDArray[np.uint64]) -> Assignment:
        """Return the split of each row; rows with equal hashes are in the same split."""
        return np.where(hashes < np.uint64(int(self.test_share * 2.0**64)), TEST, TRAIN)


@dataclass(frozen=True)
class GroupRule:
    """Groups with the lowest hashes are test groups, whatever else is in the table."""

    column: str
    test_share: float
    seed: int

    def assign(self, batch: pa.RecordBatch, _hashes: NDArray[np.uint64]) -> Assignment:
        """Return the split of each row; a row without a group is rejected."""
        groups = hash_rows(batch.select([self.column]), seed=self.seed)
        assignment = HashRule(self.test_share).assign(batch, groups)
        return np.where(as_flags(pc.is_null(batch.column(self.column))), NO_GROUP, assignment)


@dataclass(frozen=True)
class TimeRule:
    """Rows at or after a timestamp are test rows, so equal timestamps are in the same split."""

    column: str
    boundary: int
    """Timestamp in microseconds since 1970."""
    is_private: bool = False
    """Whether the column is private, so that no document and no log shows the boundary."""

    @property
    def shown_boundary(self) -> str | None:
        """The boundary in RFC 3339; None if it is a value of a private column."""
        return None if self.is_private else microseconds_to_rfc3339(self.boundary)

    def assign(self, batch: pa.RecordBatch, _hashes: NDArray[np.uint64]) -> Assignment:
        """Return the split of each row; a row without a time is rejected."""
        timestamps = to_microseconds(batch.column(self.column))
        assignment = np.where(timestamps >= self.boundary, TEST, TRAIN)
        return np.where(timestamps == NO_TIMESTAMP, NO_TIME, assignment)


type Rule = HashRule | TimeRule | GroupRule


def assign_rows(
    batch: pa.RecordBatch,
    hashes: NDArray[np.uint64],
    *,
    rule: Rule,
    target: Target,
    weight_column: str | None = None,
) -> Assignment:
    """Return the split of each row of a batch."""
    assignment = rule.assign(batch, hashes)
    if weight_column is not None:
        weights = batch.column(weight_column)
        assignment = np.where(as_flags(pc.less_equal(weights, 0)), BAD_WEIGHT, assignment)
        assignment = np.where(as_flags(pc.is_null(weights)), NO_WEIGHT, assignment)
    assignment = np.where(target.is_untransformable(batch), NO_LOGARITHM, assignment)
    return np.where(target.is_missing(batch), NO_TARGET, assignment)


def count_train_test(assignment: Assignment) -> tuple[int, int]:
    """Return the numbers of training and test rows."""
    return int(np.count_nonzero(assignment == TRAIN)), int(np.count_nonzero(assignment == TEST))


def check_assignment(assignment: Assignment, *, rule: Rule, target: Target) -> None:
    """Check that there are enough training rows and test rows.

    Raises:
        ContractError: Too few rows have a target, or one of the splits is empty.
    """
    train, test = count_train_test(assignment)
    if np.all(assignment == NO_TARGET):
        raise ContractError(
            f"target '{target.column.name}' is missing in all {assignment.size:,} rows;"
            " choose another column"
        )
    if train + test < MIN_ROWS:
        raise ContractError(
            f"only {train + test:,} of {assignment.size:,} rows can be used"
            f" (the others: {_describe_rejected(assignment)}); expected {MIN_ROWS} or more"
        )
    if train and test:
        return
    empty = "test" if train else "training"
    if isinstance(rule, TimeRule):
        raise ContractError(
            f"no {empty} rows in a split by time at {rule.shown_boundary or 'a private time'};"
            ' set another test_share, or split = "hash" in [features]'
        )
    if isinstance(rule, GroupRule):
        raise ContractError(
            f"no {empty} rows in a split by '{rule.column}'; expected more groups, or set another"
            " test_share or seed in [features]"
        )
    raise ContractError(f"no {empty} rows; set another test_share or seed in [features]")


def _describe_rejected(assignment: Assignment) -> str:
    counts = (
        (reason, np.count_nonzero(assignment == assigned)) for assigned, reason in REASONS.items()
    )
    return ", ".join(f"{count:,} {reason}" for reason, count in counts if count) or "none"
