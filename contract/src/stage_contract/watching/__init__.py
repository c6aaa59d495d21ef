"""Change detection: run a stage again whenever its input or settings change."""
