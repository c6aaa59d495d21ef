"""CSV files: every cell is a text, unchanged."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv
from stage_contract import ContractError

from serve.batch.arguments import Job
from serve.batch.chunks import Chunk, OnMalformed
from serve.batch.csv_fallback import read_slowly
from serve.batch.csv_formats import find_format
from serve.batch.csv_stream import CsvStream
from serve.codecs.rows import Rows
from serve.source.file_formats import SourceFormat

BLOCK_BYTES: Final = 1 << 20
"""Maximum bytes of a block, which bounds the memory: Arrow reads 32 blocks ahead. Longer rows are
parsed in Python."""


class LongRowError(Exception):
    """A row does not fit into a block."""


class CsvTable:
    """A CSV file, with or without a header."""

    rows: int | None = None

    def __init__(self, job: Job, rows: Rows, formats: Sequence[SourceFormat]) -> None:
        """Find the format of the file, and its columns.

        Raises:
            ContractError: It has no columns, or its encoding is ambiguous or wrong.
        """
        self._job = job
        self._encoding = job.encoding or "utf-8"
        with self._readable():
            self._encoding, self._found = find_format(job, rows, formats)
        if not self._found.names:
            raise ContractError(f"{job.name}: holds no table; expected a header and rows")
        self.names: Sequence[str] = self._found.names
        self.header = self._found.header

    def schema(self, names: Sequence[str]) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in names])

    def chunks(self, names: Sequence[str], on_malformed: OnMalformed) -> Iterator[Chunk]:
        lines = _Lines(on_malformed, below_header=self.header is not None)
        with self._readable():
            if self._found.dialect.is_ascii:
                try:
                    for batch in self._batches(names, lines):
                        yield Chunk(lines.numbers(batch.num_rows), batch)
                except LongRowError:
                    pass
                else:
                    return
            stream = CsvStream(self._job, self._encoding, self._found)
            yield from read_slowly(
                stream, self._found, names, after=lines.read, on_malformed=lines.report
            )

    def _batches(self, names: Sequence[str], lines: "_Lines") -> Iterator[pa.RecordBatch]:
        """Yield some columns; columns with another name in the header are selected by position."""
        header = [*(self.names if self.header is None else self.header)]
        is_plain = header == [*self.names] and len(set(header)) == len(header)
        places = [self.names.index(name) for name in names]
        with _told_long_rows():
            for batch in self._open(header, names if is_plain else (), lines):
                columns = batch.columns if is_plain and names else [batch.column(p) for p in places]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema(names))

    def _open(
        self, header: list[str], wanted: Sequence[str], lines: "_Lines"
    ) -> csv.CSVStreamingReader:
        dialect = self._found.dialect
        return csv.open_csv(
            CsvStream(self._job, self._encoding, self._found),
            read_options=csv.ReadOptions(
                # One thread, because only then Arrow reports the number of a malformed line.
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=header if self.header is None else None,
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote_char or False,
                escape_char=dialect.escape_char or False,
                newlines_in_values=True,
                invalid_row_handler=lines.skip,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Convert the library's errors to one line that names the file and the likely remedy."""
        name = self._job.name
        try:
            yield
        except UnicodeError as error:
            raise self._not_encoded(str(error)) from None
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            text = str(error).splitlines()[0]
            if "UTF8" in text or "encoding" in text.lower():
                raise self._not_encoded(text) from None
            if "Empty CSV" in text:
                raise ContractError(f"{name}: holds no table; expected a header and rows") from None
            raise ContractError(
                f"{name}: can't be read as CSV: {text}; check DELIMITER and ENCODING"
            ) from None

    def _not_encoded(self, text: str) -> ContractError:
        return ContractError(
            f"{self._job.name}: not {self._encoding} ({text}); say which it is, such as"
            " ENCODING=latin-1"
        )


class _Lines:
    """Counts the rows of a file, including malformed ones."""

    def __init__(self, on_malformed: OnMalformed, *, below_header: bool) -> None:
        self._on_malformed = on_malformed
        self._header_rows = int(below_header)
        self._skipped: list[range] = []
        """Ranges of row numbers, so that a file with only malformed rows takes no memory."""
        self._next = 1
        self._reported = 0

    @property
    def read(self) -> int:
        """Number of rows that were returned or skipped before the next row."""
        return self._next - 1

    def skip(self, row: csv.InvalidRow) -> str:
        """Skip a row; Arrow counts the header as row 1."""
        number = row.number - self._header_rows
        last = self._skipped[-1] if self._skipped else range(0)
        if last.stop == number:
            self._skipped[-1] = range(last.start, number + 1)
        else:
            self._skipped.append(range(number, number + 1))
        expected = f"{row.expected_columns} cells, found {row.actual_columns}"
        self.report(number, expected, row.text)
        return "skip"

    def report(self, number: int, expected: str, text: str) -> None:
        """Report a malformed row, unless it was reported before."""
        if number > self._reported:
            self._reported = number
            self._on_malformed(number, expected, text)

    def numbers(self, count: int) -> NDArray[Any]:
        """Return the numbers of the next rows; malformed rows before them are already known."""
        parts: list[NDArray[Any]] = []
        while self._skipped and self._skipped[0].start < self._next + count:
            skipped = self._skipped.pop(0)
            parts.append(np.arange(self._next, skipped.start))
            count -= len(parts[-1])
            self._next = skipped.stop
        parts.append(np.arange(self._next, self._next + count))
        self._next += count
        return np.concatenate(parts)


@contextmanager
def _told_long_rows() -> Iterator[None]:
    """Distinguish a row that is too long for Arrow from other errors.

    Raises:
        LongRowError: The row must be parsed in Python.
    """
    try:
        yield
    except pa.ArrowInvalid as error:
        if "straddling" in str(error) or "Empty CSV" in str(error):
            raise LongRowError from None
        raise
