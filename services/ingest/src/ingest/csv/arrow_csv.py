"""Arrow's CSV reader, used one block at a time, with readable errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyarrow import csv

from ingest.csv.dialect import Dialect
from ingest.csv.line_numbers import LineNumbers
from ingest.files.setting_errors import ReaderSettingError
from ingest.files.text_stream import TextStream
from ingest.tables.batches import MalformedLine
from ingest.tables.column_choice import SourceColumns

type OnMalformed = Callable[[csv.InvalidRow], str]


class BlockTooSmallError(Exception):
    """A row or the header does not fit into a block."""


class OpenQuoteError(Exception):
    """The text ended inside a quote."""


class MalformedRows:
    """Collects malformed rows in a callback, where Arrow swallows exceptions.

    `end` is the text of an appended row; the parser does not report it if a quote is still open.
    `limit` bounds the memory, because Arrow reads on until a block has a valid row.
    """

    def __init__(self, end: str, *, limit: int) -> None:
        self._end = end
        self._limit = limit
        self._rows: list[csv.InvalidRow] = []
        self.saw_end = False
        self.ends_short = False
        """Whether the last row of the text has too few cells."""
        self._last: csv.InvalidRow | None = None

    def __call__(self, row: csv.InvalidRow) -> str:
        if row.text == self._end:
            self.saw_end = True
            self.ends_short = self._last is not None and (
                self._last.number == row.number - 1
                and self._last.actual_columns < self._last.expected_columns
            )
        else:
            self._rows.append(row)
            self._last = row
        return "skip" if len(self._rows) <= self._limit else "error"

    def take(self, lines: LineNumbers) -> list[MalformedLine]:
        """Return the rows since the last call."""
        rows, self._rows = self._rows, []
        return [
            MalformedLine(
                number=lines.line_of_row(row.number),
                text=row.text,
                value=f"{row.actual_columns} cells",
                expected=f"{row.expected_columns} cells",
            )
            for row in rows
        ]


def open_csv(
    stream: TextStream,
    dialect: Dialect,
    *,
    block_bytes: int,
    columns: SourceColumns,
    on_malformed: OnMalformed,
) -> Iterator[pa.RecordBatch]:
    """Yield batches of the columns that are read, all of them strings."""
    written, places = columns.written, columns.places
    # A name that is repeated in the header selects no single column.
    has_choice = not columns.are_whole and len({*written}) == len(written)
    reader = csv.open_csv(
        stream,
        read_options=csv.ReadOptions(
            # With one thread only, a malformed row has its number.
            use_threads=False,
            block_size=block_bytes,
            column_names=None if dialect.header else written,
        ),
        parse_options=csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            escape_char=dialect.escape or False,
            newlines_in_values=True,
            invalid_row_handler=on_malformed,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(written, pa.string()),
            include_columns=[written[place] for place in places] if has_choice else None,
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    for batch in reader:
        yield batch if has_choice or columns.are_whole else batch.select(places)


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    """Translate the library's errors into one line that names the file.

    Raises:
        BlockTooSmallError: Larger blocks may succeed.
        OpenQuoteError: The text ends inside a quote.
        ContractError: The file cannot be read.
    """
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        text = str(error).splitlines()[0]
        if "straddling" in text or "Empty CSV" in text:
            raise BlockTooSmallError from None
        if "out of sync with chunker" in text:
            raise OpenQuoteError from None
        if "columns, got" in text:
            raise ReaderSettingError(
                f"{name}: too many consecutive lines do not have as many cells as the first;"
                " fix the file, or set ",
                remedy="delimiter, quote or skip in [ingest]",
                init_remedy="DELIMITER, QUOTE or SKIP",
            ) from None
        raise ReaderSettingError(
            f"{name}: can't be read as CSV: {text}; write the file again, or ",
            remedy="check delimiter and quote in [ingest]",
            init_remedy="set DELIMITER or QUOTE",
        ) from None
