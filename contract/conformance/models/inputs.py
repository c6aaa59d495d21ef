"""The artifact on a folder that stands for an input volume."""

from pathlib import Path

from conformance.validity.lineage import input_manifest
from conformance.validity.published import Published


def latest_of(volume: Path) -> Published:
    """Return the artifact that LATEST names, of an example or made by the kit."""
    manifest = input_manifest(volume)
    return Published(volume / manifest["id"], manifest)
