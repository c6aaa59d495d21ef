"""Opens what a source holds as tables, wherever that is."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from stage_contract import Draft
from stage_contract.artifacts.digests import content_digest, file_digest

from ingest.connectors.downloads import download
from ingest.connectors.postgresql import open_postgresql
from ingest.connectors.remote_source import Facts, RemoteSource
from ingest.connectors.sqlite import open_sqlite
from ingest.readers.reader_choice import inspect
from ingest.settings import Settings
from ingest.sources.addresses import kind_of
from ingest.sources.source_files import SourceFiles
from ingest.tables.batches import Table


@contextmanager
def opened(
    source: SourceFiles | RemoteSource, draft: Draft, settings: Settings
) -> Iterator[tuple[list[Table], int | None]]:
    """Yield the tables, and how many bytes they have if that is known.

    At the end a source elsewhere knows what was read of it.
    """
    match kind_of(settings.source), source:
        case "files", SourceFiles(files):
            tables: list[Table] = [inspect(file.path, file.name, settings) for file in files]
            yield tables, sum(file.bytes for file in files)
        case "sqlite", SourceFiles(files):
            with ExitStack() as stack:
                queries = [stack.enter_context(closing(open_sqlite(f, settings))) for f in files]
                yield [*queries], None
        case "http", RemoteSource():
            folder = draft.folder("download")
            file = download(settings, folder)
            yield [inspect(file.path, file.name, settings)], file.bytes
            shutil.rmtree(folder)
            draft.run["etag"] = file.etag
            source.was_read(Facts(file.bytes, file.sha256))
        case _, RemoteSource():
            with closing(open_postgresql(settings)) as query:
                yield [query], None
            source.was_read(_facts_of_table(draft))


def _facts_of_table(draft: Draft) -> Facts:
    paths = list(draft.folder("table").iterdir())
    digests = [(path.relative_to(draft.path).as_posix(), file_digest(path)) for path in paths]
    return Facts(sum(path.stat().st_size for path in paths), content_digest(digests))
