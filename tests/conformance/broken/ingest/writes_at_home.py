"""It keeps a cache outside /data/out and /tmp."""

from pathlib import Path

from stage_contract import running

_run = running._run


def run(stage, volume, **options):
    Path("/var/tmp/cache").write_text("warm")
    _run(stage, volume, **options)


running._run = run
