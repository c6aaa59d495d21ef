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
    first_rows,
    has_few_different,
    without_identifiers,
)
from features.splitting.row_hashes import row_hashes
from features.splitting.splits import TEST, GroupRule, TimeRule

REPEATED_SHARE = 0.02
"""Share of repeated test rows from which the log warns: fewer may be a coincidence."""

_TEST_BIT = np.uint64(1 << 63)


def warn_of_repeated_rows(
    table: CleanTable,
    target: Target,
    assignment: NDArray[np.uint8],
    *,
    rule: TimeRule | GroupRule,
    settings: Settings,
) -> None:
    """Warn if test rows equal training rows in the target and all that the model may learn from."""
    columns = _compared_columns(table, target, rule=rule, settings=settings)
    if not columns:
        return
    repeated = _count_repeated(table, columns, assignment, seed=settings.seed)
    rows = int(np.count_nonzero(assignment == TEST))
    if repeated < REPEATED_SHARE * rows:
        return
    LOGGER.warning(
        "%s of %s test rows equal a training row in all columns but identifiers and '%s': if"
        " they are copies, the scores flatter; keep one of each with key = [%s] in [clean],"
        ' or keep copies on one side with split = "hash"',
        f"{min(repeated, rows):,}",
        f"{rows:,}",
        rule.column,
        ", ".join(json.dumps(name, ensure_ascii=False) for name in columns),
    )


def _compared_columns(
    table: CleanTable, target: Target, *, rule: TimeRule | GroupRule, settings: Settings
) -> Sequence[str]:
    """Return no columns if they hold few different rows: equal rows are then no copies."""
    rows = first_rows(table)
    others = [column for column in table.columns if column.name != rule.column]
    used, _ = without_identifiers(others, rows, settings=settings)
    inputs = [name for name in used if name != target.column.name]
    columns = [*inputs, target.column.name]
    if not inputs or has_few_different(row_hashes(rows.select(columns), seed=settings.seed)):
        return []
    return columns


def _count_repeated(
    table: CleanTable, columns: Sequence[str], assignment: NDArray[np.uint8], *, seed: int
) -> int:
    found = EqualRows()
    for where, batch in table.batches("compared", columns):
        is_test = assignment[where] == TEST
        # The highest bit tells test from train; which hashes are kept depends on the lowest ones.
        hashes = (row_hashes(batch, seed=seed) >> np.uint64(1)) | (is_test * _TEST_BIT)
        found.add(hashes[assignment[where] <= TEST])
    hashes, rows = found.counts()
    is_test = hashes >= _TEST_BIT
    is_known = np.isin(hashes[is_test] ^ _TEST_BIT, hashes[~is_test])
    return int(rows[is_test][is_known].sum())
