"""Tables of an artifact: the Parquet files of a folder, read as one."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from conformance.faults import Fault


def read_table(artifact: Path, folder: str) -> pa.Table:
    """Return all parts of a folder in the order of their names."""
    parts = sorted((artifact / folder).glob("part-*.parquet"), key=lambda path: path.name.encode())
    if not parts:
        raise Fault(
            f"there is no {folder}/part-*.parquet",
            f"write {folder}/part-00000.parquet, with its columns even if it has no row",
        )
    try:
        return pa.concat_tables([parquet.read_table(part, partitioning=None) for part in parts])
    except (pa.ArrowException, OSError) as error:
        raise Fault(
            f"{folder}/ can't be read: {str(error).splitlines()[0][:200]}",
            "write plain Parquet, with the same columns in every part",
        ) from None
