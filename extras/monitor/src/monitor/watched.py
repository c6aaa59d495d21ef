"""The files to watch with `--watch`: traffic, which grows every minute."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def files(_folder: Path, _table: Mapping[str, Any]) -> Sequence[Path]:
    """Return the files of windows, sorted by name."""
    return sorted(Path(os.environ.get("STAGE_TRAFFIC", "/data/traffic")).glob("windows-*.jsonl"))
