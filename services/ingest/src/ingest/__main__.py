"""Ingest stage: source tables in, raw-data out."""

import sys

from stage_contract import Stage, run_stage

from ingest import __version__
from ingest.settings import Settings
from ingest.sources import find_sources, origin_of_sources

STAGE = Stage(
    name="ingest",
    version=__version__,
    writes="raw-data",
    settings=Settings,
    find=find_sources,
    work="ingest.work:ingest",
    origin=origin_of_sources,
    selection=lambda settings: settings.selection,
    sources="ingest.matching:source_files",
    refresh="ingest.refreshing:refresh_seconds",
)

if __name__ == "__main__":
    if sys.argv[1:2] == ["init"]:
        # Only here, since a run with nothing due loads no heavy library.
        from ingest.guessing.command import print_pipeline

        print_pipeline(sys.argv[2:])
    run_stage(STAGE)
