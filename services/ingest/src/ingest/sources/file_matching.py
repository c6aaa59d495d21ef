"""Which files `source` names; on the standard library alone, since a resident stage looks, too."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from stage_contract import SettingsError

from ingest.sources.addresses import database_file, kind_of

_DATA = (
    r"\.(csv|tsv|tab|txt|psv|jsonl|ndjson|json|parquet|parq|pq|arrow|arrows|feather|ipc)"
    r"(\.(gz|gzip|bz2|zst|zstd))?$"
)


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
    return [path for path in beside if path.is_file() and _bytes(path)]


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # removed since it was listed


def matches(root: Path, source: str) -> list[Path]:
    """Return the files that a path or glob names, in the order of their names' bytes.

    A folder stands for the data files below it, told by the ends of their names.

    Raises:
        SettingsError: it leaves the data folder.
    """
    named = _named(root, source)
    below = [path for folder in named if folder.is_dir() for path in _below(folder)]
    files = {path for path in named if path.is_file()} | {path for path in below if _is_data(path)}
    return sorted(files, key=lambda path: os.fsencode(path.relative_to(root)))


def left_out(root: Path, source: str) -> list[Path]:
    """Return what is below the folders that `source` names and not read.

    That is other files, links to folders, which are not followed, and folders that may not be
    read.
    """
    read = set(matches(root, source))
    folders = [folder for folder in _named(root, source) if folder.is_dir()]
    below = {path for folder in folders for path in _below(folder)}
    unread = {path for path in below - read if path.is_symlink() or not path.is_dir()}
    closed = {path for path in {*folders, *below} if path.is_dir() and not _is_open(path)}
    return sorted(unread | closed)


def _named(root: Path, source: str) -> list[Path]:
    pattern = PurePosixPath(source)
    if pattern.is_absolute() or ".." in pattern.parts:
        raise SettingsError(f"source = '{pattern}': expected a path below the data folder")
    if not pattern.parts:
        return []
    # A name such as `sales [2024].csv` is a pattern, too, and does not match itself.
    if (root / pattern).exists():
        return [root / pattern]
    # As in a shell, a wildcard does not stand for the dot of a hidden name.
    return [
        path
        for path in root.glob(str(pattern))
        if _count_hidden(path.relative_to(root)) <= _count_hidden(pattern)
    ]


def _count_hidden(path: PurePath) -> int:
    return sum(part.startswith(".") for part in path.parts)


def _below(folder: Path) -> Iterator[Path]:
    """Yield what is below a folder, without marks such as _SUCCESS and hidden names."""
    for path in folder.rglob("*"):
        if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts):
            yield path


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _is_data(path: Path) -> bool:
    return path.is_file() and re.search(_DATA, path.name, re.IGNORECASE) is not None
