"""Reading CSV: batches of faithful strings, and malformed lines set aside."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv
from stage_contract import ContractError

from ingest.dialect import Dialect, find_dialect
from ingest.settings import Settings

BLOCK_BYTES = 4 << 20
"""Bounds the memory: one block is parsed at a time."""

_HEAD_BYTES = 64 << 10

type OnMalformed = Callable[[csv.InvalidRow], str]


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose dialect and columns are known."""

    path: Path
    name: str
    dialect: Dialect
    columns: tuple[str, ...]
    """As the file names them; empty and repeated names are still in."""

    def batches(self, on_malformed: OnMalformed) -> Iterator[pa.RecordBatch]:
        """Yield batches in which every column is a string, an empty cell an empty string.

        `on_malformed` is called for each line with too many or too few cells, which is left out.

        Raises:
            ContractError: the bytes are no CSV of this dialect.
        """
        types = dict.fromkeys(self.columns, pa.string())
        convert = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
        with _readable(self.name, self.dialect):
            yield from _open(self.path, self.dialect, convert, on_malformed)


def inspect_csv(path: Path, name: str, settings: Settings) -> CsvFile:
    """Find the dialect and the columns of a file.

    Raises:
        ContractError: the file can't be read as CSV.
    """
    with _readable(name, None):
        with pa.input_stream(str(path), compression="detect") as stream:
            head = stream.read(_HEAD_BYTES)
        dialect = find_dialect(head, settings)
    with _readable(name, dialect):
        columns = tuple(
            _open(path, dialect, csv.ConvertOptions(), lambda _row: "skip").schema.names
        )
    return CsvFile(path, name, dialect, columns)


def name_columns(found: tuple[str, ...], *, file: str, header: bool) -> list[str]:
    """Return the table's column names: an empty name becomes column_<position>.

    Raises:
        ContractError: a name stands twice.
    """
    if not header:
        return [f"column_{position}" for position in range(1, len(found) + 1)]
    names = [name.strip() or f"column_{position}" for position, name in enumerate(found, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ContractError(
            f"{file}: the header names column '{twice[0]}' twice; rename one of them"
        )
    return names


def _open(
    path: Path, dialect: Dialect, convert: csv.ConvertOptions, on_malformed: OnMalformed
) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.input_stream(str(path), compression="detect"),
        read_options=csv.ReadOptions(
            # One thread, since only then a malformed line comes with its number.
            use_threads=False,
            block_size=BLOCK_BYTES,
            encoding=dialect.encoding,
            autogenerate_column_names=not dialect.header,
        ),
        parse_options=csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            newlines_in_values=True,
            invalid_row_handler=on_malformed,
        ),
        convert_options=convert,
    )


@contextmanager
def _readable(name: str, dialect: Dialect | None) -> Iterator[None]:
    """Turn the library's errors into one line that names the file and the likely remedy."""
    encoding = dialect.encoding if dialect else "utf-8"
    try:
        yield
    except UnicodeError as error:
        raise ContractError(_not_encoded(name, encoding, str(error))) from None
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        text = str(error).splitlines()[0]
        if "UTF8" in text or "encoding" in text.lower():
            raise ContractError(_not_encoded(name, encoding, text)) from None
        if "Empty CSV" in text:
            raise ContractError(f"{name}: the file holds no table; expected a header") from None
        raise ContractError(
            f"{name}: can't be read as CSV: {text}; check delimiter and quote in [ingest]"
        ) from None


def _not_encoded(name: str, encoding: str, text: str) -> str:
    return (
        f"{name}: not {encoding} ({text});"
        ' set encoding in [ingest], for example encoding = "latin-1"'
    )
