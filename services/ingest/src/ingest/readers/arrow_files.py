"""Reader of Arrow IPC files (Feather version 2) and streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc
from stage_contract import LOGGER, ContractError

from ingest.files.file_signatures import ARROW_FILE
from ingest.settings import Settings
from ingest.tables.batches import BATCH_CELLS, Batch
from ingest.tables.column_choice import SourceColumns, choose_columns
from ingest.tables.decoded_sizes import split_to_batch_size
from ingest.tables.plain_types import plain_schema
from ingest.tables.structs import fields_of_structs, read_columns

type Reader = ipc.RecordBatchFileReader | ipc.RecordBatchStreamReader


@dataclass(frozen=True)
class ArrowFile:
    """An Arrow file whose columns are known."""

    path: Path
    name: str
    columns: SourceColumns
    schema: pa.Schema
    """Plain types of the values that are read, whatever their encoding."""
    has_names = True

    def facts(self) -> dict[str, object]:
        """Return how the file was read, for source.json."""
        return {"format": "arrow"}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of the plain schema; one batch of the file is in memory at a time.

        Raises:
            ContractError: The file is damaged.
        """
        max_rows = max(1, BATCH_CELLS // len(self.schema))
        with _translate_errors(self.name), pa.OSFile(str(self.path)) as file:
            for stored in _batches(_open(file, self.columns), file, self.name):
                # Offsets in a damaged file may be invalid.
                stored.validate(full=True)
                batch = read_columns(stored, self.columns)
                for start in range(0, batch.num_rows, max_rows):
                    for rows in split_to_batch_size(batch.slice(start, max_rows)):
                        yield Batch(rows.cast(self.schema), position=file.tell())


def inspect_arrow(path: Path, name: str, settings: Settings) -> ArrowFile:
    """Read the schema of a file.

    Raises:
        ContractError: The file is not Arrow, or a column that is read is nested.
    """
    with _translate_errors(name), pa.OSFile(str(path)) as file:
        schema = _open(file).schema
    if not schema.names:
        raise ContractError(f"{name}: the file has no columns; expected a table")
    fields = fields_of_structs(schema, settings)
    columns = choose_columns(schema.names, settings, source=name, fields=fields)
    plain = plain_schema(schema, columns, name=name, settings=settings)
    return ArrowFile(path, name, columns, plain)


def _open(file: pa.NativeFile, columns: SourceColumns | None = None) -> Reader:
    """Open a file; columns that are not read are not decoded."""
    is_file = file.read(len(ARROW_FILE)) == ARROW_FILE
    file.seek(0)
    options = ipc.IpcReadOptions(included_fields=columns.places if columns else None)
    open_ = ipc.open_file if is_file else ipc.open_stream
    return open_(file, options=options)


def _batches(reader: Reader, file: pa.NativeFile, name: str) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, ipc.RecordBatchStreamReader):
        read = file.tell()
        for batch in reader:
            read = file.tell()
            yield batch
        # The end marker is optional; without one, nothing is read after the last batch.
        if file.tell() == read:
            LOGGER.warning(
                "%s: the Arrow stream has no end marker, so rows may be missing; if so, write it"
                " again and close the writer",
                name,
            )
    else:
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ContractError(
            f"{name}: can't be read as Arrow: {str(error).splitlines()[0]}; write the file again"
        ) from None
