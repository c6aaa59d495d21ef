"""It names its build, but works every time, and replaces what is there by the same."""

from stage_contract import publishing, running

running.skip = lambda *_arguments, **_options: False
publishing._published = lambda _target: None
