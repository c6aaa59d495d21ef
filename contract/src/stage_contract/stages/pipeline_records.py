"""Pipeline records: what run.json says about each stage that led to an artifact, oldest first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stage_contract.artifacts.reading import Artifact
from stage_contract.artifacts.run_facts import read_run
from stage_contract.stages.definition import origin_of_artifact

type Record = dict[str, Any]

MAX_COLUMNS = 1_000
"""Maximum number of columns in a record."""

MAX_CHARACTERS = 200
"""Maximum length of a text in a record."""

_HIDDEN_CAUSE = "changed: settings of a private column"


def earlier_records(source: Artifact) -> list[Record]:
    """Return a record for each stage that led to an artifact, and for the artifact itself.

    The manifest says which stages and how many rows; run.json may say more about each of them.
    """
    run = read_run(source.path)
    records = run.get("pipeline")
    written = [
        _picked(record, _RECORD)
        for record in (records if isinstance(records, list) else [])
        if isinstance(record, dict)
    ]
    by_artifact = {_identity(record): record for record in written}
    _, lineage = origin_of_artifact(source)
    facts = [
        _picked(entry, _RECORD) for entry in lineage if isinstance(entry, dict) and "stage" in entry
    ]
    facts[-1] |= _picked(record_of_run(source.manifest, run), _RECORD)
    return [by_artifact.get(_identity(known), {}) | known for known in facts]


def record_of_run(manifest: Mapping[str, Any], run: Mapping[str, Any]) -> Record:
    """Return what a manifest and run.json say about the run that wrote them; None if unknown."""
    stage, metrics = manifest.get("stage", {}), manifest.get("metrics", {})
    return {
        "stage": stage.get("name"),
        "version": stage.get("version"),
        "kind": manifest.get("kind"),
        "id": manifest.get("id"),
        "content": manifest.get("content"),
        "finished": run.get("finished"),
        "seconds": run.get("seconds"),
        "rows": manifest.get("rows"),
        "rejected": metrics.get("rejected"),
        "rejected_by_reason": metrics.get("rejected_by_reason") or None,
        "duplicates": metrics.get("duplicates"),
    }


def pipeline_of(earlier: Sequence[Record], own: Record) -> list[Record]:
    """Return the records for run.json: bounded, and without values of a private column.

    A column is private if any record says so.
    """
    records = [*earlier, own]
    private = {
        _shortened(column["name"])
        for record in records
        for column in record.get("columns", [])
        if column.get("private")
    }
    return [_without_values(_bounded(record), private) for record in records]


def _identity(record: Record) -> tuple[object, ...]:
    return tuple(record.get(key) for key in ("stage", "kind", "content"))


def _bounded(record: Record) -> Record:
    """Return a record with the keys of the contract, at most MAX_COLUMNS columns, short texts."""
    total = len(record.get("columns", []))
    return _picked(record | ({"columns_total": total} if total > MAX_COLUMNS else {}), _RECORD)


def _without_values(record: Record, private: Iterable[str]) -> Record:
    shown = dict(record)
    if "columns" in record:
        shown["columns"] = [
            {key: value for key, value in column.items() if key not in _VALUES}
            if column["name"] in private
            else column
            for column in record["columns"]
        ]
    if any(f"settings.columns.{name}." in record.get("cause", "") for name in private):
        shown["cause"] = _HIDDEN_CAUSE
    return shown


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


type Read = Callable[[Any], Any]
"""Returns the value for the record, or None if it has another type than the contract says."""


def _picked(found: Mapping[str, Any], keys: Mapping[str, Read]) -> dict[str, Any]:
    """Return the keys of the contract, without values of another type."""
    read = {key: read(found[key]) for key, read in keys.items() if key in found}
    return {key: value for key, value in read.items() if value is not None}


def _text(value: Any) -> str | None:
    return _shortened(value) if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _number(value: Any) -> int | float | None:
    return value if type(value) in {int, float} else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _extreme(value: Any) -> int | float | str | None:
    return _text(value) if isinstance(value, str) else _number(value)


def _counts(value: Any) -> dict[str, int] | None:
    if not isinstance(value, dict):
        return None
    counts = {_shortened(key): _count(rows) for key, rows in value.items()}
    return {key: rows for key, rows in counts.items() if rows is not None}


def _columns(value: Any) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        return None
    columns = [_picked(column, _COLUMN) for column in value if isinstance(column, dict)]
    return [column for column in columns if "name" in column][:MAX_COLUMNS] or None


_VALUES = {"minimum": _extreme, "maximum": _extreme}

_COLUMN: Mapping[str, Read] = {
    "name": _text,
    "type": _text,
    "private": _flag,
    "missing": _count,
    "distinct": _count,
    "distinct_more_than": _count,
    **_VALUES,
    "became": _text,
}

_RECORD: Mapping[str, Read] = {
    "stage": _text,
    "version": _text,
    "kind": _text,
    "id": _text,
    "content": _text,
    "finished": _text,
    "seconds": _number,
    "cause": _text,
    "rows": _count,
    "rejected": _count,
    "rejected_by_reason": _counts,
    "duplicates": _count,
    "columns": _columns,
    "columns_total": _count,
}
