"""An input that breaks the contract is told by a traceback, though with 65."""

import traceback

from stage_contract.stages import run

_as_stage_error = run.as_stage_error


def as_stage_error(error, volume, **options):
    traceback.print_exception(error)
    return _as_stage_error(error, volume, **options)


run.as_stage_error = as_stage_error
