"""What dead runs left is never removed."""

from stage_contract.artifacts import publishing
from stage_contract.stages import skipping

publishing.remove_dead_drafts = skipping.remove_dead_drafts = lambda _volume: None
