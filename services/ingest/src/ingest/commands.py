"""Commands beside a run, whose result is standard output: the log goes to standard error."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stage_contract import LOGGER, configure_logging, heartbeat
from stage_contract.stages.failures import as_stage_error, one_line


@contextmanager
def command(root: Path) -> Iterator[None]:
    """Log to standard error, and end the process with a user's error as the last line of the log.

    `root` is the data folder, whose files may be the reason of an error.
    """
    configure_logging("ingest")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)
    try:
        with heartbeat():
            yield
    except Exception as error:
        failure = as_stage_error(error, root)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)


def relative_source(root: Path, name: str) -> str:
    """Return a path as `source` needs it: /data/in/mine.csv becomes mine.csv."""
    path = Path(name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name
