"""The tables of a source: files, databases and downloads."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from stage_contract import Draft
from stage_contract.artifacts.digests import content_digest, file_digest

from ingest.connectors.downloads import download
from ingest.connectors.postgresql import open_postgresql
from ingest.connectors.remote_source import RemoteSource, SourceDigest
from ingest.connectors.sqlite import open_sqlite
from ingest.readers.reader_choice import inspect_file
from ingest.settings import Settings
from ingest.sources.addresses import source_kind
from ingest.sources.source_files import SourceFiles
from ingest.tables.batches import Table


@contextmanager
def open_source(
    source: SourceFiles | RemoteSource, draft: Draft, settings: Settings
) -> Iterator[tuple[list[Table], int | None]]:
    """Yield the tables, and their total bytes if known.

    At the end, the digest of the data is recorded in a remote source.
    """
    match source_kind(settings.source), source:
        case "files", SourceFiles(files):
            tables: list[Table] = [inspect_file(file.path, file.name, settings) for file in files]
            yield tables, sum(file.bytes for file in files)
        case "sqlite", SourceFiles(files):
            with ExitStack() as stack:
                queries = [stack.enter_context(closing(open_sqlite(f, settings))) for f in files]
                yield [*queries], None
        case "http", RemoteSource():
            folder = draft.folder("download")
            file = download(settings, folder)
            yield [inspect_file(file.path, file.name, settings)], file.bytes
            shutil.rmtree(folder)
            draft.run["etag"] = file.etag
            source.record_read(SourceDigest(file.bytes, file.sha256))
        case _, RemoteSource():
            with closing(open_postgresql(settings)) as query:
                yield [query], None
            source.record_read(_table_digest(draft))


def _table_digest(draft: Draft) -> SourceDigest:
    paths = list(draft.folder("table").iterdir())
    digests = [(path.relative_to(draft.path).as_posix(), file_digest(path)) for path in paths]
    return SourceDigest(sum(path.stat().st_size for path in paths), content_digest(digests))
