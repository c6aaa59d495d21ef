"""The memory that cleaning needs, checked before it is allocated."""

from stage_contract.memory import require_memory

from clean.tables.parallel import THREADS
from clean.tables.parquet_reader import BATCH_BYTES, BATCH_ROWS, Table

_BATCHES = THREADS + 3
"""One batch per core, and one each that is being read, reported and written."""

_COPIES = 4
"""Copies of a batch: as read, trimmed, typed, and as written."""

_LONG_COPIES = 6
"""Copies of a batch of long texts: typed texts stay as long, and hashing copies them again."""

_MIN_LONG_BYTES = 64
"""Minimum average bytes per cell of long texts."""

_COLUMN_BYTES = 2_000_000
"""Memory for the value counts of a column's profile."""


def check_memory(table: Table) -> None:
    """Check that the memory suffices to clean a table of any number of rows.

    Raises:
        SettingsError: The memory does not suffice.
    """
    columns = len(table.schema)
    rows = min(part.batch_rows for part in table.parts)
    is_long = rows < BATCH_ROWS and rows * columns * _MIN_LONG_BYTES < BATCH_BYTES
    copies = _LONG_COPIES if is_long else _COPIES
    require_memory(
        _BATCHES * copies * BATCH_BYTES + columns * _COLUMN_BYTES,
        what=f"cleaning {columns} columns on {THREADS} cores",
        remedy="limit its cores (cpuset)",
    )
