"""What cleaning holds at once, asked for before it is held."""

from stage_contract.memory import require_memory

from clean.parallel import THREADS
from clean.tables import BATCH_BYTES, Table

_BATCHES = THREADS + 3
"""One on each core, one that is read, one that is taken down, one that is written."""

_COPIES = 4
"""Of a batch: as read, trimmed, typed, and on its way out."""

_COLUMN_BYTES = 2_000_000
"""The counted values of its profile."""


def check_memory(table: Table) -> None:
    """Check that there is the memory to clean a table, of however many rows.

    Raises:
        SettingsError: there is not.
    """
    columns = len(table.schema)
    require_memory(
        _BATCHES * _COPIES * BATCH_BYTES + columns * _COLUMN_BYTES,
        what=f"cleaning {columns} columns on {THREADS} cores",
        remedy="let it use fewer cores (cpuset)",
    )
