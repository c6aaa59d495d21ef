"""Compares two tables of Parquet parts: `python -m bench.scale.comparing FOLDER FOLDER`."""

import sys
from pathlib import Path

from pyarrow import dataset


def main() -> None:
    """Print the first difference and exit with 1 unless the tables are equal, row by row."""
    one, two = (dataset.dataset(sorted(Path(folder).glob("*.parquet"))) for folder in sys.argv[1:])
    if one.schema.names != two.schema.names:
        sys.exit(f"columns differ: {one.schema.names} and {two.schema.names}")
    for name in one.schema.names:
        ours, theirs = (table.to_table(columns=[name]).column(0) for table in (one, two))
        if not ours.equals(theirs.cast(ours.type)):
            sys.exit(f"column {name} differs")


if __name__ == "__main__":
    main()
