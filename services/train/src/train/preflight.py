"""What training holds at once, asked for before it is held. The factors were measured."""

from stage_contract.memory import require_memory

from train import threads

_MATRIX_BYTES = 4
"""Of a value in float32: of all training rows, and of the sample that trials are compared on."""

_FIT_BYTES = 17
"""Of a value beside that, in one fit: boosting bins a copy in doubles and a part of the rows is
taken out before, a weighted ridge makes two copies in doubles."""

_ROW_BYTES = 200
"""Of a training row whatever its features: targets, gradients, what is said of it."""

_BESIDE_BYTES = 150_000_000
"""Libraries that come later, graphs, held-out rows, what the report is drawn from. With all this
the flights took 590 MB of the 629 that are asked for."""


def check_memory(*, rows: int, features: int, cv_rows: int) -> None:
    """Check that there is the memory to choose a model and to fit it on all training rows.

    Raises:
        SettingsError: there is not.
    """
    sample = min(cv_rows, rows)
    held = _MATRIX_BYTES * (rows + sample)
    fits = _FIT_BYTES * max(rows, threads.FITS_AT_ONCE * sample)
    require_memory(
        features * (held + fits) + _ROW_BYTES * rows + _BESIDE_BYTES,
        what=f"training on {rows:,} rows of {features:,} features",
        remedy="leave columns out (exclude in [features])",
    )
