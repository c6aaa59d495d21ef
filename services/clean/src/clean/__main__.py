"""Clean stage: raw-data in, clean-data out."""

from stage_contract import Stage, origin_of_artifact, read_artifact, run_stage

from clean import __version__
from clean.settings import Settings

STAGE = Stage(
    name="clean",
    version=__version__,
    writes="clean-data",
    settings=Settings,
    find=read_artifact("raw-data"),
    work="clean.work:clean",
    origin=origin_of_artifact,
    selection=lambda settings: settings.selection,
)

if __name__ == "__main__":
    run_stage(STAGE)
