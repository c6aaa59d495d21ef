"""The table of raw-data in DuckDB: the view `raw`, with columns named by position."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import duckdb
from stage_contract import Artifact, ContractError

from clean_sql.engine import Engine, literal
from clean_sql.settings import FieldType

_WHOLE = "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT"
_TYPES: dict[str, FieldType] = {
    "VARCHAR": "string",
    '"NULL"': "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    **dict.fromkeys(_WHOLE.split(), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), "number"),
}


@dataclass(frozen=True)
class Table:
    """Names, types and number of rows of a table; `raw` numbers its rows from 1."""

    names: Sequence[str]
    types: Sequence[FieldType]
    """Types in the source, by position; string for texts."""
    is_float: Sequence[bool]
    rows: int

    @property
    def positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.names)}

    @property
    def is_untyped(self) -> bool:
        """Whether every column is text, so that types must be inferred."""
        return set(self.types) == {"string"}

    def distinct_names(self) -> list[str]:
        """Return unique names for the rules file: DuckDB ignores case in names."""
        used, names = {"@row"}, []
        for name in self.names:
            number, distinct = 1, name
            while distinct.casefold() in used:
                number += 1
                distinct = f"{name}_{number}"
            used.add(distinct.casefold())
            names.append(distinct)
        return names

    def cell(self, position: int) -> str:
        """Return the SQL of a cell as the text to parse; NULL if it is missing."""
        column = f"c{position}"
        if self.is_float[position]:
            column = f"CASE WHEN NOT isnan({column}) THEN CAST({column} AS DOUBLE) END"
        return column if self.types[position] == "string" else f"CAST({column} AS VARCHAR)"

    def string(self, position: int, *, timezone: str) -> str:
        """Return the SQL of a cell as the text in a CSV file; NULL if it is missing."""
        column = f"c{position}"
        if self.is_float[position]:
            plain = f"regexp_replace(CAST({column} AS VARCHAR), '\\.0$', '')"
            short = f"regexp_replace({plain}, 'e([+-])0', 'e\\1')"
            return f"CASE WHEN NOT isnan({column}) THEN {short} END"
        if self.types[position] == "datetime":
            instant = f"timezone('UTC', as_datetime({self.cell(position)}, {literal(timezone)}))"
            return f"strftime({instant}, '%Y-%m-%dT%H:%M:%S.%fZ')"
        return self.cell(position)


def open_table(source: Artifact, engine: Engine) -> Table:
    """Create the view `raw`: "@row", c0, c1 and so on.

    Raises:
        ContractError: There are no rows, the parts differ, or DuckDB can't read a column.
    """
    parts = source.files("table")
    if not parts:
        raise ContractError(f"{source.path}: table/ has no rows; check the source and ingest")
    shapes = [_shape(part, engine) for part in parts]
    (names, types), rows = shapes[0][:2], [shape[2] for shape in shapes]
    for part, shape in zip(parts, shapes, strict=True):
        if shape[:2] != (names, types):
            raise ContractError(
                f"{part}: the columns differ from {parts[0].name}; run the stage that wrote it"
                " again"
            )
    if not sum(rows):
        raise ContractError(f"{source.path}: table/ has no rows; check the source and ingest")
    _check_names(names, parts[0])
    kinds = [_kind(name, kind, parts[0]) for name, kind in zip(names, types, strict=True)]
    _create_view(engine, parts, rows=rows, columns=len(names))
    return Table(names, kinds, [kind in {"FLOAT", "DOUBLE"} for kind in types], sum(rows))


def _create_view(
    engine: Engine, parts: Sequence[Path], *, rows: Sequence[int], columns: int
) -> None:
    listed = ", ".join(f"c{position}" for position in range(columns))
    before = literal([0, *accumulate(rows)][: len(parts)])
    files = literal([str(part) for part in parts])
    engine.run(
        f"CREATE VIEW raw AS SELECT {before}[CAST(file_index AS BIGINT) + 1] + file_row_number + 1"
        f' AS "@row", {listed} FROM read_parquet({files}) AS part({listed})',
        doing="parts opened",
    )


def _shape(part: Path, engine: Engine) -> tuple[list[str], list[str], int]:
    """Return names, DuckDB types, and the number of rows."""
    path = literal(str(part))
    try:
        nodes = engine.rows(
            f"SELECT name, num_children FROM parquet_schema({path})", doing="parts read"
        )
        (_, columns), *fields = list(nodes)
        described = engine.rows(f"DESCRIBE SELECT * FROM read_parquet({path})", doing="parts read")
        types = [row[1] for row in described]
        (rows,) = engine.row(f"SELECT num_rows FROM parquet_file_metadata({path})")
    except duckdb.Error as error:
        raise ContractError(
            f"{part}: can't be read as Parquet ({str(error).splitlines()[0]});"
            " run the stage that wrote it again"
        ) from None
    if len(fields) != columns:
        nested = next(name for name, children in fields if children)
        raise ContractError(
            f"{part}: column '{nested}' is nested; convert or drop it in the source"
        )
    return [name for name, _ in fields], types, rows


def _check_names(names: Sequence[str], part: Path) -> None:
    if "" in names:
        raise ContractError(f"{part}: a column has no name; name it in the source")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ContractError(f"{part}: column '{repeated[0]}' is repeated; rename one in the source")


def _kind(name: str, kind: str, part: Path) -> FieldType:
    if kind.startswith("TIMESTAMP"):
        return "datetime"
    known = _TYPES.get(kind.partition("(")[0])
    if known is None:
        raise ContractError(
            f"{part}: column '{name}' is {kind}; expected texts, numbers, booleans, dates or"
            " timestamps, so convert or drop it in the source"
        )
    return known
