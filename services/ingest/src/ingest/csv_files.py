"""Reading CSV: batches of faithful strings, and malformed lines set aside."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from stage_contract import ContractError

from ingest.arrow_csv import BlockTooSmallError, SetAside, open_csv, told_errors
from ingest.batches import Batch
from ingest.dialect import Dialect, find_dialect
from ingest.formats import find_other_format
from ingest.line_numbers import LONGEST_ROW_BYTES, LineNumbers
from ingest.settings import Settings
from ingest.text_stream import TextStream, read_head

HEAD_BYTES = 64 << 10
BLOCK_BYTES = (1 << 20, 8 << 20, LONGEST_ROW_BYTES)
"""The first bounds the memory: one block is parsed at a time. The others are for long rows."""

_END = "\x04 end of text \x04"
_NO_QUOTES = 'or set quote = "" in [ingest] if quotes mean nothing'


class OpenQuoteError(Exception):
    """The text ended inside a quote."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose dialect and columns are known."""

    path: Path
    name: str
    dialect: Dialect
    columns: tuple[str, ...]
    """As the file names them; empty and repeated names are still in."""

    def batches(self) -> Iterator[Batch]:
        """Yield batches in which every column is a string, an empty cell an empty string.

        Raises:
            ContractError: the bytes are no CSV of this dialect.
        """
        rows = malformed = 0
        for block_bytes in BLOCK_BYTES:
            try:
                for batch in _without_first(self._parse(block_bytes), rows, malformed):
                    yield batch
                    rows += batch.rows.num_rows
                    malformed += len(batch.malformed)
            except BlockTooSmallError:
                continue
            except OpenQuoteError:
                raise ContractError(
                    f"{self.name}: a quote is opened in the row of line"
                    f" {self._line(rows + malformed)} and never closed; close it, {_NO_QUOTES}"
                ) from None
            return
        raise ContractError(
            f"{self.name}: the row after line {self._line(rows + malformed)} is longer than"
            f" {LONGEST_ROW_BYTES >> 20} MiB; close the quote that is open there, {_NO_QUOTES}"
        )

    def _parse(self, block_bytes: int) -> Iterator[Batch]:
        end = f"{self.dialect.delimiter * len(self.columns)}{_END}"
        set_aside, lines = SetAside(end), LineNumbers(self._open_lines, self.dialect)
        with (
            self._open(end) as stream,
            told_errors(self.name),
        ):
            for rows in open_csv(
                stream,
                self.dialect,
                block_bytes=block_bytes,
                columns=self.columns,
                on_malformed=set_aside,
            ):
                yield Batch(rows, set_aside.take(lines), stream.position)
            # The last lines of a file may all be malformed.
            yield Batch(self._no_rows(), set_aside.take(lines), stream.position)
        if not set_aside.saw_end:
            raise OpenQuoteError

    def _no_rows(self) -> pa.RecordBatch:
        nothing = pa.array([], pa.string())
        return pa.RecordBatch.from_arrays([nothing] * len(self.columns), names=list(self.columns))

    def _open(self, end: str = "") -> TextStream:
        return TextStream(self.path, self.name, encoding=self.dialect.encoding, end=end)

    def _open_lines(self) -> io.TextIOWrapper:
        buffered = io.BufferedReader(self._open(), buffer_size=1 << 20)
        return io.TextIOWrapper(buffered, encoding="utf-8", newline="")

    def _line(self, row: int) -> int:
        """Return the line of a row, counted below the header; row 0 is the header."""
        number = row + self.dialect.header
        return LineNumbers(self._open_lines, self.dialect).of(number) if number else 0


def inspect_csv(path: Path, name: str, settings: Settings) -> CsvFile:
    """Find the dialect and the columns of a file.

    Raises:
        ContractError: the file can't be read as CSV.
    """
    with told_errors(name):
        head = read_head(path, HEAD_BYTES)
    if settings.format is None and (other := find_other_format(head)):
        raise ContractError(f"{name}: is {other}; expected CSV or Parquet, export it as one")
    dialect = find_dialect(head, settings)
    columns = _find_columns(path, name, dialect)
    if columns is not None:
        return CsvFile(path, name, dialect, columns)
    if head.decode(dialect.encoding, errors="ignore").strip("\r\n\ufeff"):
        raise ContractError(
            f"{name}: a quote is opened in the header and never closed; close it, {_NO_QUOTES}"
        )
    raise ContractError(f"{name}: the file holds no table; expected a header and rows")


def _find_columns(path: Path, name: str, dialect: Dialect) -> tuple[str, ...] | None:
    """Return the columns that the first row names or counts, or None if there is no whole row."""
    for block_bytes in (HEAD_BYTES, *BLOCK_BYTES):
        with TextStream(path, name, encoding=dialect.encoding) as stream:
            try:
                with told_errors(name):
                    return tuple(open_csv(stream, dialect, block_bytes=block_bytes).schema.names)
            except BlockTooSmallError:
                if stream.fits(block_bytes):
                    return None
    return None


def _without_first(batches: Iterator[Batch], rows: int, malformed: int) -> Iterator[Batch]:
    """Leave out what was delivered before, with smaller blocks."""
    for batch in batches:
        old_rows, old_malformed = (
            min(rows, batch.rows.num_rows),
            min(malformed, len(batch.malformed)),
        )
        rows, malformed = rows - old_rows, malformed - old_malformed
        yield Batch(batch.rows.slice(old_rows), batch.malformed[old_malformed:], batch.position)
