"""LATEST is removed at the start of a run."""

from stage_contract import running

_run = running._run


def run(stage, volume, **options):
    (volume / "LATEST").unlink(missing_ok=True)
    _run(stage, volume, **options)


running._run = run
