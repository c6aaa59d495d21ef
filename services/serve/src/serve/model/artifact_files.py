"""Files of a model's artifact: read within a bound, and only if they match their SHA-256."""

import hashlib
from pathlib import Path
from typing import Final

from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.plain_files import read_plain

PAGE: Final = "report.html"
"""The report that a model may include: a page for people."""
MAX_PAGE_BYTES: Final = 16 * 1024 * 1024
"""Maximum size: a worker holds the whole page in memory while it answers a request for it."""


def has_page(artifact: Artifact) -> bool:
    """Return whether a model has a report."""
    return any(entry["path"] == PAGE for entry in artifact.manifest["files"])


def open_same(folder: Path, content: str) -> Artifact:
    """Open the artifact of a model that was loaded with this content digest.

    Raises:
        ContractError: It is damaged, or another one now.
    """
    artifact = open_artifact(folder, "model")
    if artifact.content != content:
        raise ContractError("manifest.json: its content is not that of the live model any more")
    return artifact


def read_verified(artifact: Artifact, name: str, *, max_bytes: int) -> bytes:
    """Return a listed file of at most `max_bytes` bytes.

    Raises:
        ContractError: It is not listed, missing, larger, no plain file, or does not match.
    """
    digests = {entry["path"]: entry["sha256"] for entry in artifact.manifest["files"]}
    if name not in digests:
        raise ContractError(f"{name} is not in the manifest")
    try:
        content = read_plain(artifact.path / name, max_bytes=max_bytes)
    except OSError as error:
        raise ContractError(f"{name} can't be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != digests[name]:
        raise ContractError(f"{name} does not match its SHA-256 in the manifest")
    return content
