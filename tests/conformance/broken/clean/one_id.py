"""Every artifact has the same id."""

from stage_contract import running

running.artifact_id = lambda *_arguments, **_options: "0123456789abcdef"
