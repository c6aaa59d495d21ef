"""Which files `source` names; on the standard library alone, since a resident stage looks, too."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract import SettingsError


def source_files(root: Path, table: Mapping[str, Any]) -> list[Path]:
    """Return the files that [ingest] names as it stands in the pipeline file, unchecked."""
    source = table.get("source")
    return matches(root, source) if isinstance(source, str) else []


def matches(root: Path, source: str) -> list[Path]:
    """Return the files that a path or glob names, in the order of their names' bytes.

    Raises:
        SettingsError: it leaves the data folder.
    """
    pattern = PurePosixPath(source)
    if pattern.is_absolute() or ".." in pattern.parts:
        raise SettingsError(f"source = '{pattern}': expected a path below the data folder")
    # A name such as `sales [2024].csv` is a pattern, too, and does not match itself.
    if (root / pattern).is_file():
        return [root / pattern]
    if (root / pattern).is_dir():
        return []
    found = [path for path in root.glob(str(pattern)) if path.is_file()]
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(root)))
