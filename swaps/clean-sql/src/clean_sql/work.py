"""Runs the rules file over raw-data and writes clean-data."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from stage_contract import Artifact, Draft, Rejects, SettingsError, did_you_mean
from stage_contract.artifacts.publishing import write_json

from clean_sql.accounting import account
from clean_sql.engine import Engine, open_engine
from clean_sql.fields import Field, make_fields
from clean_sql.inference import infer_types
from clean_sql.missing_tokens import keep_tokens
from clean_sql.profile import profile
from clean_sql.rejecting import (
    create_rejected,
    reject_copies,
    reject_faulty,
    reject_wrong,
    write_rejects,
)
from clean_sql.rules import Rules
from clean_sql.settings import FieldType, Settings
from clean_sql.table import Table, open_table
from clean_sql.views import create_checked, create_kept, write_table


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
        write_table(draft, fields, engine)
        columns = profile(fields, engine)
    shutil.rmtree(draft.path / ".spill", ignore_errors=True)
    draft.rows, draft.columns = columns["rows"], columns["columns"]
    account(draft, counts, table.rows)
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
    declared = {
        name: kind
        for name, column in settings.columns.items()
        if (kind := column.declared_type) is not None
    }
    of_source = dict(zip(table.names, table.types, strict=True))
    for field in _fields(table, settings, of_source | declared):
        if field.name in declared:
            field.check(engine)
    with rules.blamed():
        types = infer_types(table, _fields(table, settings, of_source), declared, engine)
    fields = keep_tokens(table, _fields(table, settings, types), engine)
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
        create_checked(table, fields, engine)
        reject_faulty(engine)
        create_kept(table, fields, engine)
        rules.create_views()
        reject_wrong(engine)
        if drops_copies:
            reject_copies(engine)


def _schema(descriptions: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    return {
        "fields": descriptions,
        "missingValues": settings.missing,
        "timezone": settings.timezone,
    }
