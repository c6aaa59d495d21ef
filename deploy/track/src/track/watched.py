"""What is watched with `--watch`: the pointers, since each run that made a model moves one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stage_contract.artifacts import LATEST
from stage_contract.verdicts import REFUSED


def pointers(folder: Path, _table: Mapping[str, Any]) -> Sequence[Path]:
    """Return the pointers that are there; a refused model moves REFUSED alone."""
    return [path for name in (LATEST, REFUSED) if (path := folder / name).exists()]
