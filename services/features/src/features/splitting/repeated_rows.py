"""Repeated rows: test rows of a split by time or group that equal a training row."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from stage_contract import LOGGER

from features.data.tables import CleanTable
from features.data.target import Target
from features.settings import Settings
from features.splitting.hash_columns import (
    EqualRows,
    exclude_identifiers,
    first_rows,
    has_few_distinct_rows,
)
from features.splitting.row_hashes import hash_rows
from features.splitting.splits import TEST, GroupRule, TimeRule

MIN_REPEATED_SHARE = 0.02
"""Minimum share of repeated test rows for a warning: fewer may be a coincidence."""

_TEST_BIT = np.uint64(1 << 63)


def warn_of_repeated_rows(
    table: CleanTable,
    target: Target,
    assignment: NDArray[np.uint8],
    *,
    rule: TimeRule | GroupRule,
    settings: Settings,
) -> None:
    """Warn if test rows equal training rows in the target and in all inputs.

    The column of the split and identifiers are not compared.
    """
    columns = _compared_columns(table, target, rule=rule, settings=settings)
    if not columns:
        return
    repeated = _count_repeated(table, columns, assignment, seed=settings.seed)
    rows = int(np.count_nonzero(assignment == TEST))
    if repeated < MIN_REPEATED_SHARE * rows:
        return
    LOGGER.warning(
        "%s of %s test rows equal a training row in all columns but identifiers and '%s': if"
        " they are copies, the scores are too good; keep one of each with key = [%s] in [clean],"
        ' or keep copies on one side with split = "hash"',
        f"{min(repeated, rows):,}",
        f"{rows:,}",
        rule.column,
        ", ".join(json.dumps(name, ensure_ascii=False) for name in columns),
    )


def _compared_columns(
    table: CleanTable, target: Target, *, rule: TimeRule | GroupRule, settings: Settings
) -> Sequence[str]:
    """Return the columns to compare; none if they have too few distinct rows."""
    rows = first_rows(table)
    others = [column for column in table.columns if column.name != rule.column]
    used, _ = exclude_identifiers(others, rows, settings=settings)
    inputs = [name for name in used if name != target.column.name]
    columns = [*inputs, target.column.name]
    if not inputs or has_few_distinct_rows(hash_rows(rows.select(columns), seed=settings.seed)):
        return []
    return columns


def _count_repeated(
    table: CleanTable, columns: Sequence[str], assignment: NDArray[np.uint8], *, seed: int
) -> int:
    equal_rows = EqualRows()
    for where, batch in table.batches("compared", columns):
        is_test = assignment[where] == TEST
        # The highest bit marks test rows; the lowest bits decide which hashes are kept.
        hashes = (hash_rows(batch, seed=seed) >> np.uint64(1)) | (is_test * _TEST_BIT)
        # Higher numbers are reasons of rejected rows.
        equal_rows.add(hashes[assignment[where] <= TEST])
    hashes, rows = equal_rows.counts()
    is_test = hashes >= _TEST_BIT
    is_known = np.isin(hashes[is_test] ^ _TEST_BIT, hashes[~is_test])
    return int(rows[is_test][is_known].sum())
