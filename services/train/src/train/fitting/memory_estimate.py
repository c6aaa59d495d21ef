"""Memory estimate of training, checked before training starts; its factors were measured."""

from modelling.data.problem import BINARY
from stage_contract.memory import require_memory

from train import threads

_VALUE_BYTES = 4
"""Bytes per float32 value of the training matrix, and of the sample for cross-validation."""

_FIT_BYTES = 17
"""Additional bytes per value during a fit. Boosting copies the rows without its validation rows to
doubles and bins them; a weighted ridge makes two copies in doubles."""

_ROW_BYTES = 200
"""Bytes per training row for targets, gradients and predictions, whatever the features."""

_CLASS_BYTES = 25
"""Additional bytes per training row and class during a multiclass fit: boosting stores a gradient
and a probability for each. Two parallel fits of 40,000 rows with 200 classes took 406 MB."""

_FIXED_BYTES = 150_000_000
"""Bytes for libraries, graphs, held-out rows and the report. With it, the estimate for the flights
data set is 629 MB; training took 590 MB."""


def check_memory(
    *, rows: int, features: int, cv_rows: int, classes: int = 0, encoded: int = 0
) -> None:
    """Check that the memory is enough for model selection and the final fit on all rows.

    `encoded` is the number of features that target encoding adds to a copy of the matrix.

    Raises:
        SettingsError: There is too little memory.
    """
    sample = min(cv_rows, rows)
    stored = _VALUE_BYTES * (rows + sample)
    rows_in_fits = max(rows, threads.MAX_PARALLEL_FITS * sample)
    is_multiclass = classes > BINARY
    bytes_needed = (
        features * stored
        + (features + encoded) * _FIT_BYTES * rows_in_fits
        + _ROW_BYTES * rows
        + _FIXED_BYTES
    )
    if encoded:
        bytes_needed += (features + encoded) * _VALUE_BYTES * rows_in_fits
    require_memory(
        bytes_needed + (_CLASS_BYTES * classes * rows_in_fits if is_multiclass else 0),
        what=f"training on {rows:,} rows of {features:,} features"
        + (f" and {classes:,} classes" if is_multiclass else ""),
        remedy="leave columns out (exclude in [features])"
        + (" or lower cv_rows in [train]" if is_multiclass else "")
        + (
            " or set target_encoding = false in [train.hyperparameters] of every candidate"
            if encoded
            else ""
        ),
    )
