"""Replaying: how many trials a budget let pass when the same cause was worked on before."""

import json

from stage_contract import LOGGER, Draft
from stage_contract.publishing import made_before


def trials_before(draft: Draft) -> int | None:
    """Return how many trials led to the model of the same cause; None if there is none."""
    artifact = made_before(draft)
    if artifact is None:
        return None
    trials = int(json.loads(artifact.file("model.json").read_bytes())["search"]["trials"])
    LOGGER.info(
        "makes %d trials, whatever the budget: as many as model %s was chosen from",
        trials,
        artifact.id,
        extra={"trials": trials, "replays": artifact.id},
    )
    return trials
