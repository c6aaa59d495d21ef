"""It names its build, but works every time, and replaces what is there by the same."""

from stage_contract.artifacts import publishing
from stage_contract.stages import run

run.skip = lambda *_arguments, **_options: False
publishing._published = lambda _target: None
