"""Reads raw-data batch by batch, cleans it, and writes clean-data."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from stage_contract import LOGGER, Artifact, ContractError, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json

from clean.cleaning.rows import CleanRows, clean_rows
from clean.inference.table_inference import (
    check_columns,
    compare_columns,
    decide_types,
    describe,
    explain,
    find_doubts,
    look_at,
    read_fields,
    start_inferences,
    start_meant_texts,
    states_missing,
)
from clean.inference.text_columns import Inference, MeantTexts
from clean.parsing.arrays import to_arrow, to_batch
from clean.parsing.arrow_types import ARROW, is_text
from clean.reporting.profile import ColumnProfile
from clean.reporting.rejected_rows import Quarantine
from clean.reporting.rule_report import Report
from clean.reporting.suggestions import alike_texts, missing_words, naive_datetimes, sentinels
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
    schema, doubts = _decide_schema(table, settings)
    fields = read_fields(schema)
    check_table_rules(settings, {field.name: field.type for field in fields})
    with open_spill_folder(draft.path) as folder, Rejects(draft.path) as rejects:
        fields = find_outliers(table, fields, settings=settings, folder=folder / "values")
        rules = TableRules(folder, fields, rows=table.rows, settings=settings)
        rules.look_at(table)
        books = _Books(
            [ColumnProfile(field) for field in fields],
            Quarantine(rejects, fields, kept=settings.keep_duplicates),
            Report(fields),
            doubts,
            start_meant_texts(table.schema, settings, rows=table.rows),
        )
        _write(table, draft, rules=rules, books=books)
    draft.rows = books.profiles[0].rows
    _count(draft, books.quarantine, table.rows)
    _suggest(books, table, settings)
    for hint in filter(None, (meant.hint() for meant in books.meant_texts.values())):
        LOGGER.info("%s", hint)
    if summary := books.report.summary():
        LOGGER.info("%s", summary)
    write_json(draft.path / "schema.json", schema)
    write_json(draft.path / "profile.json", _profile(draft, books))


@dataclass
class _Books:
    """What is written down about rows on their way through."""

    profiles: list[ColumnProfile]
    quarantine: Quarantine
    report: Report
    doubts: Mapping[str, str]
    """In which two ways a column can be read that became a string for it."""
    meant_texts: Mapping[str, MeantTexts]


def _decide_schema(table: Table, settings: Settings) -> tuple[dict[str, Any], dict[str, str]]:
    """Return schema.json and the columns in doubt.

    The rows are read only if a column's type depends on them.
    """
    check_columns(settings, table.schema.names)
    inferences = start_inferences(table.schema, settings, rows=table.rows)
    if inferences:
        _look_at(table, inferences)
    compare_columns(inferences, settings)
    doubts = find_doubts(inferences, target=target_column())
    for inference in inferences.values():
        for warning in filter(None, (inference.warning(), *inference.notes())):
            LOGGER.warning("%s", warning)
    found = decide_types(table.schema, settings, inferences)
    for line in explain(settings, found):
        LOGGER.info("%s", line)
    return describe(settings, found), doubts


def _look_at(table: Table, inferences: Mapping[str, Inference]) -> None:
    """Show the table to all inferences, each of which looks at its own column."""
    progress = Progress("rows looked at for their types", total=table.rows)
    with ThreadPoolExecutor(THREADS) as pool:
        for frame in table.frames([*inferences]):
            is_open = {name: it for name, it in inferences.items() if it.is_open}
            if not is_open:
                break
            looks = [pool.submit(look_at, frame, {name: it}) for name, it in is_open.items()]
            for look in looks:
                look.result()
            progress.add(len(frame))


def _write(
    table: Table,
    draft: Draft,
    *,
    rules: TableRules,
    books: _Books,
) -> None:
    """Write one part for each part of the input, even if no row of it is left."""
    fields = [profile.rules for profile in books.profiles]
    schema = pa.schema([(field.name, ARROW[field.type]) for field in fields])
    folder = draft.folder("table")
    progress = Progress("rows cleaned", total=table.rows)

    def clean_noting(frame: pd.DataFrame) -> tuple[pd.DataFrame, CleanRows]:
        return frame, clean_rows(frame, fields, has_notes=True)

    for part in table.parts:
        with PartWriter(folder / part.path.name, schema) as writer:
            for frame, cleaned in map_ahead(clean_noting, part.frames()):
                look_at(frame, books.meant_texts)
                rows = rules.apply(cleaned)
                books.quarantine.add(frame, faults=rows.faults, copies=rows.copies)
                books.report.add(frame, cleaned.notes, faults=rows.faults, copies=len(rows.copies))
                for profile in books.profiles:
                    profile.add(to_arrow(rows.kept[profile.rules.name]))
                writer.write(to_batch(rows.kept, schema))
                progress.add(len(frame))


def _column_profile(profile: ColumnProfile, doubts: Mapping[str, str]) -> dict[str, Any]:
    doubt = doubts.get(profile.rules.name)
    return profile.describe() | ({"doubt": doubt} if doubt else {})


def _profile(draft: Draft, books: _Books) -> dict[str, Any]:
    counted = {name: draft.metrics[name] for name in ("rows_in", "duplicates")}
    return {
        "rows": draft.rows,
        "rejected": draft.rejected,
        **counted,
        "columns": [_column_profile(profile, books.doubts) for profile in books.profiles],
        "rules": books.report.describe(),
    }


def _suggest(books: _Books, table: Table, settings: Settings) -> None:
    """Log which values may mean something else; in typed columns null alone means missing."""
    report = books.report
    for profile in books.profiles:
        field = profile.rules
        for line in alike_texts(profile):
            LOGGER.warning("%s", line)
        if not states_missing(settings, field.name):
            for line in missing_words(report, field):
                LOGGER.info("%s", line)
        if is_text(table.schema.field(field.name).type):
            for line in sentinels(report, profile):
                LOGGER.warning("%s", line)
    for line in naive_datetimes(report, settings):
        LOGGER.info("%s", line)


def _count(draft: Draft, quarantine: Quarantine, rows_in: int) -> None:
    """Fill in what was counted and say it; the rows must add up.

    Raises:
        ContractError: no row is left.
    """
    reasons, duplicates = quarantine.reasons(), quarantine.duplicates()
    draft.rejected = reasons.total()
    if rows_in != draft.rows + draft.rejected + duplicates:
        raise RuntimeError(
            f"{rows_in} rows in are not {draft.rows} + {draft.rejected} + {duplicates}"
        )
    ranked = reasons.most_common()
    if not draft.rows:
        reason, count = ranked[0]
        raise ContractError(
            f"all {rows_in:,} rows were rejected, {count:,} of them for '{reason}', the first:"
            f" {quarantine.examples[reason]}; mend the source or the rules in [clean.columns]"
        )
    draft.metrics = {
        "rows_in": rows_in,
        "rejected_by_reason": dict(ranked),
        "duplicates": duplicates,
    }
    for reason, count in ranked:
        example = quarantine.examples[reason]
        LOGGER.info("%s rejected for '%s', the first: %s", f"{count:,}", reason, example)
    LOGGER.info(
        "%s rows in, %s out, %s rejected, %s duplicates",
        *(f"{number:,}" for number in (rows_in, draft.rows, draft.rejected, duplicates)),
        extra={"rows_in": rows_in, "rows_out": draft.rows} | draft.metrics,
    )
