"""Reads raw-data batch by batch, cleans it, and writes clean-data."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from stage_contract import LOGGER, Artifact, ContractError, Draft, Progress, Rejects
from stage_contract.publishing import write_json

from clean.arrays import to_arrow, to_batch
from clean.arrow_types import ARROW
from clean.copies import Records, hash_rows
from clean.deciding import (
    check_columns,
    decide_types,
    describe,
    look_at,
    read_fields,
    start_inferences,
)
from clean.fields import Field
from clean.hashing import new_key
from clean.inference import Inference
from clean.parallel import THREADS, map_ahead
from clean.profile import ColumnProfile
from clean.quarantine import Quarantine
from clean.rows import CleanRows, clean_rows
from clean.settings import Settings
from clean.spill import Spill, open_spill
from clean.tables import Table, open_table


def clean(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, schema.json, profile.json and rejects/."""
    table = open_table(source)
    schema = _decide_schema(table, settings)
    fields = read_fields(schema)
    profiles = [ColumnProfile(field) for field in fields]
    with open_spill(draft.path, rows=table.rows) as spill, Rejects(draft.path) as rejects:
        if settings.duplicates == "drop":
            _find_copies(table, fields, spill=spill)
        quarantine = Quarantine(rejects, fields)
        _write(table, draft, profiles=profiles, spill=spill, quarantine=quarantine)
    draft.rows = profiles[0].rows
    _count(draft, quarantine, table.rows)
    write_json(draft.path / "schema.json", schema)
    columns = [profile.describe() for profile in profiles]
    write_json(draft.path / "profile.json", {"rows": draft.rows, "columns": columns})


def _decide_schema(table: Table, settings: Settings) -> dict[str, Any]:
    """Return schema.json; the rows are read only if a column's type depends on them."""
    check_columns(settings, table.schema.names)
    inferences = start_inferences(table.schema, settings, rows=table.rows)
    if inferences:
        _look_at(table, inferences)
    for inference in inferences.values():
        if warning := inference.warning():
            LOGGER.warning("%s", warning)
    return describe(settings, decide_types(table.schema, settings, inferences))


def _look_at(table: Table, inferences: Mapping[str, Inference]) -> None:
    progress = Progress("rows looked at for their types", total=table.rows)
    with ThreadPoolExecutor(THREADS) as pool:
        for frame in table.frames():
            looks = [
                pool.submit(look_at, frame, {name: inference})
                for name, inference in inferences.items()
            ]
            for look in looks:
                look.result()
            progress.add(len(frame))


def _find_copies(table: Table, fields: Sequence[Field], *, spill: Spill) -> None:
    progress = Progress("rows compared", total=table.rows)
    key = new_key()

    def hashed(frame: pd.DataFrame) -> tuple[int, Records]:
        return len(frame), hash_rows(clean_rows(frame, fields).right, key=key)

    for rows, records in map_ahead(hashed, table.frames()):
        spill.add(records)
        progress.add(rows)
    spill.find_copies()


def _write(
    table: Table,
    draft: Draft,
    *,
    profiles: Sequence[ColumnProfile],
    spill: Spill,
    quarantine: Quarantine,
) -> None:
    """Write one part for each part of the input, even if no row of it is left."""
    fields = [profile.rules for profile in profiles]
    schema = pa.schema([(field.name, ARROW[field.type]) for field in fields])
    folder = draft.folder("table")
    progress = Progress("rows cleaned", total=table.rows)

    def cleaned(frame: pd.DataFrame) -> tuple[pd.DataFrame, CleanRows]:
        return frame, clean_rows(frame, fields)

    for part in table.parts:
        path = folder / part.path.name
        # The schema as Arrow metadata says nothing that a reader in another language could use.
        with parquet.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
            for frame, rows in map_ahead(cleaned, part.frames()):
                copies = spill.copies(rows.right.index)
                kept = rows.right.drop(copies.index)
                quarantine.add(frame, faults=rows.faults, copies=copies)
                for profile in profiles:
                    profile.add(to_arrow(kept[profile.rules.name]))
                writer.write_batch(to_batch(kept, schema))
                progress.add(len(frame))


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
