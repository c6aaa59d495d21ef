"""What dead runs left is never removed."""

from stage_contract import publishing, running

publishing.remove_dead_drafts = running.remove_dead_drafts = lambda _volume: None
