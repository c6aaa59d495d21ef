"""Memory estimate of the stage, checked before the work. The factors were measured."""

from stage_contract.memory import require_memory

from features.data.tables import BATCH_ROWS, CleanTable
from features.preprocessing.encoders import Plan
from features.splitting.hash_columns import KEPT_MAX

_REMEDY = "lower fit_rows in [features]"

_SCANNED_CELL_BYTES = 160
"""Of a batch whose rows are hashed: cells, their texts, and whole rows as text."""

_SAMPLED_CELL_BYTES = 32
_ROW_BYTES = 2
"""The side of every row, twice where classes are rare."""

_COUNTED_ROW_BYTES = 64
"""Of a row whose hash is compared with others."""

_NUMBER_BYTES, _TEXT_BYTES, _ENCODED_BYTES = 32, 64, 16
"""Of a fitted row, by cell and by feature: scikit-learn has its output in parts and as a whole."""

_WRITTEN_BYTES = 16
"""Of a feature of a batch: as a matrix, as columns, and divided."""

_DATE_FEATURES = 7
_EXTRA_CATEGORIES = 2
"""Missing and rare."""


def check_scan(table: CleanTable, *, fit_rows: int) -> None:
    """Check that there is the memory to divide a table and to keep the fit sample.

    Raises:
        SettingsError: There is not.
    """
    columns = len(table.columns)
    sampled = min(fit_rows, table.rows)
    need = BATCH_ROWS * columns * _SCANNED_CELL_BYTES
    need += sampled * columns * _SAMPLED_CELL_BYTES + table.rows * _ROW_BYTES
    need += min(table.rows, KEPT_MAX) * _COUNTED_ROW_BYTES
    require_memory(need, what=f"dividing {table.rows:,} rows", remedy=_REMEDY)


def check_fit(plan: Plan, *, rows: int, rare_below: int) -> None:
    """Check that there is the memory to fit the encoders on so many rows, and to write features.

    Raises:
        SettingsError: There is not.
    """
    cells = _NUMBER_BYTES * len(plan.inputs.numbers) + _TEXT_BYTES * len(plan.inputs.strings)
    encoded = count_features(plan, rare_below=rare_below)
    words = sum(len(role.words) for role in plan.texts)
    fitting = rows * (cells + _ENCODED_BYTES * encoded)
    writing = BATCH_ROWS * (cells + _WRITTEN_BYTES * (encoded + words))
    what = f"fitting {encoded + words:,} features on {rows:,} rows"
    require_memory(max(fitting, writing), what=what, remedy=_REMEDY)


def count_features(plan: Plan, *, rare_below: int) -> int:
    """Return about how many features the plan makes, words aside, before it is fitted."""
    plain = len(plan.numbers) + len(plan.booleans) + len(plan.missing)
    categories = (
        sum(count >= rare_below for count in role.categories.values())
        if role.encoding == "one-hot"
        else 0
        for role in plan.categories
    )
    dates = _DATE_FEATURES * len(plan.dates)
    return plain + dates + sum(count + _EXTRA_CATEGORIES for count in categories)
