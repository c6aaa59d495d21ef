"""Commands beside a run, whose result is standard output: the log goes to standard error."""

import logging
import sys
from pathlib import Path
from typing import NoReturn

from stage_contract import LOGGER, StageError, configure_logging
from stage_contract.stages.failures import one_line


def log_to_stderr() -> None:
    """Configure logging for a command."""
    configure_logging("ingest")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)


def exit_with(failure: StageError) -> NoReturn:
    """End the process with the failure as the last line of the log."""
    LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
    sys.exit(failure.exit_code)


def relative_source(root: Path, name: str) -> str:
    """Return a path as `source` needs it: /data/in/mine.csv becomes mine.csv."""
    path = Path(name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name
