"""Predecessors: kept models that were live since the current series of comparisons began."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.history import read_actions
from stage_contract.artifacts.reading import check_sizes
from stage_contract.artifacts.verdicts import read_verdict

MAX_PREDECESSORS = 5
"""Maximum number of predecessors; bounds the time, as each one predicts all held-out rows."""


def find_predecessors(live: Artifact) -> Iterator[Artifact]:
    """Yield the models that were live before the live one, newest first.

    The oldest of them started the current series of comparisons: the first model, a model without a
    comparison, a model that was accepted by hand, or a model that was rolled back to.
    """
    volume = live.path.parent
    actions = read_actions(volume)
    seen, name = {live.id}, _previous_live(live.id, read_verdict(live.path), actions)
    while name and name not in seen and len(seen) <= MAX_PREDECESSORS:
        seen.add(name)
        try:
            model = open_artifact(volume / name, "model")
            check_sizes(model)
        except ContractError:
            # Pruned or damaged, so older models are unknown.
            return
        yield model
        name = _previous_live(name, read_verdict(model.path), actions)


def _previous_live(
    name: str, verdict: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]
) -> str | None:
    """Return the model that was live before this one in the same series."""
    for action in reversed(actions):
        if action.get("id") != name:
            continue
        if action.get("action") != "unpin":
            return None
        if action.get("previous") != name:
            previous = action.get("previous")
            return str(previous) if previous else None
    if "override" in verdict or not _was_compared(verdict):
        return None
    live = verdict.get("judged", {}).get("live")
    return str(live) if live else None


def _was_compared(verdict: Mapping[str, Any]) -> bool:
    checks = verdict.get("checks", [])
    return any(check.get("check") == "live" and check.get("passed") for check in checks)
