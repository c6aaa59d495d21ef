"""Memory estimate of the stage, checked before the work; its factors were measured."""

from stage_contract.memory import require_memory

from features.data.tables import BATCH_ROWS, CleanTable
from features.preprocessing.encoders import Plan
from features.splitting.hash_columns import MAX_KEPT_HASHES

_REMEDY = "lower fit_rows in [features]"

_SCANNED_CELL_BYTES = 160
"""Bytes per cell of a batch whose rows are hashed: cells, their texts, and rows as texts."""

_SAMPLED_CELL_BYTES = 32
_ROW_BYTES = 2
"""Bytes per row of the table: its split, copied once if classes are rare."""

_COUNTED_ROW_BYTES = 64
"""Bytes per row whose hash is compared with others."""

_NUMBER_BYTES, _TEXT_BYTES, _ENCODED_BYTES = 32, 64, 16
"""Bytes per number, text and feature of a fitted row; scikit-learn holds its output twice."""

_WRITTEN_BYTES = 16
"""Bytes per feature of a written row: as a matrix, as columns, and after the split."""

_DATE_FEATURES = 7
_EXTRA_CATEGORIES = 2
"""The categories for missing and for rare values."""


def check_scan(table: CleanTable, *, fit_rows: int) -> None:
    """Check that the memory suffices to split a table and to keep the fit sample.

    Raises:
        SettingsError: The memory does not suffice.
    """
    columns = len(table.columns)
    sampled = min(fit_rows, table.rows)
    bytes_needed = BATCH_ROWS * columns * _SCANNED_CELL_BYTES
    bytes_needed += sampled * columns * _SAMPLED_CELL_BYTES + table.rows * _ROW_BYTES
    bytes_needed += min(table.rows, MAX_KEPT_HASHES) * _COUNTED_ROW_BYTES
    require_memory(bytes_needed, what=f"dividing {table.rows:,} rows", remedy=_REMEDY)


def check_fit(plan: Plan, *, rows: int, rare_below: int) -> None:
    """Check that the memory suffices to fit the encoders and to write features.

    Raises:
        SettingsError: The memory does not suffice.
    """
    cells = _NUMBER_BYTES * len(plan.inputs.numbers) + _TEXT_BYTES * len(plan.inputs.strings)
    encoded = count_features(plan, rare_below=rare_below)
    words = sum(len(role.words) for role in plan.texts)
    fitting = rows * (cells + _ENCODED_BYTES * encoded)
    writing = BATCH_ROWS * (cells + _WRITTEN_BYTES * (encoded + words))
    what = f"fitting {encoded + words:,} features on {rows:,} rows"
    require_memory(max(fitting, writing), what=what, remedy=_REMEDY)


def count_features(plan: Plan, *, rare_below: int) -> int:
    """Return the approximate number of features of a plan, without words, before it is fitted."""
    plain = len(plan.numbers) + len(plan.booleans) + len(plan.missing)
    categories = (
        sum(count >= rare_below for count in role.categories.values())
        if role.encoding == "one-hot"
        else 0
        for role in plan.categories
    )
    dates = _DATE_FEATURES * len(plan.dates) + len(plan.differences)
    return plain + dates + sum(count + _EXTRA_CATEGORIES for count in categories)
