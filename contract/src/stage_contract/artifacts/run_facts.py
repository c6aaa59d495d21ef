"""run.json: facts about the run that made an artifact; equal runs may differ in them."""

import json
from pathlib import Path
from typing import Any

from stage_contract.artifacts.plain_files import read_plain
from stage_contract.errors import ContractError

RUN = "run.json"

_MAX_BYTES = 16 * 1024 * 1024


def read_run(artifact: Path) -> dict[str, Any]:
    """Return run.json; {} if it is missing, or not an object that can be written again."""
    try:
        run = json.loads(read_plain(artifact / RUN, max_bytes=_MAX_BYTES))
        # Python also reads NaN, numbers that become infinite, and halves of surrogate pairs.
        json.dumps(run, ensure_ascii=False, allow_nan=False).encode()
    except (OSError, ValueError, RecursionError, ContractError):
        return {}
    return run if isinstance(run, dict) else {}
