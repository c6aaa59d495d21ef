"""Ingest stage: a source table in, raw-data out."""

from stage_contract import Stage, run_stage

from ingest import __version__
from ingest.settings import Settings
from ingest.source import find_source, origin_of_source

STAGE = Stage(
    name="ingest",
    version=__version__,
    writes="raw-data",
    settings=Settings,
    find=find_source,
    work="ingest.work:ingest",
    origin=origin_of_source,
)

if __name__ == "__main__":
    run_stage(STAGE)
