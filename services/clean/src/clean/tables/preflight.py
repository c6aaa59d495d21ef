"""What cleaning holds at once, asked for before it is held."""

from stage_contract.memory import require_memory

from clean.tables.parallel import THREADS
from clean.tables.parquet_reader import BATCH_BYTES, BATCH_ROWS, Table

_BATCHES = THREADS + 3
"""One on each core, one that is read, one that is taken down, one that is written."""

_COPIES = 4
"""Of a batch: as read, trimmed, typed, and on its way out."""

_LONG_COPIES = 6
"""Of one of long texts, which stay as long when typed, and are copied once more to be hashed."""

_LONG_BYTES = 64
"""Texts are long from so many bytes a cell on, on average."""

_COLUMN_BYTES = 2_000_000
"""The counted values of its profile."""


def check_memory(table: Table) -> None:
    """Check that there is the memory to clean a table, of however many rows.

    Raises:
        SettingsError: there is not.
    """
    columns = len(table.schema)
    rows = min(part.batch_rows for part in table.parts)
    is_long = rows < BATCH_ROWS and rows * columns * _LONG_BYTES < BATCH_BYTES
    copies = _LONG_COPIES if is_long else _COPIES
    require_memory(
        _BATCHES * copies * BATCH_BYTES + columns * _COLUMN_BYTES,
        what=f"cleaning {columns} columns on {THREADS} cores",
        remedy="let it use fewer cores (cpuset)",
    )
