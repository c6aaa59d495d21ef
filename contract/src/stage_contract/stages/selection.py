"""Selection: the settings of a chain that decide which rows and columns are used.

run.json holds them, stage by stage, since different settings may give equal bytes. A stage
that reads an artifact hands its selection on.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stage_contract.artifacts.reading import Artifact
from stage_contract.artifacts.run_facts import read_run
from stage_contract.stages.causes import changed_values

type Selection = Mapping[str, Any]
"""By the name of a stage: its settings that decide about rows and columns."""


def selection_of(artifact: Artifact) -> Selection:
    """Return what an artifact's run.json says; nothing if it says nothing."""
    found = read_run(artifact.path).get("selection")
    return found if isinstance(found, dict) else {}


def changed_selection(before: Selection, now: Selection) -> Iterator[str]:
    """Yield what differs in the stages that both name: setting, old and new value."""
    for stage in now:
        if stage in before:
            yield from changed_values(before[stage], now[stage], prefix=stage)
