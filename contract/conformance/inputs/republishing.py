"""Changed copies of artifacts, published again: valid, but with other content."""

import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stage_contract import open_artifact
from stage_contract.artifacts.publishing import open_draft, publish


def republish(source: Path, volume: Path, change: Callable[[Path], None], **facts: Any) -> str:
    """Publish an artifact with changed files to a folder that stands for a volume; return its id.

    `facts` replace entries of the manifest; those about files are right in any case.
    """
    before = open_artifact(source)
    with open_draft(volume) as draft:
        shutil.copytree(source, draft.path, dirs_exist_ok=True, copy_function=shutil.copyfile)
        (draft.path / "manifest.json").unlink()
        change(draft.path)
        manifest = before.manifest | {"id": secrets.token_hex(8)} | facts
        return publish(draft, volume, manifest, run={}).id


def edit_manifest(volume: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of the one artifact on a volume."""
    (path,) = volume.glob("*/manifest.json")
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")
