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
    found = numbers(trim(pa.array(names, pa.string())).drop_null()).drop_null().to_pylist()
    are_steps = all(after - before == 1 for before, after in pairwise(found))
    return bool(found) and not (are_steps and (len(found) > 1 or found[0] in _YEARS))
