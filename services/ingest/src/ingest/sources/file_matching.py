"""The files that the setting `source` names.

Uses only the standard library, because the resident scheduler imports it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from stage_contract import SettingsError

from ingest.sources.addresses import source_kind, sqlite_path

_DATA_EXTENSION = (
    r"\.(csv|tsv|tab|txt|psv|jsonl|ndjson|json|parquet|parq|pq|arrow|arrows|feather|ipc"
    r"|xlsx|xlsm|xls|ods)"
    r"(\.(gz|gzip|bz2|zst|zstd))?$"
)


def source_files(root: Path, table: Mapping[str, Any]) -> list[Path]:
    """Return the files that the table [ingest] of a pipeline file names, without checks.

    A remote source has no files: it is checked in each run, not continuously.
    """
    source = table.get("source")
    if not isinstance(source, str):
        return []
    kind = source_kind(source)
    if kind == "sqlite":
        files = matching_files(root, sqlite_path(source))
        return [*files, *(path for file in files for path in uncommitted_files(file))]
    return matching_files(root, source) if kind == "files" else []


def uncommitted_files(database: Path) -> list[Path]:
    """Return the files in which SQLite keeps changes that are not yet in the database file."""
    candidates = [database.with_name(f"{database.name}{end}") for end in ("-wal", "-journal")]
    return [path for path in candidates if path.is_file() and _bytes(path)]


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # removed since it was listed


def matching_files(root: Path, source: str) -> list[Path]:
    """Return the files that a path or glob matches, in byte order of their names.

    A folder matches the files below it that have a known data extension.

    Raises:
        SettingsError: The path is outside the data folder, or can't be one.
    """
    named = _named_paths(root, source)
    below = [path for folder in named if folder.is_dir() for path in _descendants(folder)]
    files = {path for path in named if path.is_file()} | {
        path for path in below if _is_data_file(path)
    }
    return sorted(files, key=lambda path: os.fsencode(path.relative_to(root)))


def unread_files(root: Path, source: str) -> list[Path]:
    """Return what is below the folders that `source` names but is not read.

    These are other files, links to folders, and folders without read permission.
    """
    read = set(matching_files(root, source))
    folders = [folder for folder in _named_paths(root, source) if folder.is_dir()]
    below = {path for folder in folders for path in _descendants(folder)}
    unread = {path for path in below - read if path.is_symlink() or not path.is_dir()}
    closed = {path for path in {*folders, *below} if path.is_dir() and not _is_open(path)}
    return sorted(unread | closed)


def _named_paths(root: Path, source: str) -> list[Path]:
    if "\0" in source:
        raise SettingsError(f"source = {source!r}: expected a path without a NUL character")
    pattern = PurePosixPath(source)
    if pattern.is_absolute() or ".." in pattern.parts:
        raise SettingsError(f"source = '{pattern}': expected a path below the data folder")
    if not pattern.parts:
        return []
    # A name such as `sales [2024].csv` is also a glob, which does not match the name itself.
    if (root / pattern).exists():
        return [root / pattern]
    # As in a shell, a wildcard does not match the dot of a hidden name.
    return [
        path
        for path in root.glob(str(pattern))
        if _count_hidden(path.relative_to(root)) <= _count_hidden(pattern)
    ]


def _count_hidden(path: PurePath) -> int:
    # Excel keeps a file ~$sales.xlsx beside an open workbook.
    return sum(part.startswith((".", "~$")) for part in path.parts)


def _descendants(folder: Path) -> Iterator[Path]:
    """Yield what is below a folder, except hidden names, markers such as _SUCCESS and ~$ files."""
    for path in folder.rglob("*"):
        if not any(part.startswith((".", "_", "~$")) for part in path.relative_to(folder).parts):
            yield path


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _is_data_file(path: Path) -> bool:
    return path.is_file() and re.search(_DATA_EXTENSION, path.name, re.IGNORECASE) is not None
