"""Monitoring: traffic and models in, report.json out."""

import functools
import json
import os
from pathlib import Path
from typing import Any

from stage_contract import ContractError

from monitor.drift.alerts import Rules
from monitor.references import read_reference
from monitor.report import build_report
from monitor.settings import Settings
from monitor.traffic import read_traffic

REPORT = "report.json"


def monitor(settings: Settings) -> dict[str, Any]:
    """Write the report, unless its bytes are unchanged, and return it.

    Raises:
        ContractError: there is no folder of traffic.
    """
    if not settings.traffic.is_dir():
        raise ContractError(
            f"{settings.traffic}: no such folder, so serve records no traffic; start it with the"
            " overlay deploy/monitor.yaml"
        )
    traffic = read_traffic(settings.traffic, minutes=settings.window_minutes)
    references = functools.cache(functools.partial(read_reference, settings.models))
    report = build_report(traffic, references, minutes=settings.window_minutes, rules=Rules())
    _write(settings.out / REPORT, report)
    return report


def _write(path: Path, report: dict[str, Any]) -> None:
    content = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if path.exists() and path.read_text("utf-8") == content:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
