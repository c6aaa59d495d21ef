"""LATEST is removed at the start of a run."""

from stage_contract.stages import run

_run = run._run


def broken_run(stage, volume, **options):
    (volume / "LATEST").unlink(missing_ok=True)
    _run(stage, volume, **options)


run._run = broken_run
