"""What a model's traffic is compared with: bins of reference.json, importance of model.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract import ContractError, open_artifact

from monitor.drift.alerts import Reference

PREDICTIONS = "predictions"


@dataclass(frozen=True)
class ModelReference:
    """The references of one model, by column."""

    columns: Mapping[str, Reference] = field(default_factory=dict)
    predictions: Reference | None = None
    importance: Mapping[str, float] = field(default_factory=dict)
    """What the metric loses when a column is shuffled; empty for a model before contract 1.3."""
    problem: str = ""
    """Why nothing can be compared, or empty."""


def read_reference(volume: Path, model: str) -> ModelReference:
    """Read the reference of a model by id; a missing or damaged one has a `problem`."""
    if "/" in model or not (volume / model).is_dir():
        return ModelReference(problem="the model is not on the volume; it may have been pruned")
    try:
        artifact = open_artifact(volume / model, "model")
        reference = json.loads(artifact.file("reference.json").read_bytes())
        document = json.loads(artifact.file("model.json").read_bytes())
        columns = {
            entry["name"]: found
            for entry in reference.get("columns", [])
            if (found := _reference(entry.get("bins"), has_missing=True))
        }
        predictions = _reference((reference.get(PREDICTIONS) or {}).get("bins"), has_missing=False)
        importance = {
            entry["name"]: float(entry["loss"])
            for entry in (document.get("importance") or {}).get("columns", [])
        }
    except ContractError as error:
        return ModelReference(problem=str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return ModelReference(problem=f"reference.json or model.json is damaged ({error!r})")
    if not columns and predictions is None:
        return ModelReference(problem="the model has no bins; train again with contract 1.4")
    return ModelReference(columns, predictions, importance)


def _reference(bins: Mapping[str, Any] | None, *, has_missing: bool) -> Reference | None:
    """Return held-out counts, or training counts if there are no held-out rows."""
    if not bins:
        return None
    training, held_out = bins.get("training") or [], bins.get("held_out") or []
    counts = held_out if sum(held_out) else training
    if not sum(counts):
        return None
    rows = sum(training[:-1]) if has_missing else 0
    if "edges" in bins:
        return Reference("edges", counts, rows, has_missing=has_missing)
    if "values" in bins:
        return Reference("values", counts, 0, has_missing=has_missing)
    return Reference("present", counts, 0, has_missing=has_missing)
