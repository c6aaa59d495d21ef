"""Selection: the settings of a chain that decide which rows and columns are used.

run.json holds them, stage by stage, since different settings may give equal bytes. A stage
that reads an artifact passes its selection on.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stage_contract.artifacts.reading import Artifact
from stage_contract.artifacts.run_facts import read_run
from stage_contract.stages.causes import changed_values

type Selection = Mapping[str, Any]
"""Settings that decide which rows and columns are used, by stage."""


def selection_of(artifact: Artifact) -> Selection:
    """Return the selection in an artifact's run.json; empty if there is none."""
    found = read_run(artifact.path).get("selection")
    return found if isinstance(found, dict) else {}


def changed_selection(before: Selection, now: Selection) -> Iterator[str]:
    """Yield the differences in stages that both selections have: setting, old and new value."""
    for stage in now:
        if stage in before:
            yield from changed_values(before[stage], now[stage], prefix=stage)
