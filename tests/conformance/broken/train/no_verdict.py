"""There is no verdict.json."""

from modelling import writing

writing.describe_verdict = lambda *_: None
