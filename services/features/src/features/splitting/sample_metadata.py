"""Sample metadata: the time, the group and the weight of a row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.data.tensors import as_doubles
from features.splitting.row_hashes import hash_rows

GROUP_CODES = np.uint64(1024)
"""Number of group codes: enough for folds, too few to identify a group."""


@dataclass(frozen=True)
class SampleMetadata:
    """Columns with the time, the group and the sample weight of a row."""

    time: str | None = None
    """None unless the split is by time."""
    group: str | None = None
    """None unless the split is by group."""
    weight: str | None = None
    seed: int = 0

    @property
    def fields(self) -> list[tuple[str, pa.DataType]]:
        """Names and types of the additional columns in train/ and test/."""
        columns = [
            ("@time", self.time, pa.float64()),
            ("@group", self.group, pa.int64()),
            ("@weight", self.weight, pa.float64()),
        ]
        return [(name, kind) for name, column, kind in columns if column is not None]

    def columns(self, batch: pa.RecordBatch) -> Iterator[NDArray[np.float64] | NDArray[np.int64]]:
        """Yield the values of the additional columns."""
        if self.time is not None:
            yield as_doubles(batch.column(self.time))
        if self.group is not None:
            hashes = hash_rows(batch.select([self.group]), seed=self.seed)
            yield (hashes % GROUP_CODES).astype(np.int64)
        if self.weight is not None:
            yield as_doubles(batch.column(self.weight))
