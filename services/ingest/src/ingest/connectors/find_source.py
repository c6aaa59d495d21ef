"""Finding a source: its files hashed, or what is known of a server's data before it is read."""

from pathlib import Path
from typing import Any

from stage_contract import ContractError

from ingest.connectors.remote_source import RemoteSource, find_remote
from ingest.settings import Settings
from ingest.sources.addresses import database_file, kind_of
from ingest.sources.file_matching import unfinished
from ingest.sources.source_files import SourceFile, SourceFiles, find_files


def find_sources(root: Path, settings: Settings) -> SourceFiles | RemoteSource:
    """Find and hash the files that `source` names, or tell what is known of what a server holds.

    Raises:
        SettingsError: `source` names no file, or leaves the data folder.
        ContractError: a file can't be read.
        SourceError: a server can't be reached.
    """
    match kind_of(settings.source):
        case "files":
            return find_files(root, settings.source)
        case "sqlite":
            found = find_files(root, database_file(settings.source))
            for file in found.files:
                _check_finished(file)
            return found
        case _:
            return find_remote(settings)


def origin_of_sources(
    source: SourceFiles | RemoteSource,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return `inputs` and `lineage`: both are the sources, where every lineage starts."""
    if isinstance(source, RemoteSource):
        return [source.entry], [source.entry]
    forms = source.forms or [{}] * len(source.files)
    files = [
        {"source": file.name, "bytes": file.bytes, "sha256": file.sha256, **form}
        for file, form in zip(source.files, forms, strict=True)
    ]
    return files, files


def _check_finished(file: SourceFile) -> None:
    if beside := unfinished(file.path):
        raise ContractError(
            f"{file.name}: has changes in {beside[0].name} that are not in it yet; end the program"
            f" that writes it, or copy it with: sqlite3 {file.path.name} \"vacuum into 'copy.db'\""
        )
