"""Finding the input, and whether what was made of it leaves the target in doubt."""

import json
from pathlib import Path

from stage_contract import Artifact, ContractError, open_latest, origin_of_artifact
from stage_contract.artifacts.digests import settings_text
from stage_contract.artifacts.volumes import output_volume
from stage_contract.stages.build import build_digest, read_build

from clean.settings import Settings, target_column


def find_raw_data(volume: Path, settings: Settings) -> Artifact:
    """Return the latest raw-data.

    The target is no part of the cause, so a run for another target finds nothing to do. It is
    checked here against what an equal cause gave before.

    Raises:
        ContractError: there is none, or the target can be read in two ways.
    """
    source, target = open_latest(volume, "raw-data"), target_column()
    if target and (doubt := _doubts_before(source, settings).get(target)):
        raise doubtful_target(target, doubt)
    return source


def doubtful_target(target: str, doubt: str) -> ContractError:
    """Return the error that says in which two ways the target can be read."""
    return ContractError(f"the target {target} can be read in two ways: {doubt}")


def _doubts_before(source: Artifact, settings: Settings) -> dict[str, str]:
    """Return the doubt of each column that the latest clean-data left texts, if it is of this run.

    Of another input, other settings or another build it says nothing.
    """
    try:
        made = open_latest(output_volume(), "clean-data")
    except ContractError:
        return {}
    parts, manifest = read_build(), made.manifest
    inputs, _ = origin_of_artifact(source)
    cause = (settings_text(settings.model_dump(mode="json")), inputs)
    is_same = (manifest.get("settings"), manifest.get("inputs")) == cause
    build = manifest.get("stage", {}).get("build")
    if not is_same or parts is None or build != build_digest(parts):
        return {}
    profile = json.loads(made.file("profile.json").read_bytes())
    return {it["name"]: it["doubt"] for it in profile["columns"] if "doubt" in it}
