"""Train stage on libraries of two years ago: feature-data in, model out."""

from modelling.settings import gate_fails, gate_limits
from stage_contract import Gate, Stage, origin_of_artifact, read_artifact, run_stage

from train_legacy import __version__
from train_legacy.settings import Settings

STAGE = Stage(
    name="train",
    version=__version__,
    writes="model",
    settings=Settings,
    find=read_artifact("feature-data"),
    work="train_legacy.work:train",
    origin=origin_of_artifact,
    gate=Gate(judge="modelling.gate.quality_gate:judge", limits=gate_limits, fails=gate_fails),
)

if __name__ == "__main__":
    run_stage(STAGE)
