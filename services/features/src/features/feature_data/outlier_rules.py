"""A check of clean's outlier rules: a score without outliers of the target is too optimistic."""

import json
from typing import Any

from stage_contract import LOGGER, Artifact, SettingsError


def check_outliers(source: Artifact, *, target: str) -> None:
    """Check that clean did not reject rows whose target is an outlier.

    Raises:
        SettingsError: clean rejected such rows, so the hardest test rows are missing.
    """
    columns = [name for name, rules in _columns(source).items() if "outliers" in rules]
    if target in columns:
        raise SettingsError(
            f"[clean.columns.{json.dumps(target, ensure_ascii=False)}] outliers: is set for the"
            " target, and would leave the hardest rows out of training and of every score; expected"
            " none, remove it, or set minimum and maximum to what is possible"
        )
    rejected = source.manifest.get("metrics", {}).get("rejected_by_reason", {}).get("outlier", 0)
    if columns and rejected:
        LOGGER.warning(
            "%s rows that clean rejected as outliers of %s are in no score, but the API answers"
            " such rows; set minimum and maximum instead, which hold for requests, too",
            f"{rejected:,}",
            ", ".join(columns),
        )


def _columns(source: Artifact) -> dict[str, dict[str, Any]]:
    """Return the settings of columns in the manifest; another stage may have other settings."""
    try:
        columns = json.loads(source.manifest.get("settings", "{}")).get("columns", {})
    except (ValueError, AttributeError):
        return {}
    if not isinstance(columns, dict):
        return {}
    return {name: rules for name, rules in columns.items() if isinstance(rules, dict)}
