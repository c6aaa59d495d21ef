"""Read CSV files in batches: cells as unchanged strings, and the malformed lines."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from stage_contract import LOGGER, ContractError

from ingest.csv.arrow_csv import (
    BlockTooSmallError,
    MalformedRows,
    OpenQuoteError,
    open_csv,
    translate_errors,
)
from ingest.csv.dialect import Dialect, find_dialect
from ingest.csv.header import looks_like_data
from ingest.csv.line_numbers import LineNumbers
from ingest.csv.python_csv import read_rows
from ingest.csv.quote_check import QuoteCheck
from ingest.files.decompression import ByteStream, read_head
from ingest.files.encodings import Encoding, choose_encoding
from ingest.files.setting_errors import ReaderSettingError
from ingest.files.text_stream import MAX_ROW_BYTES, TextCheck, TextStream, text_lines
from ingest.settings import Settings
from ingest.tables.batches import Batch
from ingest.tables.column_choice import SourceColumns, choose_columns

BLOCK_BYTES = (1 << 20, 8 << 20, MAX_ROW_BYTES)
"""Block sizes in bytes to try in turn; a larger block is needed only for a longer row."""

MAX_MALFORMED = 300_000
"""Maximum number of consecutive malformed lines; bounds the memory."""

_HEAD_BYTES = 64 << 10
_END = "\x04 end of text \x04"
"""Text of a malformed row that is appended; if the parser misses it, a quote is still open."""

_QUOTE_REMEDY = 'or set quote = "" in [ingest] if quotes mean nothing'
_INIT_QUOTE_REMEDY = "or set QUOTE=none if quotes mean nothing"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose dialect and columns are known."""

    path: Path
    name: str
    dialect: Dialect
    columns: SourceColumns
    """All columns; without a header, they are called column_1 and so on."""
    encoding: Encoding

    @property
    def schema(self) -> pa.Schema:
        """Schema with strings only, because ingest does not interpret cells."""
        return pa.schema([(column.name, pa.string()) for column in self.columns.read])

    @property
    def has_names(self) -> bool:
        return self.dialect.header

    def facts(self) -> dict[str, object]:
        """Return the format, encoding and dialect of the file, for source.json."""
        return {"format": "csv", **self.encoding.facts(), **self.dialect.facts()}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of strings; an empty cell is an empty string.

        Raises:
            ContractError: The file is not CSV in this dialect.
        """
        rows = malformed = 0
        for block_bytes in BLOCK_BYTES:
            try:
                for batch in _skip_returned(self._parse(block_bytes), rows, malformed):
                    yield batch
                    rows += batch.rows.num_rows
                    malformed += len(batch.malformed)
            except BlockTooSmallError:
                continue
            except OpenQuoteError:
                raise ReaderSettingError(
                    f"{self.name}: a quote is opened in the row of line"
                    f" {self._line_numbers().last_line()} and never closed; close it, ",
                    remedy=_QUOTE_REMEDY,
                    init_remedy=_INIT_QUOTE_REMEDY,
                ) from None
            return
        raise ReaderSettingError(
            f"{self.name}: the row after line {self._line_of_row(rows + malformed)} is longer than"
            f" {MAX_ROW_BYTES >> 20} MiB; close the quote that is open there, ",
            remedy=_QUOTE_REMEDY,
            init_remedy=_INIT_QUOTE_REMEDY,
        )

    def _parse(self, block_bytes: int) -> Iterator[Batch]:
        end = f"{self.dialect.delimiter * len(self.columns.written)}{_END}"
        if not self.dialect.is_ascii:
            with self._open(end, self._quote_check()) as stream:
                yield from read_rows(stream, self.dialect, self.columns, end=end)
            return
        malformed_rows = MalformedRows(end, limit=MAX_MALFORMED)
        lines = self._line_numbers()
        stream = self._open(end, self._quote_check())
        try:
            with stream, translate_errors(self.name):
                for rows in open_csv(
                    stream,
                    self.dialect,
                    block_bytes=block_bytes,
                    columns=self.columns,
                    on_malformed=malformed_rows,
                ):
                    yield Batch(rows, malformed_rows.take(lines), stream.position)
                # The file may end in malformed lines, which no batch of rows follows.
                yield Batch(self._empty_batch(), malformed_rows.take(lines), stream.position)
        except BlockTooSmallError:
            if not stream.fits(block_bytes):
                raise
        if not malformed_rows.saw_end:
            raise OpenQuoteError
        if malformed_rows.ends_short:
            stream.warn_of_truncation()

    def _empty_batch(self) -> pa.RecordBatch:
        empty = pa.array([], pa.string())
        return pa.RecordBatch.from_arrays([empty] * len(self.schema), schema=self.schema)

    def _open(self, end: str = "", check: TextCheck | None = None) -> TextStream:
        dialect = self.dialect
        return TextStream(
            ByteStream(self.path, self.name),
            encoding=dialect.encoding,
            skip=dialect.skip,
            end=end,
            check=check,
        )

    def _quote_check(self) -> QuoteCheck | None:
        dialect = self.dialect
        if not dialect.quote:
            return None
        return QuoteCheck(
            self.name,
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            escape=dialect.escape,
            first_line=dialect.skip + 1,
        )

    def _line_numbers(self) -> LineNumbers:
        return LineNumbers(lambda: text_lines(self._open()), self.dialect)

    def _line_of_row(self, row: int) -> int:
        """Return the line number of a data row; row 0 is the header."""
        number = row + self.dialect.header
        return self._line_numbers().line_of_row(number) if number else 0


def inspect_csv(path: Path, name: str, settings: Settings) -> CsvFile:
    """Detect the encoding, the dialect and the columns of a file.

    Raises:
        ContractError: The file cannot be read as CSV.
    """
    head = read_head(path, name, _HEAD_BYTES)
    encoding = choose_encoding(path, name, head, setting=settings.encoding)
    dialect = find_dialect(encoding.decode_head(head), settings, encoding=encoding.name, name=name)
    stream = TextStream(ByteStream(path, name), encoding=dialect.encoding, skip=dialect.skip)
    first_row = _first_row(stream, name, dialect)
    for warning in _header_warnings(first_row, dialect, settings):
        LOGGER.warning("%s: %s", name, warning)
    default_names = [f"column_{position}" for position, _ in enumerate(first_row, 1)]
    columns = choose_columns(first_row if dialect.header else default_names, settings, source=name)
    return CsvFile(path, name, dialect, columns, encoding)


def _header_warnings(first_row: list[str], dialect: Dialect, settings: Settings) -> Iterator[str]:
    """Yield warnings about the first row."""
    if dialect.header and looks_like_data(first_row):
        yield (
            "the first row, which is read as the header, has numbers; set header = false"
            " in [ingest] if it is a data row"
        )
    if settings.delimiter is None and len(first_row) == 1:
        yield (
            "no delimiter was found, so there is one column; set delimiter in [ingest] if there"
            " are more"
        )


def _first_row(stream: TextStream, name: str, dialect: Dialect) -> list[str]:
    try:
        with stream, translate_errors(name):
            return next(row for row in dialect.rows(text_lines(stream)) if row)
    except StopIteration:
        raise ContractError(f"{name}: the file has no table; expected a header and rows") from None
    except csv.Error:
        raise ReaderSettingError(
            f"{name}: the first row is longer than {MAX_ROW_BYTES >> 20} MiB; close the quote"
            " that is open there, ",
            remedy=_QUOTE_REMEDY,
            init_remedy=_INIT_QUOTE_REMEDY,
        ) from None


def _skip_returned(batches: Iterator[Batch], rows: int, malformed: int) -> Iterator[Batch]:
    """Skip the rows that were already returned with a smaller block size."""
    for batch in batches:
        yield Batch(batch.rows.slice(rows), batch.malformed[malformed:], batch.position)
        rows = max(0, rows - batch.rows.num_rows)
        malformed = max(0, malformed - len(batch.malformed))
