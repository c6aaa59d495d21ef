"""Batch scoring as a process: reads a table, and writes it with predictions."""

if __name__ == "__main__":
    # Imported first, because Ctrl+C may arrive while the other modules are loading.
    import quiet_interrupt  # noqa: F401

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from stage_contract import LOGGER, configure_logging, heartbeat
from stage_contract.stages.failures import as_stage_error, one_line

from serve.batch.arguments import read_arguments, read_folders


def main() -> None:
    """Score one file; exit codes are those of a stage."""
    configure_logging("score")
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    folders = read_folders(os.environ)
    try:
        job = read_arguments(sys.argv[1:], folders)
        from serve.batch.scoring import score  # noqa: PLC0415  # --help loads no library

        with heartbeat():
            score(job, folders.model)
    except Exception as error:
        failure = as_stage_error(error, folders.target)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise on SIGTERM or Ctrl+C, so that temporary files are removed."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
