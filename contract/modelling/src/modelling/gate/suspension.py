"""Suspension: why a new model is not compared with an older one.

A model that was trained on other columns or rows, or on a leak, may score better and yet be worse.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stage_contract import Artifact
from stage_contract.stages.selection import changed_selection, selection_of

from modelling.data.feature_data import FeatureData

_SPLIT_KEYS = ("kind", "column", "test_share", "seed")
"""Keys of model.json that describe a split by settings; the boundary of a time split comes from the
rows."""


@dataclass(frozen=True)
class Suspension:
    """Why two models are not compared, and the stages whose changes are unknown."""

    reasons: tuple[str, ...]
    """Reasons; empty if the models are compared."""
    unknown_stages: tuple[str, ...]
    """Stages for which it is unknown whether their settings changed."""


def find_suspension(
    older: Artifact, document: Mapping[str, Any], new: Mapping[str, Any], data: FeatureData
) -> Suspension:
    """Return why a new model is not compared with an older one; given by their model.json.

    New rows in the source are not a reason. The settings come from run.json; if they are not
    recorded, split and columns are compared by model.json.
    """
    before, now = selection_of(older), selection_of(data.artifact)
    reasons = [*_leaks(document), *changed_selection(before, now)]
    if "features" not in before or "features" not in now:
        reasons += _changed_split(document["split"], new["split"])
        excluded = excluded_columns(document, data)
        reasons += [f"its column '{name}' is excluded now" for name in excluded]
    unknown_stages = (
        stage for stage in _stages(data.artifact) if not (stage in before and stage in now)
    )
    return Suspension(tuple(reasons), tuple(unknown_stages))


def _leaks(document: Mapping[str, Any]) -> Iterator[str]:
    for leak in document.get("leaks", []):
        yield f"its column '{leak['column']}' says the target by itself, which may be a leak"


def _changed_split(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in _SPLIT_KEYS:
        if before.get(key) != now.get(key):
            yield f"split.{key} {_show(before.get(key))} → {_show(now.get(key))}"


def excluded_columns(document: Mapping[str, Any], data: FeatureData) -> list[str]:
    """Return the input columns of an older model that are now excluded."""
    used = {field["name"] for field in document["signature"]["fields"]}
    excluded = (column.name for column in data.problem.columns if column.role == "excluded")
    return [name for name in excluded if name in used]


def _stages(artifact: Artifact) -> list[str]:
    """Return the stages between the source and the model."""
    own = artifact.manifest.get("stage", {}).get("name")
    lineage = artifact.manifest.get("lineage", [])
    names = [*(entry.get("stage") for entry in lineage), own]
    return [name for name in names if name]


def _show(value: object) -> str:
    return "unset" if value is None else json.dumps(value, ensure_ascii=False)
