"""Alignment of the files of a source by column name, as one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa
from stage_contract import LOGGER, ContractError
from type_inference.text_cells import WHITE_SPACE

from ingest.settings import Settings
from ingest.tables.batches import Batch, Table
from ingest.tables.column_choice import ColumnChoice, known_names
from ingest.tables.column_names import free_name
from ingest.tables.type_promotion import common_type

MAX_LOGGED_DIFFERENCES = 10
"""Maximum number of differences in the log; source.json has all."""


@dataclass(frozen=True)
class AlignedFile:
    """A file, and the positions of its columns in the common table."""

    table: Table
    partition: Mapping[str, str | None]
    """Partition columns, which have one value for the whole file."""
    schema: pa.Schema
    """Schema of the common table."""
    skipped_keys: Sequence[str] = ()
    """Partition columns that are not read."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns that are read, in file order."""
        return [column.name for column in self.table.columns.read]

    @property
    def skipped(self) -> Sequence[str]:
        """Names of all columns that are not read."""
        return [*self.table.columns.skipped, *self.skipped_keys]

    def batches(self) -> Iterator[Batch]:
        """Yield batches with the columns of the table; missing columns are null.

        Raises:
            ContractError: The file cannot be read, or a value does not fit the common type.
        """
        for batch in self.table.batches():
            yield Batch(self._rows(batch.rows), batch.malformed, batch.position)

    def facts(self) -> dict[str, object]:
        """Return how the file was read and how it differs from the table, for source.json."""
        drift = {
            "partition": dict(self.partition),
            **self._choice(),
            "renamed": self._renamed(),
            "missing": self._missing(),
            "reordered": self._is_reordered(),
        }
        differing = {key: value for key, value in drift.items() if value}
        return {"source": self.table.name, **self.table.facts(), **differing}

    def descriptor(self) -> dict[str, object]:
        """Return how to read a similar file, for the lineage."""
        columns = self.table.columns
        renamed = [
            {"position": position, "written": written, "name": name}
            for position, (written, name) in enumerate(
                zip(columns.written, columns.names, strict=True), 1
            )
            if written != name and self.table.has_names
        ]
        descriptor = _csv_descriptor(self.table.facts())
        return descriptor | ({"renamed": renamed} if renamed else {}) | self._choice()

    def differences(self) -> Iterator[str]:
        """Yield the differences from the table, in words."""
        for name, original in self._renamed().items():
            yield f"the column '{original}' is called {name}" if original else f"no name for {name}"
        if missing := self._missing():
            yield f"no column {', '.join(missing)}, null there"
        if self._is_reordered():
            yield "the columns come in another order, aligned by name"

    def _choice(self) -> dict[str, object]:
        """Return the columns that are not read, and those whose fields are columns."""
        choice = {"skipped": self.skipped, "flattened": self.table.columns.flattened}
        return {key: names for key, names in choice.items() if names}

    def _renamed(self) -> dict[str, str]:
        """Return the names in the source of the columns that are read under another name."""
        columns = self.table.columns
        pairs = ((columns.names[place], columns.written[place]) for place in columns.places)
        originals = {name: written.strip(WHITE_SPACE) for name, written in pairs}
        return {name: original for name, original in originals.items() if name != original}

    def _missing(self) -> list[str]:
        known = {*self.names, *self.partition}
        return [name for name in self.schema.names if name not in known]

    def _is_reordered(self) -> bool:
        positions = [self.schema.get_field_index(name) for name in self.names]
        return positions != sorted(positions)

    def _rows(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        position = {name: index for index, name in enumerate(self.names)}
        columns = [
            self._cast(rows.column(position[field.name]), field)
            if field.name in position
            else _constant(self.partition.get(field.name), field.type, rows.num_rows)
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _cast(self, values: pa.Array, field: pa.Field) -> pa.Array:
        if values.type == field.type:
            return values
        try:
            return values.cast(field.type)
        except pa.ArrowInvalid as error:
            raise ContractError(
                f"{self.table.name}: column '{field.name}' is {values.type}, and with the other"
                f" files' {field.type}, where a value does not fit: {error}; write the files with"
                " one type"
            ) from None


def align(
    tables: Sequence[Table], partitions: Sequence[Mapping[str, str | None]], settings: Settings
) -> list[AlignedFile]:
    """Return the files with a common schema: the union of the columns that are read.

    Columns are in order of first occurrence; partition columns (one mapping per file) come last.

    Raises:
        SettingsError: A setting names a column that no file has.
        ContractError: A file has no common column, or a column has no common type.
    """
    fields: dict[str, tuple[pa.DataType, Table]] = {}
    for table in tables:
        _check_common(table, tables[0], fields)
        for field in table.schema:
            fields[field.name] = _promote(field.name, (field.type, table), fields.get(field.name))
    keys: dict[str, str] = {}
    for key in (key for partition in partitions for key in partition if key not in keys):
        keys[key] = free_name(key, taken={*fields, *keys.values()})
    choice = ColumnChoice(settings)
    known = [*chain.from_iterable(known_names(table.columns) for table in tables), *keys.values()]
    choice.check_names(known, settings.source)
    schema = pa.schema(
        [(name, kind) for name, (kind, _) in fields.items()]
        + [(name, pa.string()) for name in keys.values() if choice.reads(name)]
    )
    return [
        AlignedFile(
            table,
            {keys[key]: value for key, value in partition.items() if choice.reads(keys[key])},
            schema,
            [keys[key] for key in partition if not choice.reads(keys[key])],
        )
        for table, partition in zip(tables, partitions, strict=True)
    ]


def log_schema_drift(files: Iterable[AlignedFile]) -> None:
    """Log the differences between files, once for all files with the same difference."""
    by_difference: dict[str, list[str]] = {}
    for file in files:
        for difference in file.differences():
            by_difference.setdefault(difference, []).append(file.table.name)
    for difference, names in list(by_difference.items())[:MAX_LOGGED_DIFFERENCES]:
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        LOGGER.warning("%s%s: %s", names[0], more, difference)
    if len(by_difference) > MAX_LOGGED_DIFFERENCES:
        LOGGER.warning(
            "%d differences more, see source.json", len(by_difference) - MAX_LOGGED_DIFFERENCES
        )


def _csv_descriptor(facts: Mapping[str, Any]) -> dict[str, object]:
    """Return encoding and dialect of a CSV file as Frictionless keys; empty for other formats."""
    if facts.get("format") != "csv":
        return {}
    dialect = {"delimiter": facts["delimiter"], "quoteChar": facts["quote"]}
    if "escape" in facts:
        dialect["escapeChar"] = facts["escape"]
    dialect["header"] = facts["header"]
    if "skip" in facts:
        dialect["commentRows"] = [*range(1, facts["skip"] + 1)]
    return {"encoding": facts["encoding"], "dialect": dialect}


def _check_common(table: Table, first: Table, fields: Mapping[str, object]) -> None:
    if table is first:
        return
    width, first_width = len(table.columns.written), len(first.columns.written)
    if not (table.has_names and first.has_names) and width != first_width:
        raise ContractError(
            f"{table.name}: {width} columns, {first.name} has {first_width}; without a"
            " header they can't be aligned; expected as many in every file of a source"
        )
    names = table.schema.names
    if not fields.keys() & {*names}:
        raise ContractError(
            f"{table.name}: no column in common with {first.name} ({names[0]}, … against"
            f" {next(iter(fields))}, …); expected files of one table, narrow source or fix the"
            " header"
        )


def _promote(
    name: str, new: tuple[pa.DataType, Table], known: tuple[pa.DataType, Table] | None
) -> tuple[pa.DataType, Table]:
    if known is None:
        return new
    kind = common_type(known[0], new[0])
    if kind is None:
        raise ContractError(
            f"{new[1].name}: column '{name}' is {new[0]}, and {known[0]} in {known[1].name};"
            " expected one type in every file of a source, write one of them again"
        )
    return kind, known[1]


def _constant(value: str | None, kind: pa.DataType, count: int) -> pa.Array:
    return pa.nulls(count, kind) if value is None else pa.repeat(pa.scalar(value, kind), count)
