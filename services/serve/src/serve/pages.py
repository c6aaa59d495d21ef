"""The page that a model may bring along: a report for people."""

from typing import Final

from stage_contract import Artifact

PAGE: Final = "report.html"


def has_page(artifact: Artifact) -> bool:
    """Return whether a model came with a report."""
    return any(entry["path"] == PAGE for entry in artifact.manifest["files"])
