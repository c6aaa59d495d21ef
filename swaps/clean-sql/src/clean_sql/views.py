"""The views of the rows: checked, kept, typed for the rules file, written."""

from collections.abc import Sequence

from stage_contract import Draft

from clean_sql.engine import Engine, identifier, literal
from clean_sql.fields import Field
from clean_sql.footers import rename_columns
from clean_sql.table import Table

ROWS_PER_GROUP = 65_536
"""Rows per row group of the Parquet file, which bounds the memory of writer and readers."""


def create_checked(table: Table, fields: Sequence[Field], engine: Engine) -> None:
    """Create the view of all rows: values v0, v1 …, and the first error in column order."""
    numbers = [field.position for field in fields]
    texts = [f"{field.text_of(_cell(table, field))} AS t{field.position}" for field in fields]
    values = [f"{f.value_of(f't{f.position}')} AS v{f.position}, t{f.position}" for f in fields]
    faults = [
        f"{f.fault_of(f't{f.position}', f'v{f.position}')} AS f{f.position}, v{f.position}"
        for f in fields
    ]
    first = "".join(f" WHEN f{number} IS NOT NULL THEN {number}" for number in numbers)
    engine.run(
        f'CREATE VIEW checked AS SELECT "@row", {", ".join(f"v{number}" for number in numbers)},'
        f" CASE{first} END AS position,"
        f" coalesce({', '.join(f'f{number}' for number in numbers)}, NULL) AS reason"
        f' FROM (SELECT "@row", {", ".join(faults)} FROM (SELECT "@row", {", ".join(values)}'
        f' FROM (SELECT "@row", {", ".join(texts)} FROM raw)))',
        doing="prepared",
    )


def _cell(table: Table, field: Field) -> str:
    if field.type == "string":
        return table.string(field.position, timezone=field.timezone)
    return table.cell(field.position)


def create_kept(table: Table, fields: Sequence[Field], engine: Engine) -> None:
    """Create the views of the valid rows: by position, and by name."""
    values = [f"v{field.position}" for field in fields]
    engine.run(
        f'CREATE VIEW kept AS SELECT "@row", {", ".join(values)} FROM checked'
        ' WHERE reason IS NULL AND NOT EXISTS (FROM rejected WHERE rejected.row = checked."@row")',
        doing="prepared",
    )
    names = map(identifier, table.distinct_names())
    named = [f"{value} AS {name}" for value, name in zip(values, names, strict=True)]
    engine.run(
        f'CREATE VIEW typed AS SELECT "@row", {", ".join(named)} FROM kept', doing="prepared"
    )


def write_table(draft: Draft, fields: Sequence[Field], engine: Engine) -> None:
    """Write the remaining rows in order; the view `written` reads them back."""
    path = draft.folder("table") / "part-00000.parquet"
    file = literal(str(path))
    columns = ", ".join(f"v{field.position}" for field in fields)
    engine.run(
        f"COPY (SELECT {columns} FROM kept) TO {file}"
        f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP})",
        doing="rows cleaned",
    )
    rename_columns(path, [field.name for field in fields])
    engine.run(
        f"CREATE VIEW written AS FROM read_parquet({file}) AS file({columns})", doing="prepared"
    )
