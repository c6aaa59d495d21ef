"""A model's documents as MLflow's parameters, metrics and tags. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stage_contract.stages.causes import flat

from track.published import Published

PREFIX: Final = "stagecoach."
MODEL_ID: Final = f"{PREFIX}model_id"
TRIAL_OF: Final = f"{PREFIX}trial_of"
_MAX_PARAMETER_CHARACTERS: Final = 6000
_MAX_TAG_CHARACTERS: Final = 5000
_MAX_KEY_CHARACTERS: Final = 250
_MAX_SOURCE_CHARACTERS: Final = 500
"""Limits of MLflow's servers."""

_FORBIDDEN: Final = re.compile(r"[^\w.\- :]")
"""Characters that are not allowed in a key. MLflow allows / in some positions only."""


def parameters(model: Published) -> dict[str, str]:
    """Return train's settings, the estimator and its hyperparameters, as texts."""
    estimator = model.document["estimator"]
    found = {f"train.{key}": value for key, value in flat(model.settings).items()}
    found |= {"estimator": estimator["name"], "library": estimator["library"]}
    found |= _hyperparameters(estimator)
    found |= {"task": model.document["task"], "rows": model.artifact.rows}
    for part in ("search", "calibration", "decision", "interval", "quantiles"):
        found |= {f"{part}.{key}": value for key, value in _plain(model.document.get(part))}
    return _named({key: _text(value)[:_MAX_PARAMETER_CHARACTERS] for key, value in found.items()})


def metrics(model: Published) -> dict[str, float]:
    """Return each held-out metric with both ends of its interval, and the baseline's."""
    found: dict[str, float] = {}
    for name, metric in model.document["metrics"].items():
        found |= {name: metric["value"]}
        found |= {f"{name}_{end}": metric[end] for end in ("low", "high")}
    for name, metric in model.document["baseline"].items():
        found[f"dummy_{name}"] = metric["value"] if isinstance(metric, dict) else metric
    parity = model.document["parity"]
    return _named(found | {"parity_max_difference": parity["max_difference"]})


def tags(model: Published) -> dict[str, str]:
    """Return ids, content digests of the lineage, and the gate's verdict."""
    manifest = model.artifact.manifest
    found = {
        MODEL_ID: model.id,
        f"{PREFIX}content": model.artifact.content,
        f"{PREFIX}contract": str(manifest["contract"]),
        f"{PREFIX}target": str(model.document["target"]["name"]),
        f"{PREFIX}lineage": json.dumps(manifest.get("lineage", []), ensure_ascii=False),
    }
    stage = manifest.get("stage", {})
    found |= {
        f"{PREFIX}train.{key}": str(stage[key]) for key in ("version", "build") if key in stage
    }
    for entry in manifest.get("lineage", []):
        if "kind" in entry:
            found[f"{PREFIX}{entry['kind']}"] = str(entry["content"])
    found |= gate_tags(model)
    return {key: value[:_MAX_TAG_CHARACTERS] for key, value in found.items()}


def gate_tags(model: Published) -> dict[str, str]:
    """Return the tags that may change after a model was logged: a refused model can be accepted."""
    if model.refusal:
        return {
            f"{PREFIX}gate": "refused",
            f"{PREFIX}gate.reasons": model.refusal[:_MAX_TAG_CHARACTERS],
        }
    override = model.verdict.get("override")
    if isinstance(override, dict):
        who = f"{override.get('who', '')}: {override.get('why', '')}"
        return {
            f"{PREFIX}gate": "accepted by hand",
            f"{PREFIX}gate.override": who[:_MAX_TAG_CHARACTERS],
        }
    return {f"{PREFIX}gate": "accepted"}


def sources(model: Published) -> list[tuple[str, str]]:
    """Return the source tables with their SHA-256.

    A long name is truncated; the tag `stagecoach.lineage` holds more of it, the manifest all.
    """
    lineage = model.artifact.manifest.get("lineage", [])
    found = [(str(e["source"]), str(e.get("sha256", ""))) for e in lineage if "source" in e]
    return [(name[:_MAX_SOURCE_CHARACTERS], digest) for name, digest in found]


def trials(model: Published) -> Iterator[tuple[str, dict[str, str], dict[str, float]]]:
    """Yield each trial of the cross-validation, best first: name, parameters, metrics."""
    for number, trial in enumerate(model.document["candidates"], start=1):
        metric = trial.get("metric") or model.metric or "score"
        values = {f"cv_{metric}": trial["score"], f"cv_{metric}_deviation": trial["deviation"]}
        given = _named({"estimator": str(trial["name"])} | _hyperparameters(trial))
        if trial.get("pruned"):
            given["pruned"] = "after the first fold"
        yield f"{number}. {trial['name']}", given, values


def _hyperparameters(estimator: Mapping[str, Any]) -> dict[str, str]:
    named = flat(estimator["hyperparameters"]) if estimator["hyperparameters"] else {}
    return {f"hyperparameters.{key}": _text(value) for key, value in named.items()}


def _plain(part: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a part of model.json with a single value."""
    for key, value in (part or {}).items():
        if not isinstance(value, dict | list):
            yield key, value


def _named[T](found: Mapping[str, T]) -> dict[str, T]:
    """Return the same values under valid MLflow keys; equal keys are numbered."""
    named: dict[str, T] = {}
    for key, value in found.items():
        name = plain = _FORBIDDEN.sub("_", key)[:_MAX_KEY_CHARACTERS]
        number = 1
        while name in named:
            number += 1
            end = f"_{number}"
            name = plain[: _MAX_KEY_CHARACTERS - len(end)] + end
        named[name] = value
    return named


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
