"""The lineage of a model: its source, the stages in between, and the rows that each stage kept."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelling.data.feature_data import FeatureData
from stage_contract import origin_of_artifact

MAX_REASONS = 20
HIDDEN = "(private)"


@dataclass(frozen=True)
class Source:
    """A file or URL that rows were read from."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Step:
    """The rows that one stage read, kept and rejected."""

    stage: str
    kind: str
    content: str
    rows: int
    rejected: int
    duplicates: int
    reasons: Sequence[tuple[str, int]]
    """Rejected rows by reason, most frequent first; empty if the stage did not count them."""
    other_reasons: int
    """Number of rows with reasons that are not listed."""


@dataclass(frozen=True)
class Origin:
    """The lineage from the source to feature-data."""

    sources: Sequence[Source]
    steps: Sequence[Step]


def trace(data: FeatureData) -> Origin:
    """Return the lineage of feature-data, itself included."""
    _inputs, lineage = origin_of_artifact(data.artifact)
    sources = [Source(e["source"], e["bytes"], e["sha256"]) for e in lineage if "source" in e]
    entries = [entry for entry in lineage if "stage" in entry]
    before = [None, *(entry["rows"] for entry in entries)]
    steps = [_step(entry, rows_in) for entry, rows_in in zip(entries, before, strict=False)]
    return Origin(sources, steps)


def show_settings(settings: Mapping[str, Any], *, private: Iterable[str] = ()) -> list[str]:
    """Return settings as lines of TOML; settings of private columns are hidden."""
    hidden = set(private)
    columns = settings.get("columns")
    if isinstance(columns, dict):
        shown = {name: HIDDEN if name in hidden else rule for name, rule in columns.items()}
        settings = {**settings, "columns": shown}
    return [f"{key} = {_toml(value)}" for key, value in settings.items() if value is not None]


def settings_of_features(data: FeatureData) -> dict[str, Any]:
    """Return the settings that feature-data was made with; empty if they are not JSON."""
    try:
        found = json.loads(data.artifact.manifest.get("settings", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _step(entry: Mapping[str, Any], rows_in: int | None) -> Step:
    rejected = entry.get("rejected") or 0
    counted = entry.get("rejected_by_reason") or {}
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return Step(
        entry["stage"],
        entry["kind"],
        entry["content"],
        rows=entry["rows"],
        rejected=rejected,
        duplicates=0 if rows_in is None else max(0, rows_in - entry["rows"] - rejected),
        reasons=ranked[:MAX_REASONS],
        other_reasons=sum(rows for _, rows in ranked[MAX_REASONS:]),
    )


def _toml(value: object) -> str:
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if item is not None}
        items = (f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in known.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
