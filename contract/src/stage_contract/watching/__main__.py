"""`python -m stage_contract.watching STAGE -- COMMAND…`: run a stage whenever its cause changes.

The resident process imports the standard library only; COMMAND runs as a child process.
"""

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from stage_contract.artifacts.volumes import output_volume
from stage_contract.errors import SettingsError
from stage_contract.log import LOGGER, configure_logging
from stage_contract.stages.failures import one_line
from stage_contract.stages.pipelines import pipeline_path
from stage_contract.watching.snapshots import ChangeDetector
from stage_contract.watching.watcher import Watcher

SETTLE_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Watch as a process until SIGTERM; the exit code is 0."""
    options = _parser().parse_args(arguments)
    configure_logging(options.stage)
    try:
        settle_seconds = read_settle_seconds()
    except SettingsError as error:
        LOGGER.error("%s", one_line(error), extra={"exit_code": error.exit_code})
        sys.exit(error.exit_code)
    detector = ChangeDetector(
        options.stage,
        folder=Path(os.environ.get("STAGE_IN", "/data/in")).absolute(),
        config=pipeline_path().absolute(),
        sources=options.sources,
        refresh=options.refresh,
    )
    out = output_volume()
    LOGGER.info("watches %s and [%s] of %s", detector.folder, detector.stage, detector.config)
    Watcher(detector, options.command, out=out, settle_seconds=settle_seconds).watch()
    sys.exit(0)


def read_settle_seconds() -> float:
    """Return the time without a change after which a file is complete: STAGE_SETTLE_SECONDS."""
    text = os.environ.get("STAGE_SETTLE_SECONDS") or f"{SETTLE_SECONDS}"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"STAGE_SETTLE_SECONDS = {text!r}: expected seconds, for example 1")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stage_contract.watching",
        description="Keep running, and run COMMAND when the input or the settings of STAGE change.",
    )
    parser.add_argument("stage", metavar="STAGE", help="its table of the pipeline file")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the command of one run")
    parser.add_argument(
        "--sources",
        type=pkgutil.resolve_name,
        metavar="MODULE:FUNCTION",
        help="returns the files that the stage reads; default: it reads the latest artifact",
    )
    parser.add_argument(
        "--refresh",
        type=pkgutil.resolve_name,
        metavar="MODULE:FUNCTION",
        help="returns the seconds between two runs without a visible change",
    )
    return parser


if __name__ == "__main__":
    main()
