"""Runs the server: uvicorn with one process, or several that each make their own application."""

import uvicorn
from stage_contract import LOGGER

from serve.settings import Settings

_DRAIN_SECONDS = 8
"""What a request that is under way may take after SIGTERM; Docker kills after ten."""


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM."""
    LOGGER.info("listening on port %d", port, extra={"host": host, "port": port})
    uvicorn.run(
        # By name: with several workers this process needs no ONNX Runtime itself.
        "serve.app:create_app",
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
