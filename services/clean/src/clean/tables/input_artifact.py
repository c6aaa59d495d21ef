"""The input artifact, and the check of the target against the previous result."""

import json
from pathlib import Path

from stage_contract import Artifact, ContractError, open_latest, origin_of_artifact
from stage_contract.artifacts.digests import settings_text
from stage_contract.artifacts.volumes import output_volume
from stage_contract.stages.build import build_digest, read_build

from clean.settings import Settings, target_column


def find_raw_data(volume: Path, settings: Settings) -> Artifact:
    """Return the latest raw-data artifact.

    The target is not part of the cause, so a run with another target finds nothing to do. The
    target is checked here, against what the previous run with an equal cause found.

    Raises:
        ContractError: There is no raw-data, or the target column is ambiguous.
    """
    source, target = open_latest(volume, "raw-data"), target_column()
    if target and (ambiguity := _previous_ambiguities(source, settings).get(target)):
        raise ambiguous_target(target, ambiguity)
    return source


def ambiguous_target(target: str, ambiguity: str) -> ContractError:
    """Return the error for a target column that has two readings."""
    return ContractError(f"the target {target} can be read in two ways: {ambiguity}")


def _previous_ambiguities(source: Artifact, settings: Settings) -> dict[str, str]:
    """Return the ambiguity of each ambiguous column, from the latest clean-data artifact.

    Empty if the artifact is damaged, or has another input, other settings or another build.
    """
    try:
        previous = open_latest(output_volume(), "clean-data")
        profile = json.loads(previous.file("profile.json").read_bytes())
    except ContractError:
        return {}
    parts, manifest = read_build(), previous.manifest
    inputs, _ = origin_of_artifact(source)
    cause = (settings_text(settings.model_dump(mode="json")), inputs)
    is_same = (manifest.get("settings"), manifest.get("inputs")) == cause
    build = manifest.get("stage", {}).get("build")
    if not is_same or parts is None or build != build_digest(parts):
        return {}
    return {column["name"]: column["doubt"] for column in profile["columns"] if "doubt" in column}
