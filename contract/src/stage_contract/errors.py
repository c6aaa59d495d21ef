"""The ways a stage can end that are not bugs, each with its exit code.

StageError
├── ContractError         65  the input breaks the contract
├── RefusedError          65  a gate refuses what was made, and is set to end the run
├── SourceError           69  a source cannot be reached
├── NotReproducibleError  70  a forced rerun gave other bytes
├── OutputError           73  the output cannot be written
└── SettingsError         78  a setting is wrong, or asks for more memory than there is

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
    """What was made is published, but refused, and a setting wants that to be an error."""

    exit_code = os.EX_DATAERR


class SourceError(StageError):
    """A source cannot be reached."""

    exit_code = os.EX_UNAVAILABLE


class NotReproducibleError(StageError):
    """Equal cause gave other bytes."""

    exit_code = os.EX_SOFTWARE


class OutputError(StageError):
    """The output volume cannot be written."""

    exit_code = os.EX_CANTCREAT


class SettingsError(StageError):
    """A setting is wrong."""

    exit_code = os.EX_CONFIG
