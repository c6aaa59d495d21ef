"""An evenly spread sample of rows in bounded memory."""

import pyarrow as pa
import pyarrow.compute as pc

MAX_ROWS = 10_000
MAX_BYTES = 32 << 20
_FACTOR = pa.scalar(0x9E3779B97F4A7C15, pa.uint64())
"""2⁶⁴ over the golden ratio; its multiples are spread evenly for any period of the rows."""


class RowSample:
    """Keeps rows whose hashed number is below a bound, which is halved when they are too many."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._bound = 1 << 64
        self._kept: list[pa.Table] = []
        self._count = 0
        self._bytes = 0

    def add(self, batch: pa.RecordBatch, *, first_row: int) -> None:
        """Add the next rows of the table."""
        row_numbers = pa.arange(first_row, first_row + batch.num_rows).cast(pa.uint64())
        hashes = pc.multiply(row_numbers, _FACTOR)
        self._keep(pa.Table.from_batches([batch.append_column("@hash", hashes)]))
        while self._count > MAX_ROWS or self._bytes > MAX_BYTES:
            self._bound //= 2
            kept, self._kept, self._count, self._bytes = self._kept, [], 0, 0
            for table in kept:
                self._keep(table)

    def table(self) -> pa.Table:
        """Return the sampled rows in order."""
        if not self._kept:
            return self._schema.empty_table()
        return pa.concat_tables(self._kept).drop_columns("@hash").combine_chunks()

    def _keep(self, table: pa.Table) -> None:
        if self._bound < 1 << 64:
            below = pc.less(table["@hash"], pa.scalar(self._bound, pa.uint64()))
            # Taken, not sliced, so that the memory of the other rows is freed.
            table = table.filter(below).combine_chunks()
        if table.num_rows:
            self._kept.append(table)
            self._count += table.num_rows
            self._bytes += table.nbytes
