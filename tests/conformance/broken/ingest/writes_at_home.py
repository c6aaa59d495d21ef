"""It keeps a cache outside /data/out and /tmp."""

from pathlib import Path

from stage_contract.stages import run

_run = run._run


def broken_run(stage, volume, **options):
    Path("/var/tmp/cache").write_text("warm")
    _run(stage, volume, **options)


run._run = broken_run
