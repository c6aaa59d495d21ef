"""Second pass: statistics of the training rows, and the sample for fitting the encoders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import ContractError

from features.data.columns import Column
from features.data.summaries import ColumnSummary
from features.data.tables import CleanTable
from features.data.tensors import as_flags
from features.preprocessing.roles import Role, RoleRules
from features.splitting.split_assignment import Scan
from features.splitting.splits import TEST, TRAIN

MAX_MAGNITUDE = 1e100
"""Maximum absolute value: the sum of squares of larger numbers may overflow a double."""


@dataclass(frozen=True)
class TrainingProfile:
    """Statistics and a sample of the training rows."""

    summaries: Mapping[str, ColumnSummary]
    """Summaries by column, in the order of the table."""
    sample: pa.Table
    missing_test_rows: Mapping[str, NDArray[np.int64]]
    """For each column without missing values in training: positions of test rows that lack it."""

    def required_inputs(self, roles: Sequence[Role]) -> list[str]:
        """Return the inputs that have a value in every training row."""
        names = (role.column.name for role in roles if role.name == "input")
        return [name for name in names if name in self.missing_test_rows]


def profile_training_rows(
    table: CleanTable, scan: Scan, *, columns: Sequence[Column]
) -> TrainingProfile:
    """Summarise these columns over the training rows, and keep the rows of the sample."""
    summaries = {column.name: ColumnSummary(column) for column in columns}
    missing_test_rows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in summaries}
    samples = []
    for rows, batch in table.batches("profiled", list(summaries)):
        is_train, is_test = (scan.assignment[rows] == assigned for assigned in (TRAIN, TEST))
        train = batch.filter(pa.array(is_train))
        for name, summary in summaries.items():
            summary.add(train.column(name))
            if summary.missing:
                missing_test_rows.pop(name, None)
            elif batch.column(name).null_count:
                is_missing = is_test & as_flags(pc.is_null(batch.column(name)))
                missing_test_rows[name].append(rows.start + np.flatnonzero(is_missing))
        first, last = np.searchsorted(scan.sample, [rows.start, rows.stop])
        is_sampled = np.zeros(batch.num_rows, np.bool_)
        is_sampled[scan.sample[first:last] - rows.start] = True
        samples.append(batch.filter(pa.array(is_sampled & is_train)))
    positions = {
        name: np.concatenate([np.empty(0, np.int64), *parts])
        for name, parts in missing_test_rows.items()
    }
    return TrainingProfile(summaries, pa.Table.from_batches(samples), positions)


def choose_roles(
    columns: Sequence[Column], profile: TrainingProfile, *, rules: RoleRules
) -> list[Role]:
    """Return the role of each column.

    Raises:
        ContractError: No column is left to learn from, or the numbers of a column are too large.
    """
    roles = [_role(column, profile, rules=rules) for column in columns]
    if not any(role.name == "input" for role in roles):
        names = Counter(role.name for role in roles)
        counts = ", ".join(f"{count} {name}" for name, count in names.items())
        raise ContractError(
            f"no column is left to learn from ({counts}); expected one, see exclude in [features]"
        )
    for role in roles:
        if role.encoding == "number":
            _check_range(profile.summaries[role.column.name])
    return roles


def _role(column: Column, profile: TrainingProfile, *, rules: RoleRules) -> Role:
    if column.name == rules.target:
        return Role(column, "target")
    if column.name == rules.weight:
        return Role(column, "weight")
    if column.name == rules.group:
        return Role(column, "group")
    if column.name in rules.excluded:
        return Role(column, "excluded")
    is_constant = profile.summaries[column.name].is_constant
    return rules.choose_role(column, is_constant=is_constant, values=profile.sample[column.name])


def _check_range(summary: ColumnSummary) -> None:
    largest = max(abs(summary.minimum), abs(summary.maximum))
    if largest > MAX_MAGNITUDE:
        shown = "" if summary.column.is_private else f" ({largest:g})"
        raise ContractError(
            f"column '{summary.column.name}' holds a number beyond {MAX_MAGNITUDE:g}{shown};"
            f" set maximum in [clean.columns.{summary.column.name}] or exclude the column"
        )
