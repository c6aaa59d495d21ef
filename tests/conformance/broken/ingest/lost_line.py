"""A malformed line is left out, and nothing tells of it."""

from stage_contract import Rejects

Rejects.add = lambda *_arguments, **_options: None
