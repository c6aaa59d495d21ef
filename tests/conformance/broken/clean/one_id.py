"""Every artifact has the same id."""

from stage_contract.stages import run

run.artifact_id = lambda *_arguments, **_options: "0123456789abcdef"
