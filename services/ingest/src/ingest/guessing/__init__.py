"""Guessing a pipeline file from a table: what the command `init` prints."""
