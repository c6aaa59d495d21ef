"""The page that a model may bring along: a report for people."""

from typing import Final

from stage_contract import Artifact

PAGE: Final = "report.html"
MOST_PAGE_BYTES: Final = 16 * 1024 * 1024
"""Who asks for it has a worker hold it."""


def has_page(artifact: Artifact) -> bool:
    """Return whether a model came with a report."""
    return any(entry["path"] == PAGE for entry in artifact.manifest["files"])
