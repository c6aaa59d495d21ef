"""Read raw-data batch by batch, clean it, and write clean-data."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from stage_contract import LOGGER, Artifact, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json

from clean.cleaning.rows import CleanRows, clean_rows
from clean.inference.column_inference import TypeInference
from clean.inference.table_inference import (
    explain,
    find_ambiguities,
    infer_types,
    share_decimal_separators,
    start_inferences,
    start_type_hints,
    update_inferences,
)
from clean.inference.type_hint import TypeHint
from clean.parsing.arrays import to_arrow, to_batch
from clean.parsing.arrow_types import ARROW, is_text
from clean.reporting.profile import ColumnProfile, column_record
from clean.reporting.rejected_rows import RejectedRows
from clean.reporting.row_counts import count_rows
from clean.reporting.rule_report import RuleReport
from clean.reporting.suggestions import (
    missing_words,
    naive_datetimes,
    sentinels,
    similar_texts,
    two_digit_years,
)
from clean.schema.table_schema import check_columns, declares_missing, describe_schema, read_fields
from clean.settings import Settings, target_column
from clean.table_rules.duplicate_files import open_spill_folder
from clean.table_rules.rules import TableRules, check_table_rules, find_outliers
from clean.tables.parallel import THREADS, map_ahead
from clean.tables.parquet_reader import Table, open_table
from clean.tables.parquet_writer import PartWriter
from clean.tables.preflight import check_memory


def clean(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, schema.json, profile.json and rejects/."""
    table = open_table(source)
    check_memory(table)
    schema, ambiguities = _infer_schema(table, settings, source=source)
    fields = read_fields(schema)
    check_table_rules(settings, {field.name: field.type for field in fields})
    with open_spill_folder(draft.path) as folder, Rejects(draft.path) as rejects:
        fields = find_outliers(table, fields, settings=settings, folder=folder / "values")
        rules = TableRules(folder, fields, rows=table.rows, settings=settings)
        rules.scan(table)
        outputs = _Outputs(
            [ColumnProfile(field) for field in fields],
            RejectedRows(rejects, fields, kept=settings.keep_duplicates),
            RuleReport(fields),
            ambiguities,
            start_type_hints(table.schema, settings, rows=table.rows),
        )
        _write(table, draft, rules=rules, outputs=outputs)
    draft.rows = outputs.profiles[0].rows
    count_rows(draft, outputs.rejected_rows, rows_in=table.rows, has_key=settings.key is not None)
    _suggest(outputs, table, settings)
    for line in filter(None, (hint.hint() for hint in outputs.type_hints.values())):
        LOGGER.info("%s", line)
    if summary := outputs.report.summary():
        LOGGER.info("%s", summary)
    write_json(draft.path / "schema.json", schema)
    profile = _profile(draft, outputs)
    write_json(draft.path / "profile.json", profile)
    draft.columns = [
        column_record(entry, is_private=field.is_private)
        for entry, field in zip(profile["columns"], fields, strict=True)
    ]


@dataclass
class _Outputs:
    """The statistics and rejected rows that are collected during cleaning."""

    profiles: list[ColumnProfile]
    rejected_rows: RejectedRows
    report: RuleReport
    ambiguities: Mapping[str, str]
    """Ambiguity of each column that became a string because of it."""
    type_hints: Mapping[str, TypeHint]


def _infer_schema(
    table: Table, settings: Settings, *, source: Artifact
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return schema.json and the ambiguous columns.

    The rows are read only if a column's type depends on them.
    """
    check_columns(settings, table.schema.names, source=source)
    inferences = start_inferences(table.schema, settings, rows=table.rows)
    if inferences:
        _scan_types(table, inferences)
    share_decimal_separators(inferences, settings)
    target = target_column()
    ambiguities = find_ambiguities(inferences, target=target)
    for inference in inferences.values():
        for warning in filter(None, (inference.warning(), *inference.hints())):
            LOGGER.warning("%s", warning)
    types = infer_types(table.schema, settings, inferences)
    for name, column in types.items():
        level = logging.WARNING if column.is_default and name == target else logging.INFO
        for line in explain(settings, {name: column}):
            LOGGER.log(level, "%s", line)
    return describe_schema(settings, types), ambiguities


def _scan_types(table: Table, inferences: Mapping[str, TypeInference]) -> None:
    """Pass the table to all inferences; each receives its own column."""
    progress = Progress("rows scanned for types", total=table.rows)
    with ThreadPoolExecutor(THREADS) as pool:
        for frame in table.frames([*inferences]):
            pending = {
                name: inference for name, inference in inferences.items() if inference.can_change
            }
            if not pending:
                break
            updates = [
                pool.submit(update_inferences, frame, {name: inference})
                for name, inference in pending.items()
            ]
            for update in updates:
                update.result()
            progress.add(len(frame))


def _write(
    table: Table,
    draft: Draft,
    *,
    rules: TableRules,
    outputs: _Outputs,
) -> None:
    """Write one part for each input part, even if it has no rows left."""
    fields = [profile.rules for profile in outputs.profiles]
    schema = pa.schema([(field.name, ARROW[field.type]) for field in fields])
    folder = draft.folder("table")
    progress = Progress("rows cleaned", total=table.rows)

    def clean_with_effects(frame: pd.DataFrame) -> tuple[pd.DataFrame, CleanRows]:
        return frame, clean_rows(frame, fields, with_effects=True)

    for part in table.parts:
        with PartWriter(folder / part.path.name, schema) as writer:
            for frame, cleaned in map_ahead(clean_with_effects, part.frames()):
                update_inferences(frame, outputs.type_hints)
                rows = rules.apply(cleaned)
                outputs.rejected_rows.add(frame, rejected=rows.rejected, duplicates=rows.duplicates)
                outputs.report.add(
                    frame, cleaned.effects, rejected=rows.rejected, duplicates=len(rows.duplicates)
                )
                for profile in outputs.profiles:
                    profile.add(to_arrow(rows.kept[profile.rules.name]))
                writer.write(to_batch(rows.kept, schema))
                progress.add(len(frame))


def _column_profile(profile: ColumnProfile, ambiguities: Mapping[str, str]) -> dict[str, Any]:
    ambiguity = ambiguities.get(profile.rules.name)
    return profile.describe() | ({"doubt": ambiguity} if ambiguity else {})


def _profile(draft: Draft, outputs: _Outputs) -> dict[str, Any]:
    counted = {name: draft.metrics[name] for name in ("rows_in", "duplicates")}
    return {
        "rows": draft.rows,
        "rejected": draft.rejected,
        **counted,
        "columns": [_column_profile(profile, outputs.ambiguities) for profile in outputs.profiles],
        "rules": outputs.report.describe(),
    }


def _suggest(outputs: _Outputs, table: Table, settings: Settings) -> None:
    """Log values that may mean something else; in typed columns only null means missing."""
    report = outputs.report
    for profile in outputs.profiles:
        field = profile.rules
        for line in similar_texts(profile):
            LOGGER.warning("%s", line)
        for line in two_digit_years(profile):
            LOGGER.warning("%s", line)
        if not declares_missing(settings, field.name):
            for line in missing_words(report, field):
                LOGGER.info("%s", line)
        if is_text(table.schema.field(field.name).type):
            for line in sentinels(report, profile):
                LOGGER.warning("%s", line)
    for line in naive_datetimes(report, settings):
        LOGGER.info("%s", line)
