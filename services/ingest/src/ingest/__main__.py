"""Ingest stage: source tables in, raw-data out."""

if __name__ == "__main__":
    # First, since Ctrl+C may come while the rest loads.
    import quiet_interrupt  # noqa: F401

import sys

from stage_contract import Stage, run_stage

from ingest import __version__
from ingest.connectors.find_source import find_source, origin_of_source
from ingest.settings import Settings

STAGE = Stage(
    name="ingest",
    version=__version__,
    writes="raw-data",
    settings=Settings,
    find=find_source,
    work="ingest.work:ingest",
    origin=origin_of_source,
    selection=lambda settings: settings.selection,
    sources="ingest.sources.file_matching:source_files",
    refresh="ingest.sources.refresh:refresh_seconds",
)

if __name__ == "__main__":
    if sys.argv[1:2] == ["init"]:
        # Imported only here, because a run with nothing to do must load no heavy library.
        from ingest.init_command.command import print_pipeline

        print_pipeline(sys.argv[2:])
    if sys.argv[1:2] == ["convert"]:
        from ingest.conversion import print_parquet

        print_parquet(sys.argv[2:])
    run_stage(STAGE)
