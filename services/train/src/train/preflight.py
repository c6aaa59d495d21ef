"""What training holds at once, asked for before it is held. The factors were measured."""

from stage_contract.memory import require_memory

from train.threads import FITS_AT_ONCE

_CELL_BYTES = 8
_MATRICES = 5
"""The training rows, and as a linear model scales them and its solver turns them over."""

_FOLDS = 2
"""Of a fit in cross-validation: its rows, and what it makes of them."""


def check_memory(*, rows: int, features: int, cv_rows: int) -> None:
    """Check that there is the memory to choose a model and to fit it on all training rows.

    Raises:
        SettingsError: there is not.
    """
    compared = FITS_AT_ONCE * _FOLDS * min(cv_rows, rows)
    require_memory(
        _CELL_BYTES * features * (_MATRICES * rows + compared),
        what=f"training on {rows:,} rows of {features:,} features",
        remedy="leave columns out (exclude in [features])",
    )
