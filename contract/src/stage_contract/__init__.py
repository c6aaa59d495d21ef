"""The stage contract for Python: a convenience over `contract/README.md`, which outranks it.

Standard library only, so that it can be copied into any stage's image.
"""

from stage_contract.artifacts.publishing import Draft
from stage_contract.artifacts.reading import Artifact, open_artifact, open_latest, read_pointer
from stage_contract.artifacts.rejects import Rejects
from stage_contract.errors import (
    ContractError,
    NotReproducibleError,
    OutputError,
    RefusedError,
    SettingsError,
    SourceError,
    StageError,
)
from stage_contract.heartbeats import heartbeat, working_on
from stage_contract.log import LOGGER, Progress, configure_logging, escaped
from stage_contract.stages.definition import Gate, Stage, origin_of_artifact, read_artifact
from stage_contract.stages.pipelines import pipeline_path, read_pipeline
from stage_contract.stages.run import run_stage
from stage_contract.stages.settings import resolve
from stage_contract.suggestions import did_you_mean
from stage_contract.text_encodings import text_encoding

__all__ = [
    "LOGGER",
    "Artifact",
    "ContractError",
    "Draft",
    "Gate",
    "NotReproducibleError",
    "OutputError",
    "Progress",
    "RefusedError",
    "Rejects",
    "SettingsError",
    "SourceError",
    "Stage",
    "StageError",
    "configure_logging",
    "did_you_mean",
    "escaped",
    "heartbeat",
    "open_artifact",
    "open_latest",
    "origin_of_artifact",
    "pipeline_path",
    "read_artifact",
    "read_pipeline",
    "read_pointer",
    "resolve",
    "run_stage",
    "text_encoding",
    "working_on",
]
