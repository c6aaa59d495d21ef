"""Reader of JSON Lines: batches of unchanged strings, and malformed lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from stage_contract import ContractError, Progress
from type_inference.text_cells import WHITE_SPACE

from ingest.files.decompression import ByteStream, read_head
from ingest.files.encodings import Encoding, choose_encoding
from ingest.files.setting_errors import ReaderSettingError
from ingest.files.text_stream import TextStream, text_lines
from ingest.readers.json_rows import Key, MalformedRowError, Nested, Row, TooDeepError, parse_row
from ingest.settings import Settings
from ingest.tables.batches import BATCH_CELLS, Batch, MalformedLine
from ingest.tables.column_choice import (
    ColumnChoice,
    FieldPath,
    SourceColumns,
    choose_columns,
    unreadable_error,
)

BATCH_CHARACTERS = 1 << 20
"""Characters per batch; bounds the memory, because short lines may lack many keys."""

MAX_LINE_CHARACTERS = 16 << 20
"""Maximum characters per line; a longer line is most likely not JSON Lines."""

MAX_SPARSE_COLUMNS = 1000
"""Above this number of columns, each line must have 1 % of them, or the keys are values."""

type Enters = Callable[[FieldPath], bool]
"""Tells whether the fields of an object are columns, by the keys that lead to it."""

_OR_SKIP = ", or name their object in skip_columns of [ingest]"

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
    columns: SourceColumns
    """All keys of the file, in order of first occurrence."""
    keys: Sequence[Key]
    """Keys of the columns that are read."""
    enters: Enters | None
    has_names = True

    @property
    def schema(self) -> pa.Schema:
        """Strings: a column may have a number in one line and a text in the next."""
        return pa.schema([(column.name, pa.string()) for column in self.columns.read])

    def facts(self) -> dict[str, object]:
        """Return how the file was read, for source.json."""
        return {"format": "jsonl", **self.encoding.facts()}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of strings; null and missing keys are null.

        Raises:
            ContractError: The bytes are not text, or nested too deep.
        """
        rows: list[Row] = []
        malformed: list[MalformedLine] = []
        characters = 0
        parsed: MalformedLine | tuple[Row, Nested] | None = None
        with _open(self.path, self.name, self.encoding) as stream:
            for number, line in _lines(stream, self.name):
                match parsed := _parse(line, number, self.name, self.enters):
                    case MalformedLine() as malformed_line:
                        malformed.append(malformed_line)
                    case row, _:
                        rows.append(row)
                characters += len(line)
                if characters >= BATCH_CHARACTERS or len(rows) * len(self.keys) >= BATCH_CELLS:
                    yield Batch(self._record_batch(rows), malformed, stream.position)
                    rows, malformed, characters = [], [], 0
        yield Batch(self._record_batch(rows), malformed, stream.position)
        if isinstance(parsed, MalformedLine):
            stream.warn_of_truncation()

    def _record_batch(self, rows: list[Row]) -> pa.RecordBatch:
        columns = [pa.array([row.get(key) for row in rows], pa.string()) for key in self.keys]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def inspect_json_lines(path: Path, name: str, settings: Settings) -> JsonLinesFile:
    """Detect the encoding and all keys of a file, which is read completely.

    Raises:
        ContractError: No line is an object, or a value that is read is nested.
    """
    head = read_head(path, name, _HEAD_BYTES)
    encoding = choose_encoding(path, name, head, setting=settings.encoding)
    progress = Progress("MB scanned", total=path.stat().st_size // 1_000_000)
    enters = _entering(settings) if settings.flatten else None
    keys = _Keys()
    done = 0
    first_malformed = None
    with _open(path, name, encoding) as stream:
        for number, line in _lines(stream, name):
            match _parse(line, number, name, enters):
                case MalformedLine() as malformed:
                    first_malformed = first_malformed or malformed
                case row, nested:
                    keys.add(row, nested, number=number, is_flattened=settings.flatten)
            if keys.are_values:
                raise ContractError(
                    f"{name}: {len(keys.names):,} different keys up to line {number}, of which a"
                    f" line has {keys.cells / keys.rows:,.0f}; expected columns, so move what"
                    f" varies into values{_OR_SKIP if settings.flatten else ''}"
                )
            if not number % _LINES_PER_REPORT:
                progress.add(stream.position // 1_000_000 - done)
                done = stream.position // 1_000_000
    if not keys.names:
        raise _no_table_error(name, first_malformed, keys.rows)
    columns = keys.choose(name, settings)
    read = [_key(columns.written[each.place], each.path) for each in columns.read]
    return JsonLinesFile(path, name, encoding, columns, read, enters)


class _Keys:
    """The keys of the lines so far."""

    def __init__(self) -> None:
        self.rows = self.cells = 0
        self.names: dict[Key, None] = {}
        """Keys in order of first occurrence."""
        self._nested: dict[Key, str] = {}
        """What nested values are, with the number of their first line."""
        self._filled: set[Key] = set()
        """Keys that had a value, if objects are flattened."""

    def add(self, row: Row, nested: Nested, *, number: int, is_flattened: bool) -> None:
        self.rows += 1
        self.cells += len(row)
        if not row.keys() <= self.names.keys():
            self.names.update(dict.fromkeys(row))
        for key, kind in nested.items():
            self._nested.setdefault(key, f"holds {kind} in line {number}")
        if is_flattened:
            self._filled.update(key for key, cell in row.items() if cell is not None)

    @property
    def are_values(self) -> bool:
        """Whether there are so many keys that they are no names of columns."""
        count = len(self.names)
        return count > MAX_SPARSE_COLUMNS and self.cells * 100 < self.rows * count

    def choose(self, name: str, settings: Settings) -> SourceColumns:
        """Return the columns that the settings choose.

        Raises:
            ContractError: A value that is read is nested.
        """
        paths = self._paths()
        fields = {
            place: [*fields] for place, fields in enumerate(paths.values()) if [*fields] != [()]
        }
        columns = choose_columns([*paths], settings, source=name, fields=fields)
        kinds: dict[str, str] = {}
        structs: list[str] = []
        for each in columns.read:
            key = _key(columns.written[each.place], each.path)
            if key in self._nested:
                kinds[each.name] = self._nested[key]
                is_object = "holds an object" in self._nested[key]
                structs += [each.name] if is_object and not settings.flatten else []
        if kinds:
            raise unreadable_error(
                name, kinds, settings, structs=structs, expected="one value for each key"
            )
        return columns

    def _paths(self) -> dict[str, dict[FieldPath, None]]:
        """Return the paths of the fields of each key of a line; () is the key itself.

        An object that is null in some lines has its fields only. A key that holds objects and other
        values is nested.
        """
        entered: dict[FieldPath, None] = {}
        for key in self.names:
            if not isinstance(key, str):
                entered.update(dict.fromkeys(key[:end] for end in range(1, len(key))))
        mixed = [path for path in entered if self._holds_values(path)]
        paths: dict[str, dict[FieldPath, None]] = {}
        for key in self.names:
            path = (key,) if isinstance(key, str) else key
            fields = paths.setdefault(path[0], {})
            stop = next((each for each in mixed if path[: len(each)] == each), None)
            if stop is not None:
                self._nested.setdefault(
                    stop[0] if len(stop) == 1 else stop, "holds an object only in some lines"
                )
                path = stop
            if path not in entered or stop is not None:
                fields[path[1:]] = None
        return paths

    def _holds_values(self, path: FieldPath) -> bool:
        key = _key(path[0], path[1:])
        return key in self._filled or key in self._nested


def _key(name: str, path: FieldPath) -> Key:
    return (name, *path) if path else name


def _entering(settings: Settings) -> Enters:
    choice = ColumnChoice(settings)
    return lambda path: choice.enters(".".join((path[0].strip(WHITE_SPACE), *path[1:])))


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


def _parse(
    line: str, number: int, name: str, enters: Enters | None
) -> tuple[Row, Nested] | MalformedLine:
    try:
        return parse_row(line, enters=enters)
    except MalformedRowError as error:
        return MalformedLine(number, line, str(error), "a JSON object")
    except TooDeepError as error:
        raise ContractError(
            f"{name}: line {number}: {error}; expected one value for each key, flatten it before"
        ) from None
