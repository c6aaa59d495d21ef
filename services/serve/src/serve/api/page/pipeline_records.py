"""Pipeline records: the runs that led to the live model, and whether their digests link."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from stage_contract import Artifact, ContractError
from stage_contract.artifacts.digests import artifact_id
from stage_contract.artifacts.run_facts import RUN
from stage_contract.stages.pipeline_records import MAX_COLUMNS

from serve.api.page.documents import Count, Seconds, Time, Whole, check_times, read_document
from serve.api.page.published_model import open_manifest

MAX_STAGES = 20
"""Maximum number of stages of a pipeline that the page shows."""

_MAX_MANIFEST_BYTES = 4 * 1024 * 1024
_MAX_RUN_BYTES = 4 * 1024 * 1024


class Column(msgspec.Struct, frozen=True):
    """What a stage recorded of a column; without values if the column is private."""

    name: str
    type: str = ""
    private: bool = False
    missing: Count | None = None
    distinct: Count | None = None
    distinct_more_than: Count | None = None
    minimum: Whole | float | str | None = None
    maximum: Whole | float | str | None = None
    became: str = ""


class Record(msgspec.Struct, frozen=True):
    """The run of a stage; what an older stage did not record is missing."""

    stage: str
    kind: str
    content: str
    version: str = ""
    id: str = ""
    finished: Time | None = None
    seconds: Seconds | None = None
    cause: str = ""
    rows: Count | None = None
    rejected: Count | None = None
    rejected_by_reason: dict[str, Count] = {}
    duplicates: Count | None = None
    columns: Annotated[tuple[Column, ...], msgspec.Meta(max_length=MAX_COLUMNS)] = ()
    columns_total: Count | None = None

    def __post_init__(self) -> None:
        check_times(self.finished)


class Source(msgspec.Struct, frozen=True):
    """A file or address that rows were read from."""

    source: str
    sha256: str
    bytes: Count | None = None


class _Run(msgspec.Struct, frozen=True):
    """The part of run.json that the page shows."""

    pipeline: Annotated[tuple[Record, ...], msgspec.Meta(max_length=MAX_STAGES)] = ()
    finished: Time | None = None
    seconds: Seconds | None = None

    def __post_init__(self) -> None:
        check_times(self.finished)


@dataclass(frozen=True)
class Pipeline:
    """The way from the source to a model, oldest stage first."""

    sources: Sequence[Source]
    records: Sequence[Record]
    broken: Mapping[str, str]
    """By stage, why it is not linked to the stage before."""
    damage: str
    """Why the facts of the runs are not shown; empty if they are."""


def read_pipeline(path: Path) -> Pipeline:
    """Return the records of a model's stages; the model's own is the last.

    The manifest says which stages and how many rows; run.json says more since contract 1.3.

    Raises:
        ContractError: The manifest is too large or malformed.
    """
    artifact = open_manifest(path, max_bytes=_MAX_MANIFEST_BYTES)
    damage = ""
    try:
        run = _read_run(path)
    except ContractError as error:
        run, damage = _Run(), f"{error}, so causes and durations are unknown"
    sources, known = _lineage(artifact)
    written = {(record.stage, record.kind): record for record in run.pipeline}
    records = [_joined(record, written.get((record.stage, record.kind))) for record in known]
    if records[-1].finished is None:
        records[-1] = msgspec.structs.replace(
            records[-1], finished=run.finished, seconds=run.seconds
        )
    broken = dict(reversed([*_broken_links(artifact, sources, known, written)]))
    return Pipeline(sources, records, broken, damage)


def _read_run(path: Path) -> _Run:
    try:
        return read_document(path / RUN, _Run, max_bytes=_MAX_RUN_BYTES)
    except FileNotFoundError:
        return _Run()


def read_lineage(path: Path) -> list[Record]:
    """Return what the manifest of a model says about its stages; the model's own is the last.

    Raises:
        ContractError: The manifest is too large or malformed.
    """
    _sources, stages = _lineage(open_manifest(path, max_bytes=_MAX_MANIFEST_BYTES))
    return stages


def _lineage(artifact: Artifact) -> tuple[list[Source], list[Record]]:
    """Return what the manifest says: the sources, and the stages up to the artifact itself."""
    manifest = artifact.manifest
    entries = manifest.get("lineage", [])
    own = {
        "stage": manifest.get("stage", {}).get("name", ""),
        "version": manifest.get("stage", {}).get("version", ""),
        "kind": artifact.kind,
        "id": artifact.id,
        "content": artifact.content,
        "rows": artifact.rows,
        "rejected": manifest.get("metrics", {}).get("rejected"),
        "rejected_by_reason": manifest.get("metrics", {}).get("rejected_by_reason") or {},
    }
    try:
        sources = [entry for entry in entries if "source" in entry]
        stages = [entry for entry in entries if "stage" in entry]
        if len(stages) >= MAX_STAGES:
            raise ContractError(f"manifest.json: its lineage has {len(stages):,} stages, too many")
        return (
            msgspec.convert(sources, list[Source]),
            msgspec.convert([*stages, own], list[Record]),
        )
    except (msgspec.ValidationError, TypeError):
        raise ContractError("manifest.json: its lineage or metrics are malformed") from None


def _joined(known: Record, written: Record | None) -> Record:
    """Return a record of run.json, if it is about the artifact that the manifest knows."""
    if written is None or written.content != known.content:
        return known
    return msgspec.structs.replace(
        written,
        rows=known.rows if written.rows is None else written.rows,
        rejected=known.rejected if written.rejected is None else written.rejected,
        rejected_by_reason=written.rejected_by_reason or known.rejected_by_reason,
    )


def _broken_links(
    artifact: Artifact,
    sources: Sequence[Source],
    known: Sequence[Record],
    written: Mapping[tuple[str, str], Record],
) -> Iterator[tuple[str, str]]:
    """Yield stages that are not linked to their input, with the reason."""
    if not sources:
        yield known[0].stage, "the manifest names no source"
    for record in known:
        other = written.get((record.stage, record.kind))
        if other is not None and other.content != record.content:
            yield (
                record.stage,
                f"run.json says content {other.content[:12]}, the manifest {record.content[:12]}",
            )
    *_, own = known
    inputs = _inputs(artifact.manifest)
    expected = [(record.kind, record.content) for record in known[-2:-1]]
    if inputs != expected:
        yield own.stage, f"made from {_named(inputs)}, but the lineage ends with {_named(expected)}"
    build = artifact.manifest.get("stage", {}).get("build")
    settings = artifact.manifest.get("settings", "{}")
    if build is not None and artifact.id != artifact_id(
        artifact.kind, build=str(build), settings=settings, inputs=inputs
    ):
        yield own.stage, f"the id {artifact.id} is not the digest of its inputs and settings"


def _named(artifacts: Sequence[tuple[str, str]]) -> str:
    named = ", ".join(f"{kind} {content[:12]}" for kind, content in artifacts)
    return named or "the source"


def _inputs(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (str(entry.get("kind")), str(entry.get("content")))
        for entry in manifest.get("inputs", [])
        if isinstance(entry, dict)
    ]
