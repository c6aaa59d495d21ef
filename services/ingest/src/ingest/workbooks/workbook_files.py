"""Reader of workbooks: the table of one sheet, with the types of its cells."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook
from stage_contract import LOGGER, ContractError
from stage_contract.memory import require_memory

from ingest.csv.header import looks_like_data
from ingest.settings import Settings
from ingest.tables.batches import BATCH_CELLS, Batch, MalformedLine
from ingest.tables.column_choice import SourceColumns, choose_columns
from ingest.tables.parquet_writer import MEMORY_BYTES
from ingest.workbooks.column_types import ColumnType, to_array
from ingest.workbooks.headers import find_header
from ingest.workbooks.sheet_choice import choose_sheet
from ingest.workbooks.sheets import Sheet, WorkbookFormat, cell_name, column_letters
from ingest.workbooks.table_rows import Cell, Header, NumberedRow, TableRows
from ingest.workbooks.workbook_scan import scan_workbook

BATCH_CHARACTERS = 8 << 20
"""Characters of texts per batch; bounds the memory for long texts."""


@dataclass(frozen=True)
class Column:
    """A column that is read, and its place among the used columns of the sheet."""

    name: str
    place: int
    type: pa.DataType


@dataclass(frozen=True)
class WorkbookFile:
    """A workbook whose sheet, header and columns are known."""

    path: Path
    name: str
    format: WorkbookFormat
    sheet: Sheet
    header: Header
    columns: SourceColumns
    read: Sequence[Column]
    has_names: bool
    """Whether a header row names the columns."""

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.read])

    def facts(self) -> dict[str, object]:
        """Return how the file was read, for source.json."""
        header_row = {"header_row": self.header.last_row} if self.has_names else {}
        return {"format": self.format, "sheet": self.sheet.name, **header_row}

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in batches, with their types; empty cells and errors are null.

        Raises:
            ContractError: The file is damaged.
        """
        size, schema = self.path.stat().st_size, self.schema
        rows = TableRows(_read_rows(self.path, self.name, self.sheet), self.sheet, self.header)
        for batch, malformed in _batches(rows, self.sheet.width):
            arrays = [
                to_array([cells[column.place] for _, cells in batch], column.type)
                for column in self.read
            ]
            read = (batch[-1][0] if batch else malformed[-1].number) / (self.sheet.last_row + 1)
            yield Batch(
                pa.RecordBatch.from_arrays(arrays, schema=schema), malformed, int(size * read)
            )


def inspect_workbook(path: Path, name: str, settings: Settings) -> WorkbookFile:
    """Find the sheet, the header and the types of all columns; the sheet is read completely.

    Raises:
        ContractError: The file is damaged, or has no clear table.
        SettingsError: There is no such sheet, or the memory limit is too low for it.
    """
    workbook = scan_workbook(path, name, wanted=settings.sheet)
    sheet = choose_sheet(workbook, name, settings.sheet)
    require_memory(
        MEMORY_BYTES + workbook.memory_bytes + sheet.memory_bytes,
        what=f"reading the {sheet.rows:,} rows of sheet '{sheet.name}' of {name}",
        remedy="export the sheet as CSV, which is streamed",
    )
    if workbook.is_1904:
        LOGGER.info("%s: dates count from 1904, as the workbook says", name)
    # Loaded once for both, as this takes most of the time.
    head, below = tee(_read_rows(path, name, sheet))
    header = find_header(head, sheet, name, settings)
    del head
    rows = TableRows(below, sheet, header)
    types = [ColumnType() for _ in header.names]
    for batch, _ in _batches(rows, len(types)):
        numbers = [number for number, _ in batch]
        for place, kind in enumerate(types):
            kind.add([cells[place] for _, cells in batch], numbers)
    used = [
        place
        for place, (text, kind) in enumerate(zip(header.names, types, strict=True))
        if not kind.is_empty or (settings.header and text.strip())
    ]
    columns = choose_columns([header.names[place] for place in used], settings, source=name)
    read = [
        Column(column.name, used[column.place], types[used[column.place]].type)
        for column in columns.read
    ]
    found = WorkbookFile(path, name, workbook.format, sheet, header, columns, read, settings.header)
    _log(found, rows, types)
    return found


def _log(file: WorkbookFile, rows: TableRows, types: Sequence[ColumnType]) -> None:
    first = min(file.sheet.columns)
    places = [first + column.place for column in file.read]
    header = f"header in row {file.header.last_row}" if file.has_names else "no header"
    LOGGER.info(
        "%s: sheet '%s', %s, columns %s to %s%s",
        *(file.name, file.sheet.name, header),
        *(column_letters(places[0]), column_letters(places[-1])),
        f", empty rows skipped: {rows.empty:,}" if rows.empty else "",
    )
    if rows.filled.count:
        LOGGER.info(
            "%s: cells filled with the value of the merged cell above: %s, from %s!%s on",
            *(file.name, f"{rows.filled.count:,}", file.sheet.name, rows.filled.first),
        )
    if file.has_names and looks_like_data(file.columns.written):
        LOGGER.warning(
            "%s: row %d of sheet '%s', which is read as the header, has numbers; in [ingest] set"
            " header = false if it is a data row, or skip to the number of rows above the header",
            *(file.name, file.header.last_row, file.sheet.name),
        )
    for column in file.read:
        if mixture := types[column.place].mixture:
            words, row = mixture
            LOGGER.warning(
                "%s: column '%s' has cells of several kinds (%s), so all become texts; the first"
                " cell of the rarest kind is %s!%s",
                *(file.name, column.name or column_letters(first + column.place), words),
                *(file.sheet.name, cell_name(row - 1, first + column.place)),
            )


def _batches(
    rows: TableRows, width: int
) -> Iterator[tuple[list[NumberedRow], list[MalformedLine]]]:
    batch: list[NumberedRow] = []
    malformed: list[MalformedLine] = []
    characters = 0
    for row in rows:
        if isinstance(row, MalformedLine):
            malformed.append(row)
            characters += len(row.text)
        else:
            batch.append(row)
            characters += sum(len(cell) for cell in row[1] if isinstance(cell, str))
        if (len(batch) + len(malformed)) * width >= BATCH_CELLS or characters >= BATCH_CHARACTERS:
            yield batch, malformed
            batch, malformed, characters = [], [], 0
    if batch or malformed:
        yield batch, malformed


def _read_rows(path: Path, name: str, sheet: Sheet) -> Iterator[NumberedRow]:
    """Yield the rows of a sheet, each from the first to the last used column of the sheet.

    Raises:
        ContractError: The workbook cannot be read.
    """
    errors: dict[int, list[int]] = {}
    for error_row, column in sheet.error_cells:
        errors.setdefault(error_row, []).append(column - min(sheet.columns))
    # A path would be read as its extension says, which may be wrong.
    with (
        _translate_errors(name),
        path.open("rb") as stream,
        CalamineWorkbook.from_filelike(stream) as workbook,
    ):
        loaded = workbook.get_sheet_by_name(sheet.name)
        start = (loaded.start or (0, 0))[1] - min(sheet.columns)
        for index, cells in enumerate(loaded.iter_rows()):
            # The reader and the scan may differ in whether an empty text is a value.
            row: list[Cell] = [*[""] * start, *cells[max(0, -start) :]][: sheet.width]
            row += [""] * (sheet.width - len(row))
            for place in errors.get(index, ()):
                row[place] = ""
            yield index + 1, row


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OverflowError:
        raise ContractError(
            f"{name}: a cell has a date or duration beyond the year 9999; correct the cell, or"
            " format it as a number"
        ) from None
    except (CalamineError, OSError) as error:
        raise _unreadable(name, error) from None
    except BaseException as error:  # a panic of the library is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: BaseException) -> ContractError:
    reason = " ".join(str(error).split())
    return ContractError(f"{name}: can't be read as a workbook: {reason}; save the workbook again")
