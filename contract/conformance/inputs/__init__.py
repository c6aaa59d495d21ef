"""Inputs for a stage: the houses of the example, changed, as artifacts of its input's kind."""

from conformance.inputs.houses import Houses, houses
from conformance.inputs.stage_input import StageInput, stage_input

__all__ = ["Houses", "StageInput", "houses", "stage_input"]
