"""PINNED means nothing to it."""

from stage_contract import publishing, running
from stage_contract.volumes import write_text


def point_to(volume, artifact_id):
    write_text(volume / "LATEST", f"{artifact_id}\n")
    return True


publishing.point_to = running.point_to = point_to
