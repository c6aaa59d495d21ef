"""Which files `source` names; on the standard library alone, since a resident stage looks, too."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract import SettingsError

from ingest.addresses import database_file, kind_of


def source_files(root: Path, table: Mapping[str, Any]) -> list[Path]:
    """Return the files that [ingest] names as it stands in the pipeline file, unchecked.

    None of a server: what it holds is asked at each run, and not all the time.
    """
    source = table.get("source")
    if not isinstance(source, str):
        return []
    kind = kind_of(source)
    if kind == "sqlite":
        files = matches(root, database_file(source))
        return [*files, *(path for file in files for path in unfinished(file))]
    return matches(root, source) if kind == "files" else []


def unfinished(database: Path) -> list[Path]:
    """Return the files in which SQLite keeps what is not in a database's own file yet."""
    beside = [database.with_name(f"{database.name}{end}") for end in ("-wal", "-journal")]
    return [path for path in beside if path.is_file() and path.stat().st_size]


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
