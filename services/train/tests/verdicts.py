"""The verdict of the gate: verdict.json, checked against its schema."""

import json
from pathlib import Path
from typing import Any

from conftest import TrainStage
from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[3] / "contract/schemas/verdict.schema.json"


def verdict(stage: TrainStage, artifact_id: str = "") -> dict[str, Any]:
    path = stage.root / "model" / (artifact_id or refused(stage) or stage.artifact().id)
    found: dict[str, Any] = json.loads((path / "verdict.json").read_bytes())
    Draft202012Validator(json.loads(SCHEMA.read_bytes())).validate(found)
    return found


def refused(stage: TrainStage) -> str:
    path = stage.root / "model/REFUSED"
    return path.read_text().strip() if path.exists() else ""


def check(stage: TrainStage, name: str) -> dict[str, Any]:
    (found,) = (each for each in verdict(stage)["checks"] if each["check"] == name)
    return dict(found)
