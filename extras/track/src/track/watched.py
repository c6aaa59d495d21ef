"""The files to watch with `--watch`: those that change with each new model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stage_contract.artifacts.manifests import LATEST, MANIFEST
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.verdicts import REFUSED


def pointers(folder: Path, _table: Mapping[str, Any]) -> Sequence[Path]:
    """Return the existing pointers, and the newest manifest.

    A refused model moves REFUSED only. A model that is published while another is pinned moves no
    pointer.
    """
    found = [path for name in (LATEST, REFUSED) if (path := folder / name).exists()]
    return [*found, *(path / MANIFEST for path in newest_first(folder)[:1])]
