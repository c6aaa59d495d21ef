"""Scoring one table: read, clean, predict and write, chunk by chunk."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
from stage_contract import LOGGER, ContractError, Progress, SettingsError, open_latest
from stage_contract.commands import make_command

from serve.batch.arguments import Job
from serve.batch.chunks import Table
from serve.batch.cleaning import Cleaner
from serve.batch.columns import check_types, choose_columns
from serve.batch.csv_tables import CsvTable
from serve.batch.output import DELIMITER_BY_EXTENSION, open_writer, replace_on_success
from serve.batch.parquet_tables import MAGIC, ParquetTable
from serve.batch.predictions import Predicted, PredictionColumns, Predictor
from serve.batch.rejects import Rejects
from serve.codecs.rows import Rows
from serve.model.admission import Bounds
from serve.model.models import Model, load_model
from serve.runtime.resources import cpu_share
from serve.source.file_formats import SourceFormat, read_formats

_NO_BOUNDS: Final = Bounds(max_latency_ms=math.inf, max_model_mb=math.inf)
_CHUNKS_AHEAD: Final = 2
"""Maximum number of chunks in the graph while the next one is read."""
_ARCHIVE_SIGNATURES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of ZIP and OLE files, which workbooks are."""


def score(job: Job, volume: Path) -> None:
    """Write the table with predictions, and the rejected rows beside it.

    Raises:
        ContractError: The table or the model is invalid, or no row can be scored.
        SettingsError: A column to keep is absent, or a number has no likeliest classes.
    """
    started = time.monotonic()
    artifact = open_latest(volume, "model")
    with artifact.hold():
        model = load_model(artifact, name="batch", max_rows=1, bounds=_NO_BOUNDS)
        if job.top_k is not None and model.description.classes is None:
            expected = "expected a model with classes; this one predicts a number"
            raise SettingsError(f"TOP_K={job.top_k}: {expected}")
        table = _open(job, model.rows, read_formats(artifact.manifest))
        keep = choose_columns(job, table.names, model.rows)
        read = [name for name in table.names if name in model.rows.rules]
        check_types(job, table.schema(read), model.rows)
        private = model.description.signature.private_names
        with (
            replace_on_success(job.rejects) as aside,
            replace_on_success(job.target) as result,
            Rejects(aside, keep=keep, private=private) as rejects,
        ):
            scored = _Scoring(job, model, table, keep).run(result, rejects)
            if not scored:
                result.unlink()
    _report(job, model, rejects, scored=scored, seconds=time.monotonic() - started)


class _Scoring:
    """The scoring of one table with one model."""

    def __init__(self, job: Job, model: Model, table: Table, keep: list[str]) -> None:
        self._table = table
        self._keep = keep
        self._delimiter = DELIMITER_BY_EXTENSION.get(job.target.suffix)
        self._model = model
        self._read = [name for name in table.names if name in keep or name in model.rows.rules]
        used = {*model.rows.known, *keep}
        self._columns = PredictionColumns(
            model.response_writer,
            model.description,
            used,
            top_k=job.top_k,
            explained=model.explainer.columns if job.explains else None,
        )
        self._explains = job.explains

    def run(self, path: Path, rejects: Rejects) -> int:
        """Return the number of scored rows."""
        kept = self._table.schema(self._keep)
        predicted = self._columns.schema(as_texts=self._delimiter is not None)
        schema = pa.schema([*kept, *predicted])
        scored = 0
        header = self._header(schema.names)
        with open_writer(path, schema, delimiter=self._delimiter, header=header) as writer:
            for rows in self._predicted(rejects):
                prediction, explanation = rows.result()
                arrays = self._columns.arrays(
                    prediction, explanation, as_texts=self._delimiter is not None
                )
                columns = [*rows.kept.columns, *arrays]
                writer.write(pa.RecordBatch.from_arrays(columns, schema=schema))
                scored += rows.kept.num_rows
        return scored

    def _header(self, names: Sequence[str]) -> list[str]:
        """Return the names of a CSV result's columns; kept columns have the names of the table."""
        written = dict(zip(self._table.names, self._table.header or self._table.names, strict=True))
        kept = [written[name] for name in self._keep]
        return [*kept, *names[len(kept) :]]

    def _predicted(self, rejects: Rejects) -> Iterator[Predicted]:
        """Yield chunks in order; the graph runs some chunks behind the reader."""
        cleaner = Cleaner(self._model.description.signature, self._model.rows.rules)
        progress = Progress("rows read", total=self._table.rows)
        waiting: deque[Predicted] = deque()
        count = max(1, int(cpu_share()))
        pa.set_cpu_count(count)
        with ThreadPoolExecutor(count) as pool:
            predictor = Predictor(self._model, pool, explains=self._explains)
            for chunk in self._table.chunks(self._read, rejects.add_malformed):
                cleaned = cleaner.clean(chunk.batch)
                rejects.add(chunk, cleaned)
                kept = chunk.batch.select(self._keep)
                if cleaned.rejections:
                    kept = kept.filter(pa.array(cleaned.is_right))
                if kept.num_rows:
                    waiting.append(predictor.start(kept, cleaned.feed))
                if len(waiting) > _CHUNKS_AHEAD:
                    yield waiting.popleft()
                progress.add(chunk.batch.num_rows)
            yield from waiting


def _open(job: Job, rows: Rows, formats: Sequence[SourceFormat]) -> Table:
    with job.source.open("rb") as stream:
        start = stream.read(len(MAGIC))
    if start in _ARCHIVE_SIGNATURES:
        raise ContractError(
            f"{job.name}: is a workbook or a ZIP file; expected CSV or Parquet, convert a workbook"
            f" as {make_command('score')} does, with ingest convert"
        )
    return ParquetTable(job, rows) if start == MAGIC else CsvTable(job, rows, formats)


def _report(job: Job, model: Model, rejects: Rejects, *, scored: int, seconds: float) -> None:
    aside = (
        f"{rejects.count:,} rejected to {job.rejects.name}" if rejects.count else "none rejected"
    )
    if not scored:
        why = f"all of them {aside}, the first: {rejects.first}" if rejects.count else "it has none"
        raise ContractError(f"{job.name}: no row could be scored, {why}")
    beyond = sum(sum(kind.values()) for kind in model.row_counts.outside_training().values())
    LOGGER.info(
        "%s of %s rows scored with model %s, %s, %s values beyond training: %s  %.1f s, %s rows/s",
        f"{scored:,}",
        f"{scored + rejects.count:,}",
        model.id,
        aside,
        f"{beyond:,}",
        job.target.name,
        seconds,
        f"{scored / seconds:,.0f}",
        extra={
            "model": model.id,
            "rows": scored + rejects.count,
            "scored": scored,
            "rejected": rejects.count,
            "beyond_training": beyond,
            "seconds": round(seconds, 3),
        },
    )
