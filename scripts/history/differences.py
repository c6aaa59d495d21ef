"""`make diff`: two artifacts of one kind side by side, as data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stage_contract import Artifact, SettingsError
from stage_contract.stages.causes import build_of, flat

from history.schemas import columns_of, estimator_of, problem_of
from history.volumes import facts, published

type Values = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """Two artifacts and their values, by section."""

    a: Artifact
    b: Artifact
    sections: dict[str, tuple[Values, Values]]

    def as_json(self) -> dict[str, Any]:
        """Return the values that differ, and all metrics."""
        found = {
            section: {
                name: {"a": old.get(name), "b": new.get(name)}
                for name in names(old, new)
                if section == "metrics" or old.get(name) != new.get(name)
            }
            for section, (old, new) in self.sections.items()
        }
        return {"kind": self.a.kind, "a": self.a.path.name, "b": self.b.path.name} | found


def compare(a: Artifact, b: Artifact) -> Difference:
    """Return two artifacts side by side.

    Raises:
        SettingsError: they are of different kinds.
    """
    if a.kind != b.kind:
        raise SettingsError(
            f"A={a.path.name} is {a.kind}, B={b.path.name} is {b.kind}; expected two of one kind"
        )
    read = {
        "run": _run,
        "inputs": _inputs,
        "settings": _settings,
        "build": _build,
        "schema": columns_of,
        "problem": problem_of,
        "estimator": estimator_of,
        "metrics": _metrics,
        "files": _files,
    }
    return Difference(a, b, {section: (take(a), take(b)) for section, take in read.items()})


def names(old: Values, new: Values) -> list[str]:
    """Return the names that either has, in the order of the first, then of the second."""
    return [*old, *(name for name in new if name not in old)]


def _run(artifact: Artifact) -> Values:
    run = facts(artifact.path / "run.json")
    return {"published": published(artifact.path), "seconds": run.get("seconds")}


def _inputs(artifact: Artifact) -> Values:
    return {
        str(item.get("kind") or item.get("source")): item.get("content") or item.get("sha256")
        for item in artifact.manifest.get("inputs", [])
    }


def _settings(artifact: Artifact) -> Values:
    text = artifact.manifest.get("settings", "{}")
    try:
        return flat(json.loads(text))
    except ValueError:
        # A foreign image may have written any text.
        return {"": text}


def _build(artifact: Artifact) -> Values:
    stage = artifact.manifest.get("stage", {})
    return {"stage": f"{stage.get('name', '?')} {stage.get('version', '')}"} | (
        build_of(artifact.path) or {"digest": stage.get("build")}
    )


def _metrics(artifact: Artifact) -> Values:
    """Return the counts and scores in the manifest; a model's scores with their intervals."""
    counted = {"rows": artifact.rows} | flat(artifact.manifest.get("metrics", {}))
    scored = facts(artifact.path / "model.json").get("metrics", {})
    return counted | {name: metric for name, metric in scored.items() if name in counted}


def _files(artifact: Artifact) -> Values:
    return {
        entry["path"]: {"bytes": entry["bytes"], "sha256": entry["sha256"]}
        for entry in artifact.manifest["files"]
    }
