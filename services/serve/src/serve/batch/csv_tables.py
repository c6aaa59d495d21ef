"""CSV files: every cell a text, as it stands there."""

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
from serve.batch.csv_stream import CsvStream

BLOCK_BYTES: Final = 1 << 20
"""Bounds the memory: Arrow reads 32 blocks ahead. A row must fit into one."""


class CsvTable:
    """A CSV file with a header."""

    rows: int | None = None

    def __init__(self, job: Job) -> None:
        """Read the header.

        Raises:
            ContractError: there is none.
        """
        self._job = job
        with _readable(job), self._open(csv.ConvertOptions(), lambda _row: "skip") as reader:
            self.names: Sequence[str] = reader.schema.names

    def schema(self, names: Sequence[str]) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in names])

    def chunks(self, names: Sequence[str], on_malformed: OnMalformed) -> Iterator[Chunk]:
        convert = csv.ConvertOptions(
            column_types=self.schema(names), include_columns=names, strings_can_be_null=False
        )
        lines = _Lines(on_malformed)
        with _readable(self._job):
            for batch in self._open(convert, lines.skip):
                yield Chunk(lines.numbers(batch.num_rows), batch)

    def _open(self, convert: csv.ConvertOptions, on_malformed: Any) -> csv.CSVStreamingReader:
        return csv.open_csv(
            CsvStream(self._job),
            read_options=csv.ReadOptions(
                # One thread, since only then a malformed line comes with its number.
                use_threads=False,
                block_size=BLOCK_BYTES,
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._job.delimiter,
                newlines_in_values=True,
                invalid_row_handler=on_malformed,
            ),
            convert_options=convert,
        )


class _Lines:
    """Counts the rows of a file past those that are left out."""

    def __init__(self, on_malformed: OnMalformed) -> None:
        self._on_malformed = on_malformed
        self._skipped: list[range] = []
        """Runs of row numbers, so that a file without a right row takes no memory."""
        self._next = 1

    def skip(self, row: csv.InvalidRow) -> str:
        """Leave a row out; Arrow counts the header as the first."""
        number = row.number - 1
        last = self._skipped[-1] if self._skipped else range(0)
        if last.stop == number:
            self._skipped[-1] = range(last.start, number + 1)
        else:
            self._skipped.append(range(number, number + 1))
        self._on_malformed(
            number, f"{row.expected_columns} cells, found {row.actual_columns}", row.text
        )
        return "skip"

    def numbers(self, count: int) -> NDArray[Any]:
        """Return the numbers of the next rows; those left out before them are known by now."""
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
def _readable(job: Job) -> Iterator[None]:
    """Turn the library's errors into one line that names the file and the likely remedy."""
    try:
        yield
    except UnicodeError as error:
        raise ContractError(_not_encoded(job, str(error))) from None
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        text = str(error).splitlines()[0]
        if "UTF8" in text or "encoding" in text.lower():
            raise ContractError(_not_encoded(job, text)) from None
        if "straddling" in text:
            text = f"a row is longer than {BLOCK_BYTES >> 20} MiB"
        if "Empty CSV" in text:
            raise ContractError(f"{job.name}: holds no table; expected a header and rows") from None
        raise ContractError(
            f"{job.name}: can't be read as CSV: {text}; check DELIMITER and ENCODING"
        ) from None


def _not_encoded(job: Job, text: str) -> str:
    return f"{job.name}: not {job.encoding} ({text}); say which it is, such as ENCODING=latin-1"
