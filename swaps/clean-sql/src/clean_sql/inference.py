"""The type of each column: declared, else inferred by the rules file from all values."""

from collections.abc import Mapping
from typing import Any

from stage_contract import LOGGER

from clean_sql.descriptions import EXPECTED
from clean_sql.engine import Engine, literal
from clean_sql.fields import Field
from clean_sql.settings import FieldType
from clean_sql.table import Table

WHOLE_LIMIT = 2**53


def infer_types(
    table: Table, fields: list[Field], declared: Mapping[str, FieldType], engine: Engine
) -> dict[str, FieldType]:
    """Return a type for each column; reads the rows only if a type depends on them."""
    types = {field.name: declared.get(field.name, field.type) for field in fields}
    open_fields = [field for field in fields if field.name not in declared]
    if table.is_untyped:
        return types | _of_texts(table, open_fields, engine)
    return types | _of_integers([field for field in open_fields if field.type == "integer"], engine)


def _of_texts(table: Table, fields: list[Field], engine: Engine) -> dict[str, FieldType]:
    if not fields:
        return {}
    texts = [
        f"{field.text_of(table.cell(field.position))} AS t{field.position}" for field in fields
    ]
    counts = [
        f"count_of_types(t{f.position}, {', '.join(f.words)}, {literal(f.timezone)})"
        f" AS n{f.position}"
        for f in fields
    ]
    decided = [f"n{f.position}, narrowest(n{f.position}), nearly(n{f.position})" for f in fields]
    row = engine.row(
        f"SELECT {', '.join(decided)} FROM"
        f" (SELECT {', '.join(counts)} FROM (SELECT {', '.join(texts)} FROM raw))",
        doing="types inferred",
    )
    types: dict[str, FieldType] = {}
    for field, counted, kind, near in zip(fields, row[::3], row[1::3], row[2::3], strict=True):
        types[field.name] = kind
        if kind == "string" and near:
            _warn(field, counted, near, engine)
    return types


def _warn(field: Field, counted: dict[str, int], near: FieldType, engine: Engine) -> None:
    if counted["whole"] == counted["present"]:
        LOGGER.warning(
            "column %s becomes a string: not every integer is within ±2^53;"
            ' [clean.columns.%s] type = "number" reads it rounded',
            *(field.name, field.name),
        )
        return
    meant = Field(
        field.position, {**field.description, "type": near}, field.missing_of_table, field.timezone
    )
    text = meant.text_of(f"c{field.position}")
    row, value = engine.row(
        f'SELECT min("@row"), arg_min({text}, "@row") FROM raw'
        f" WHERE {text} IS NOT NULL AND {meant.value_of(text)} IS NULL",
        doing="values looked up",
    )
    first = "" if row is None else f", the first in row {row:,}{_shown(field, value)}"
    LOGGER.warning(
        "column %s becomes a string: %s of %s values are not %s%s; [clean.columns.%s] type ="
        ' "%s" makes it one and rejects the rows that do not fit',
        *(field.name, f"{counted['present'] - counted[near]:,}", f"{counted['present']:,}"),
        *(EXPECTED[near], first, field.name, near),
    )


def _shown(field: Field, value: Any) -> str:
    return "" if field.is_private else f": '{value[:40]}'"


def _of_integers(fields: list[Field], engine: Engine) -> dict[str, FieldType]:
    """Return string for integer columns of a typed source that a double can't hold exactly."""
    if not fields:
        return {}
    within = [
        f"coalesce(bool_and(c{field.position} BETWEEN {-WHOLE_LIMIT} AND {WHOLE_LIMIT}), true)"
        for field in fields
    ]
    row = engine.row(f"SELECT {', '.join(within)} FROM raw", doing="integers compared with 2^53")
    beyond = [field for field, is_within in zip(fields, row, strict=True) if not is_within]
    for field in beyond:
        LOGGER.warning(
            "column %s becomes a string: not every integer is within ±2^53;"
            ' [clean.columns.%s] type = "number" reads it rounded',
            *(field.name, field.name),
        )
    return {field.name: "string" for field in beyond}
