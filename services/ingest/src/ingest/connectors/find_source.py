"""Discovery of a source: hashed files, or the description of a remote source."""

from pathlib import Path
from typing import Any

from stage_contract import ContractError

from ingest.connectors.remote_source import RemoteSource, find_remote
from ingest.settings import Settings
from ingest.sources.addresses import source_kind, sqlite_path
from ingest.sources.file_matching import uncommitted_files
from ingest.sources.source_files import SourceFile, SourceFiles, find_files


def find_source(root: Path, settings: Settings) -> SourceFiles | RemoteSource:
    """Find and hash the files that `source` names, or describe a remote source.

    Raises:
        SettingsError: `source` names no file, or is outside the data folder.
        ContractError: A file cannot be read.
        SourceError: A server cannot be reached.
    """
    match source_kind(settings.source):
        case "files":
            return find_files(root, settings.source)
        case "sqlite":
            return find_files_of_database(root, settings)
        case _:
            return find_remote(settings)


def find_files_of_database(root: Path, settings: Settings) -> SourceFiles:
    """Find and hash the SQLite files that `source` names.

    Raises:
        SettingsError: `source` names no file, or is outside the data folder.
        ContractError: A file cannot be read, or has changes that are not in it yet.
    """
    source_files = find_files(root, sqlite_path(settings.source))
    for file in source_files.files:
        _check_committed(file)
    return source_files


def origin_of_source(
    source: SourceFiles | RemoteSource,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return `inputs` and `lineage`: both are the sources, where every lineage starts."""
    if isinstance(source, RemoteSource):
        return [source.entry], [source.entry]
    descriptors = source.descriptors or [{}] * len(source.files)
    files = [
        {"source": file.name, "bytes": file.bytes, "sha256": file.sha256, **descriptor}
        for file, descriptor in zip(source.files, descriptors, strict=True)
    ]
    return files, files


def _check_committed(file: SourceFile) -> None:
    if changes := uncommitted_files(file.path):
        raise ContractError(
            f"{file.name}: has changes in {changes[0].name} that are not in it yet; end the program"
            f" that writes it, or copy it with: sqlite3 {file.path.name} \"vacuum into 'copy.db'\""
        )
