"""Tracking as a process: models of a volume in, MLflow runs out."""

if __name__ == "__main__":
    # Imported first, because Ctrl+C may arrive while the other modules are loading.
    import quiet_interrupt  # noqa: F401

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from stage_contract import LOGGER, configure_logging
from stage_contract.stages.failures import as_stage_error, one_line
from stage_contract.stages.watch_mode import watch_instead

from track import __version__
from track.environment import prepare
from track.published import published_models
from track.settings import read_settings


def main() -> None:
    """Log once, or keep watching; exit codes are those of a stage."""
    options = _parser().parse_args()
    if options.watch:
        watch_instead("track", sources="track.watched:pointers", refresh=None)
    configure_logging("track")
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    volume = Path(os.environ.get("STAGE_IN", "/data/in")).absolute()
    try:
        settings = read_settings()
        if not published_models(volume):
            LOGGER.info("nothing to log: no model was published yet")
            return
        prepare(settings)
        from track.work import track  # noqa: PLC0415  # MLflow reads the environment when loaded

        track(volume, settings)
    except Exception as error:
        failure = as_stage_error(error, volume)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="track",
        description="Log the models of /data/in to the MLflow that MLFLOW_TRACKING_URI names.",
        epilog="Exit codes: 0 logged or unchanged, 65 a model is damaged, 69 the server can't be"
        " reached, 73 the folder can't be written, 78 a setting is wrong.",
    )
    parser.add_argument("--watch", action="store_true", help="stay, and log whatever is new")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


if __name__ == "__main__":
    main()
