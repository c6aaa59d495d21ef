"""Clean stage on DuckDB: raw-data in, clean-data out."""

from stage_contract import Stage, origin_of_artifact, read_artifact, run_stage

from clean_sql import __version__
from clean_sql.settings import Settings

STAGE = Stage(
    name="clean",
    version=f"sql {__version__}",
    writes="clean-data",
    settings=Settings,
    find=read_artifact("raw-data"),
    work="clean_sql.work:clean",
    origin=origin_of_artifact,
)

if __name__ == "__main__":
    run_stage(STAGE)
