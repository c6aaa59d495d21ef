"""Errors of a stage that are not bugs, each with its exit code.

StageError
├── ContractError         65  the input breaks the contract
├── RefusedError          65  the gate refuses the result, and is set to fail the run
├── SourceError           69  a source cannot be reached
├── NotReproducibleError  70  a forced rerun gave other bytes
├── OutputError           73  the output cannot be written
└── SettingsError         78  a setting is wrong, or needs more memory than available

A message is one line: what, where, what was expected, what to do.
"""

import os


class StageError(Exception):
    """Ends a stage with one line for the user instead of a traceback."""

    exit_code: int = 1


class ContractError(StageError):
    """The input breaks the contract."""

    exit_code = os.EX_DATAERR


class RefusedError(StageError):
    """The result is published but refused, and a setting makes that an error."""

    exit_code = os.EX_DATAERR


class SourceError(StageError):
    """A source cannot be reached."""

    exit_code = os.EX_UNAVAILABLE


class NotReproducibleError(StageError):
    """An equal cause gave different bytes."""

    exit_code = os.EX_SOFTWARE


class OutputError(StageError):
    """The output volume cannot be written."""

    exit_code = os.EX_CANTCREAT


class SettingsError(StageError):
    """A setting is wrong."""

    exit_code = os.EX_CONFIG
