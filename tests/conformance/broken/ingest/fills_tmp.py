"""It needs 80 MB of /tmp."""

from pathlib import Path

from stage_contract.stages import run

_run = run._run


def broken_run(stage, volume, **options):
    Path("/tmp/copy").write_bytes(bytes(80_000_000))
    _run(stage, volume, **options)


run._run = broken_run
