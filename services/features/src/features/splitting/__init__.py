"""The split: which rows train, which test, and which are rejected."""
