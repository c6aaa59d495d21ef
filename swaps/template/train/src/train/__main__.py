"""Train stage: feature-data in, model out."""

from modelling.settings import gate_fails, gate_limits
from stage_contract import Gate, Stage, origin_of_artifact, read_artifact, run_stage

from train import __version__
from train.settings import Settings

STAGE = Stage(
    name="train",
    version=__version__,
    writes="model",
    settings=Settings,
    find=read_artifact("feature-data"),
    work="train.work:train",
    origin=origin_of_artifact,
    # Compares a new model with the live one, whatever image trained that.
    gate=Gate(judge="modelling.gate.quality_gate:judge", limits=gate_limits, fails=gate_fails),
)

if __name__ == "__main__":
    run_stage(STAGE)
