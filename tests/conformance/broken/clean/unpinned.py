"""PINNED means nothing to it."""

from stage_contract.artifacts import publishing
from stage_contract.artifacts.volumes import write_text
from stage_contract.stages import skipping


def point_to(volume, artifact_id):
    write_text(volume / "LATEST", f"{artifact_id}\n")
    return True


publishing.point_to = skipping.point_to = point_to
