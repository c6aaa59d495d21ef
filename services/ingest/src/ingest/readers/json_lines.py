"""Reader of JSON Lines: batches of unchanged strings, and malformed lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from stage_contract import ContractError, Progress

from ingest.files.decompression import ByteStream, read_head
from ingest.files.encodings import Encoding, choose_encoding
from ingest.files.setting_errors import ReaderSettingError
from ingest.files.text_stream import TextStream, text_lines
from ingest.readers.json_rows import MalformedRowError, NestedValueError, Row, parse_row
from ingest.settings import Settings
from ingest.tables.batches import BATCH_CELLS, Batch, MalformedLine

BATCH_CHARACTERS = 1 << 20
"""Characters per batch; bounds the memory, because short lines may lack many keys."""

MAX_LINE_CHARACTERS = 16 << 20
"""Maximum characters per line; a longer line is most likely not JSON Lines."""

MAX_SPARSE_COLUMNS = 1000
"""Above this number of columns, each line must have 1 % of them, or the keys are values."""

_WHITE_SPACE = " \t\r\n"
"""White space in JSON."""

_HEAD_BYTES = 1 << 10
_LINES_PER_REPORT = 1000


@dataclass(frozen=True)
class JsonLinesFile:
    """A JSON Lines file whose encoding and keys are known."""

    path: Path
    name: str
    encoding: Encoding
    columns: tuple[str, ...]
    """All keys of the file, in order of first occurrence."""
    has_names = True

    @property
    def schema(self) -> pa.Schema:
        """Strings: a column may have a number in one line and a text in the next."""
        return pa.schema([(name, pa.string()) for name in self.columns])

    def facts(self) -> dict[str, object]:
        """Return how the file was read, for source.json."""
        return {"format": "jsonl", **self.encoding.facts()}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of strings; null and missing keys are null.

        Raises:
            ContractError: The bytes are not text, or a value is nested.
        """
        rows: list[Row] = []
        malformed: list[MalformedLine] = []
        characters = 0
        parsed: MalformedLine | Row | None = None
        with _open(self.path, self.name, self.encoding) as stream:
            for number, line in _lines(stream, self.name):
                match parsed := _parse(line, number, self.name):
                    case MalformedLine() as malformed_line:
                        malformed.append(malformed_line)
                    case row:
                        rows.append(row)
                characters += len(line)
                if characters >= BATCH_CHARACTERS or len(rows) * len(self.columns) >= BATCH_CELLS:
                    yield Batch(self._record_batch(rows), malformed, stream.position)
                    rows, malformed, characters = [], [], 0
        yield Batch(self._record_batch(rows), malformed, stream.position)
        if isinstance(parsed, MalformedLine):
            stream.warn_of_truncation()

    def _record_batch(self, rows: list[Row]) -> pa.RecordBatch:
        columns = [pa.array([row.get(key) for row in rows], pa.string()) for key in self.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def inspect_json_lines(path: Path, name: str, settings: Settings) -> JsonLinesFile:
    """Detect the encoding and all keys of a file, which is read completely.

    Raises:
        ContractError: No line is an object, or a value is nested.
    """
    head = read_head(path, name, _HEAD_BYTES)
    encoding = choose_encoding(path, name, head, setting=settings.encoding)
    progress = Progress("MB scanned", total=path.stat().st_size // 1_000_000)
    keys: dict[str, None] = {}
    rows = cells = done = 0
    first_malformed = None
    with _open(path, name, encoding) as stream:
        for number, line in _lines(stream, name):
            match _parse(line, number, name):
                case MalformedLine() as malformed:
                    first_malformed = first_malformed or malformed
                case row:
                    rows += 1
                    cells += len(row)
                    if not row.keys() <= keys.keys():
                        keys.update(dict.fromkeys(row))
            if len(keys) > MAX_SPARSE_COLUMNS and cells * 100 < rows * len(keys):
                raise ContractError(
                    f"{name}: {len(keys):,} different keys up to line {number}, of which a line has"
                    f" {cells / rows:,.0f}; expected columns, so move what varies into values"
                )
            if not number % _LINES_PER_REPORT:
                progress.add(stream.position // 1_000_000 - done)
                done = stream.position // 1_000_000
    if not keys:
        raise _no_table_error(name, first_malformed, rows)
    return JsonLinesFile(path, name, encoding, tuple(keys))


def _no_table_error(name: str, malformed: MalformedLine | None, rows: int) -> ContractError:
    if rows:
        return ContractError(f"{name}: no object has a key; expected columns")
    if malformed is None:
        return ContractError(f"{name}: the file has no table; expected one JSON object a line")
    return ReaderSettingError(
        f"{name}: no line is a JSON object, line {malformed.number} is: {malformed.value}; expected"
        " one object a line, or set ",
        remedy='format = "csv" in [ingest]',
        init_remedy="FORMAT=csv",
    )


def _open(path: Path, name: str, encoding: Encoding) -> TextStream:
    return TextStream(ByteStream(path, name), encoding=encoding.name)


def _lines(stream: TextStream, name: str) -> Iterator[tuple[int, str]]:
    """Yield the stripped lines that are not blank, with their numbers."""
    number = 0
    with text_lines(stream, newline="\n") as lines:
        while line := lines.readline(MAX_LINE_CHARACTERS):
            number += 1
            if len(line) == MAX_LINE_CHARACTERS:
                raise ContractError(
                    f"{name}: line {number} is longer than {MAX_LINE_CHARACTERS:,} characters;"
                    " expected one JSON object a line"
                )
            if text := line.strip(_WHITE_SPACE):
                yield number, text


def _parse(line: str, number: int, name: str) -> Row | MalformedLine:
    try:
        return parse_row(line)
    except MalformedRowError as error:
        return MalformedLine(number, line, str(error), "a JSON object")
    except NestedValueError as error:
        raise ContractError(
            f"{name}: line {number}: {error}; expected one value for each key, flatten it before"
        ) from None
