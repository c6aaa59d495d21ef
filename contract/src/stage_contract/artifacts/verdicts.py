"""Verdicts: verdict.json beside an artifact's files, which may keep it from becoming the latest."""

import json
from pathlib import Path
from typing import Any

from stage_contract.artifacts.plain_files import read_plain
from stage_contract.errors import ContractError

VERDICT = "verdict.json"
REFUSED = "REFUSED"
"""File on a volume with the id of the last run's artifact, if it is refused."""

MAX_VERDICT_BYTES = 16 * 1024 * 1024
_NO_REASON = "its verdict.json says so"
_DAMAGED = "its verdict.json is damaged; a run judges the model of the present settings again"


def read_verdict(artifact: Path) -> dict[str, Any]:
    """Return verdict.json; {} if it is missing or not a JSON object."""
    return _load(artifact) or {}


def refusal(artifact: Path) -> str:
    """Return in one line why this artifact is refused, or nothing."""
    verdict = _load(artifact)
    if verdict is None:
        # serve refuses such a model, and the gate may have refused it.
        return _DAMAGED
    if verdict.get("accepted", True) is not False:
        return ""
    reasons = verdict.get("reasons")
    found = [str(reason) for reason in reasons] if isinstance(reasons, list) else []
    return " ".join("; ".join(found or [_NO_REASON]).split())


def _load(artifact: Path) -> dict[str, Any] | None:
    """Return verdict.json; {} if it is missing, None if it is damaged."""
    try:
        verdict = json.loads(read_plain(artifact / VERDICT, max_bytes=MAX_VERDICT_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError, ContractError):
        return None
    return verdict if isinstance(verdict, dict) else None
