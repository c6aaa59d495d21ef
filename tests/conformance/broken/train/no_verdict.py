"""There is no verdict.json."""

from train import work

work.describe_verdict = lambda *_: None
