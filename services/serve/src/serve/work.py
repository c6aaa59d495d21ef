"""Runs the server: uvicorn, and in each worker the application that follows the model volume."""

import os
from functools import partial
from pathlib import Path

import uvicorn
from stage_contract import LOGGER, configure_logging, pipeline_path, read_pipeline, resolve

from serve.api import create_api
from serve.following import Follower
from serve.front import Front
from serve.models import load_model
from serve.settings import Settings

_DRAIN_SECONDS = 10
"""What a request that is under way may take after SIGTERM; Docker waits as long."""


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM."""
    LOGGER.info("listening on port %d", port, extra={"host": host, "port": port})
    uvicorn.run(
        "serve.work:create_app",
        factory=True,
        host=host,
        port=port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


def create_app() -> Front:
    """Return the application of one worker, made of the pipeline file."""
    configure_logging("serve")
    pipeline = read_pipeline(pipeline_path())
    settings = resolve(Settings, pipeline, "serve")
    load = partial(load_model, name=pipeline.name, max_rows=settings.max_rows)
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    follower = Follower(volume, load, poll_seconds=settings.poll_seconds)

    api = create_api(follower, name=pipeline.name, docs=settings.docs)
    return Front(api, follower, max_body_bytes=settings.max_body_bytes)
