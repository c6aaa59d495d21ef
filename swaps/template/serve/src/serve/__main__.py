"""Serve stage: a model in, a prediction API out."""

import os
import sys
from pathlib import Path

import uvicorn
from stage_contract import (
    LOGGER,
    StageError,
    configure_logging,
    pipeline_path,
    read_pipeline,
    resolve,
)

from serve.app import create_app
from serve.following import Follower
from serve.settings import Settings


def main() -> None:
    """Serve until SIGTERM; a wrong setting ends it with 78 and one line."""
    configure_logging("serve")
    try:
        pipeline = read_pipeline(pipeline_path())
        settings = resolve(Settings, pipeline, "serve")
    except StageError as error:
        LOGGER.error("%s", error, extra={"exit_code": error.exit_code})  # one line for the user
        sys.exit(error.exit_code)
    follower = Follower(Path(os.environ.get("STAGE_IN", "/data/in")), settings.poll_seconds)
    follower.start()
    uvicorn.run(
        create_app(pipeline.name, follower, settings),
        host=os.environ.get("STAGE_HOST") or "0.0.0.0",  # noqa: S104  # compose publishes the port
        port=int(os.environ.get("STAGE_PORT") or 8000),
        log_level="warning",
        # Docker kills after ten seconds.
        timeout_graceful_shutdown=8,
    )


if __name__ == "__main__":
    main()
