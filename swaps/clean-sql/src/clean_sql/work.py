"""Runs the rules file over raw-data and writes clean-data."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from stage_contract import LOGGER, Artifact, ContractError, Draft, Rejects, SettingsError, did_you_mean
from stage_contract.publishing import write_json

from clean_sql.engine import Engine, identifier, literal, open_engine
from clean_sql.fields import Field, make_fields
from clean_sql.footers import rename_columns
from clean_sql.inference import infer_types
from clean_sql.profile import profile
from clean_sql.rejecting import (
    Counts,
    create_rejected,
    reject_copies,
    reject_faulty,
    reject_wrong,
    write_rejects,
)
from clean_sql.rules import Rules
from clean_sql.settings import FieldType, Settings
from clean_sql.table import Table, open_table

ROWS_PER_GROUP = 65_536
"""Of the written Parquet file; bounds the memory of its writer and of its readers."""


def clean(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, schema.json, profile.json and rejects/."""
    with open_engine(draft.path, reads=source.path) as engine:
        rules = Rules(settings.rules_path, engine)
        rules.create_macros()
        if settings.rules:
            rules.check()
        table = open_table(source, engine)
        fields = _decide_fields(table, settings, engine, rules)
        _reject(table, fields, rules, engine, drops_copies=settings.duplicates == "drop")
        with Rejects(draft.path) as rejects:
            counts = write_rejects(engine, fields, rejects)
        engine.keep_order()
        _write_table(draft, fields, engine)
        columns = profile(fields, engine)
    shutil.rmtree(draft.path / ".spill", ignore_errors=True)
    draft.rows = columns["rows"]
    _count(draft, counts, table.rows)
    descriptions = [dict(field.description) for field in fields]
    write_json(draft.path / "schema.json", _schema(descriptions, settings))
    write_json(draft.path / "profile.json", columns)


def _decide_fields(
    table: Table, settings: Settings, engine: Engine, rules: Rules
) -> Sequence[Field]:
    for name in settings.columns:
        if name not in table.names:
            hint = did_you_mean(name, table.names)
            raise SettingsError(f"[clean.columns.{name}] the table has no such column{hint}")
    declared = {name: column.type for name, column in settings.columns.items() if column.type}
    of_source = dict(zip(table.names, table.types, strict=True))
    for field in _fields(table, settings, of_source | declared):
        if field.name in declared:
            field.check(engine)
    with rules.blamed():
        types = infer_types(table, _fields(table, settings, of_source), declared, engine)
    fields = _fields(table, settings, types)
    for field in fields:
        field.check(engine)
    return fields


def _fields(table: Table, settings: Settings, types: Mapping[str, FieldType]) -> list[Field]:
    is_text = [kind == "string" for kind in table.types]
    return make_fields(settings, types, positions=table.positions, is_text=is_text)


def _reject(
    table: Table, fields: Sequence[Field], rules: Rules, engine: Engine, *, drops_copies: bool
) -> None:
    with rules.blamed():
        create_rejected(engine)
        _create_checked(table, fields, engine)
        reject_faulty(engine)
        _create_kept(table, fields, engine)
        rules.create_views()
        reject_wrong(engine)
        if drops_copies:
            reject_copies(engine)


def _create_checked(table: Table, fields: Sequence[Field], engine: Engine) -> None:
    """Make the view of all rows: values v0, v1 …, and the first fault in the order of columns."""
    numbers = [field.position for field in fields]
    texts = [f"{field.text_of(table.cell(field.position))} AS t{field.position}" for field in fields]
    values = [f"{f.value_of(f't{f.position}')} AS v{f.position}, t{f.position}" for f in fields]
    faults = [
        f"{f.fault_of(f't{f.position}', f'v{f.position}')} AS f{f.position}, v{f.position}" for f in fields
    ]
    first = "".join(f" WHEN f{number} IS NOT NULL THEN {number}" for number in numbers)
    engine.run(
        f'CREATE VIEW checked AS SELECT "@row", {", ".join(f"v{number}" for number in numbers)},'
        f" CASE{first} END AS position, coalesce({', '.join(f'f{number}' for number in numbers)}, NULL) AS reason"
        f' FROM (SELECT "@row", {", ".join(faults)} FROM (SELECT "@row", {", ".join(values)}'
        f' FROM (SELECT "@row", {", ".join(texts)} FROM raw)))',
        doing="prepared",
    )


def _create_kept(table: Table, fields: Sequence[Field], engine: Engine) -> None:
    """Make the views of the rows that nothing stands against: by position, and by name."""
    values = [f"v{field.position}" for field in fields]
    engine.run(
        f'CREATE VIEW kept AS SELECT "@row", {", ".join(values)} FROM checked'
        ' WHERE reason IS NULL AND NOT EXISTS (FROM rejected WHERE rejected.row = checked."@row")',
        doing="prepared",
    )
    names = map(identifier, table.distinct_names())
    named = [f"{value} AS {name}" for value, name in zip(values, names, strict=True)]
    engine.run(f'CREATE VIEW typed AS SELECT "@row", {", ".join(named)} FROM kept', doing="prepared")


def _write_table(draft: Draft, fields: Sequence[Field], engine: Engine) -> None:
    """Write the rows that are left, in their order; then the view `written` reads them again."""
    path = draft.folder("table") / "part-00000.parquet"
    file = literal(str(path))
    columns = ", ".join(f"v{field.position}" for field in fields)
    engine.run(
        f"COPY (SELECT {columns} FROM kept) TO {file}"
        f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP})",
        doing="rows cleaned",
    )
    rename_columns(path, [field.name for field in fields])
    engine.run(f"CREATE VIEW written AS FROM read_parquet({file}) AS file({columns})", doing="prepared")


def _schema(descriptions: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    return {
        "fields": descriptions,
        "missingValues": settings.missing,
        "timezone": settings.timezone,
    }


def _count(draft: Draft, counts: Counts, rows_in: int) -> None:
    """Fill in what was counted and say it; the rows must add up.

    Raises:
        ContractError: no row is left.
    """
    draft.rejected = counts.reasons.total()
    if rows_in != draft.rows + draft.rejected + counts.duplicates:
        raise RuntimeError(
            f"{rows_in} rows in are not {draft.rows} + {draft.rejected} + {counts.duplicates}"
        )
    ranked = counts.reasons.most_common()
    if not draft.rows:
        reason, count = ranked[0]
        raise ContractError(
            f"all {rows_in:,} rows were rejected, {count:,} of them for '{reason}', the first:"
            f" {counts.examples[reason]}; mend the source or the rules"
        )
    draft.metrics = {
        "rows_in": rows_in,
        "rejected_by_reason": dict(ranked),
        "duplicates": counts.duplicates,
    }
    for reason, count in ranked:
        LOGGER.info("%s rejected for '%s', the first: %s", f"{count:,}", reason, counts.examples[reason])
    LOGGER.info(
        "%s rows in, %s out, %s rejected, %s duplicates",
        *(f"{number:,}" for number in (rows_in, draft.rows, draft.rejected, counts.duplicates)),
        extra={"rows_in": rows_in, "rows_out": draft.rows} | draft.metrics,
    )
