"""Verdicts: verdict.json beside an artifact's files, which may keep it from becoming the latest."""

import json
from pathlib import Path
from typing import Any

from stage_contract.artifacts.plain_files import read_plain
from stage_contract.errors import ContractError

VERDICT = "verdict.json"
REFUSED = "REFUSED"
"""File on a volume with the id of the last run's artifact, if it is refused."""

_MOST_BYTES = 16 * 1024 * 1024
_NO_REASON = "its verdict.json says so"


def read_verdict(artifact: Path) -> dict[str, Any]:
    """Return verdict.json; {} if it is missing or not a JSON object."""
    try:
        verdict = json.loads(read_plain(artifact / VERDICT, most=_MOST_BYTES))
    except (OSError, ValueError, RecursionError, ContractError):
        return {}
    return verdict if isinstance(verdict, dict) else {}


def refusal(artifact: Path) -> str:
    """Return in one line why this artifact is refused, or nothing."""
    verdict = read_verdict(artifact)
    if verdict.get("accepted", True) is not False:
        return ""
    reasons = verdict.get("reasons")
    found = [str(reason) for reason in reasons] if isinstance(reasons, list) else []
    return " ".join("; ".join(found or [_NO_REASON]).split())
