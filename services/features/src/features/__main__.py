"""Features stage: clean-data in, feature-data out."""

if __name__ == "__main__":
    # First, since Ctrl+C may come while the rest loads.
    import quiet_interrupt  # noqa: F401

from stage_contract import Stage, origin_of_artifact, read_artifact, run_stage

from features import __version__
from features.settings import Settings

STAGE = Stage(
    name="features",
    version=__version__,
    writes="feature-data",
    settings=Settings,
    find=read_artifact("clean-data"),
    work="features.work:features",
    origin=origin_of_artifact,
    selection=lambda settings: settings.selection,
)

if __name__ == "__main__":
    run_stage(STAGE)
