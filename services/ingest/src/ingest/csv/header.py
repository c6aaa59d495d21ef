"""Whether the first line of a CSV file is a header or a data row."""

from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa

from ingest.profiling.cell_types import numbers, trim

_YEARS = range(1900, 2101)


def looks_like_data(names: Sequence[str]) -> bool:
    """Return whether the names are data: they contain numbers that are not a sequence.

    Names such as 0, 1, 2 or 2019, 2020, 2021 number the columns.
    """
    values = numbers(trim(pa.array(names, pa.string())).drop_null()).drop_null().to_pylist()
    are_consecutive = all(after - before == 1 for before, after in pairwise(values))
    return bool(values) and not (are_consecutive and (len(values) > 1 or values[0] in _YEARS))
