"""LATEST is read once, at the start."""

from serve.settings import Settings

Settings.model_fields["poll_seconds"].default = 3600.0
Settings.model_rebuild(force=True)
