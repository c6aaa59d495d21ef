"""Memory estimate of training, checked before the work. The factors were measured."""

from modelling.data.problem import BINARY
from stage_contract.memory import require_memory

from train import threads

_MATRIX_BYTES = 4
"""Of a value in float32: of all training rows, and of the sample that trials are compared on."""

_FIT_BYTES = 17
"""Of a value beside that, in one fit: boosting bins a copy in doubles and a part of the rows is
taken out before, a weighted ridge makes two copies in doubles."""

_ROW_BYTES = 200
"""Of a training row whatever its features: targets, gradients, what is said of it."""

_CLASS_BYTES = 25
"""Of a training row and class beside that, in one fit, where there are more than two: boosting has
a gradient and a share for each. Of 200 classes in 40,000 rows two at once took 406 MB."""

_BESIDE_BYTES = 150_000_000
"""Libraries that come later, graphs, held-out rows, what the report is drawn from. With all this
the flights took 590 MB of the 629 that are asked for."""


def check_memory(*, rows: int, features: int, cv_rows: int, classes: int = 0) -> None:
    """Check that there is the memory to choose a model and to fit it on all training rows.

    Raises:
        SettingsError: there is not enough.
    """
    sample = min(cv_rows, rows)
    held = _MATRIX_BYTES * (rows + sample)
    in_fits = max(rows, threads.FITS_AT_ONCE * sample)
    many = classes > BINARY
    need = features * (held + _FIT_BYTES * in_fits) + _ROW_BYTES * rows + _BESIDE_BYTES
    require_memory(
        need + (_CLASS_BYTES * classes * in_fits if many else 0),
        what=f"training on {rows:,} rows of {features:,} features"
        + (f" and {classes:,} classes" if many else ""),
        remedy="leave columns out (exclude in [features])"
        + (" or lower cv_rows in [train]" if many else ""),
    )
