"""The report that a model may include: a page for people."""

from typing import Final

from stage_contract import Artifact

PAGE: Final = "report.html"
MOST_PAGE_BYTES: Final = 16 * 1024 * 1024
"""Maximum size: a worker holds the whole page in memory while it answers a request for it."""


def has_page(artifact: Artifact) -> bool:
    """Return whether a model has a report."""
    return any(entry["path"] == PAGE for entry in artifact.manifest["files"])
