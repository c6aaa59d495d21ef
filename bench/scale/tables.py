"""Makes a table of any length out of the flights: same arguments, same bytes.

    .envs/tests/bin/python -m bench.scale.tables 3000000 .local/scale/data/flights-3000000.csv

Delays, distances and times are jittered and each row has a key, so no two rows are alike but for
the copies: for 100 rows one follows, somewhere later, of a row in the first block. It needs the
memory of two blocks.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

SOURCE = Path(__file__).parents[2] / "data" / "flights.csv.gz"
COPIES_OF = 100
"""One duplicate per this many rows."""

_BLOCK_ROWS = 100_000
_MINUTES = ("dep_delay", "arr_delay", "air_time")
_YEARS_SECONDS = 3 * 365 * 24 * 3600


def main() -> None:
    """Write the table unless it exists."""
    parser = argparse.ArgumentParser(prog="tables", description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int, help="distinct rows; copies come on top")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    write_table(arguments.file, arguments.rows)


def write_table(file: Path, rows: int) -> None:
    """Write the CSV file block by block; it gets its name when it is complete."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    blocks = _blocks(_read_source(), rows)
    first = next(blocks)
    options = csv.WriteOptions(quoting_style="none")
    with csv.CSVWriter(draft, first.schema, write_options=options) as writer:
        writer.write(first)
        for block in blocks:
            writer.write(block)
    draft.rename(file)


def copies_among(rows: int) -> int:
    """Return the number of duplicates for a number of distinct rows."""
    return rows // COPIES_OF


def _read_source() -> pa.Table:
    """Return the flights as texts, with empty cells for missing values."""
    names = csv.open_csv(SOURCE).schema.names
    texts = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return csv.read_csv(SOURCE, convert_options=texts)


def _blocks(source: pa.Table, rows: int) -> Iterator[pa.Table]:
    first: pa.Table | None = None
    for start in range(0, rows, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, rows)
        random = np.random.default_rng(start)
        block = _jittered(source, np.arange(start, stop), random)
        first = block if first is None else first
        copies = copies_among(stop) - copies_among(start)
        yield pa.concat_tables([block, first.take(random.integers(len(first), size=copies))])


def _jittered(source: pa.Table, places: np.ndarray, random: np.random.Generator) -> pa.Table:
    count = len(places)
    rows = source.take(places % len(source)).combine_chunks()
    key = pc.utf8_lpad(pa.array(places).cast(pa.string()), width=10, padding="0")
    columns = {"flight_id": pc.binary_join_element_wise("F", key, "")}
    columns |= dict(zip(rows.column_names, rows.columns, strict=True))
    for name in _MINUTES:
        seconds = np.round(random.random(count), 2)
        columns[name] = pc.add(_number(columns[name]), pa.array(seconds)).cast(pa.string())
    feet = random.integers(-999, 999, size=count) / 1000
    columns["distance"] = pc.add(_number(columns["distance"]), pa.array(feet)).cast(pa.string())
    instants = pc.cast(columns["time_hour"], pa.timestamp("s", "UTC")).cast(pa.int64())
    later = pc.add(instants, pa.array(random.integers(_YEARS_SECONDS, size=count)))
    columns["time_hour"] = pc.strftime(later.cast(pa.timestamp("s", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    return pa.table(columns)


def _number(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    missing = pc.is_in(texts, value_set=pa.array(["", "NA"]))
    return pc.if_else(missing, None, texts).cast(pa.float64())


if __name__ == "__main__":
    main()
