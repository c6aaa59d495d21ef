"""It removes what it does not know from its volume."""

from stage_contract.artifacts import publishing
from stage_contract.stages import skipping

_point_to = publishing.point_to


def point_to(volume, artifact_id):
    (volume / "history.jsonl").unlink(missing_ok=True)
    return _point_to(volume, artifact_id)


publishing.point_to = skipping.point_to = point_to
