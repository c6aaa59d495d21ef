"""Clean stage: raw-data in, clean-data out."""

if __name__ == "__main__":
    # First, since Ctrl+C may come while the rest loads.
    import quiet_interrupt  # noqa: F401

from stage_contract import Stage, origin_of_artifact, run_stage

from clean import __version__
from clean.settings import Settings
from clean.tables.input_artifact import find_raw_data

STAGE = Stage(
    name="clean",
    version=__version__,
    writes="clean-data",
    settings=Settings,
    find=find_raw_data,
    work="clean.work:clean",
    origin=origin_of_artifact,
    selection=lambda settings: settings.selection,
)

if __name__ == "__main__":
    run_stage(STAGE)
