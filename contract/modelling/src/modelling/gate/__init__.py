"""The quality gate: whether a model may replace the live one."""
