"""What dead runs left is never removed."""

from stage_contract import publishing, skipping

publishing.remove_dead_drafts = skipping.remove_dead_drafts = lambda _volume: None
