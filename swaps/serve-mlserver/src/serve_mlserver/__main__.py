"""Serve stage: a model in, the Open Inference Protocol out, by MLServer."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from mlserver import MLServer, ModelSettings
from mlserver.utils import install_uvloop_event_loop
from stage_contract import (
    LOGGER,
    StageError,
    configure_logging,
    pipeline_path,
    read_pipeline,
    resolve,
)

from serve_mlserver import __version__
from serve_mlserver.following import follow
from serve_mlserver.pointer import Pointer
from serve_mlserver.repository import Nothing
from serve_mlserver.settings import Settings, server_settings


def main() -> None:
    """Serve until SIGTERM; an invalid setting prints one line and exits with 78."""
    _parser().parse_args()
    configure_logging("serve")
    try:
        pipeline = read_pipeline(pipeline_path())
        settings = resolve(Settings, pipeline, "serve")
    except StageError as error:
        LOGGER.error("%s", error, extra={"exit_code": error.exit_code})  # shown without a traceback
        sys.exit(error.exit_code)
    install_uvloop_event_loop()
    asyncio.run(_serve(settings, name=pipeline.name))


async def _serve(settings: Settings, *, name: str) -> None:
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    pointer = Pointer(volume)
    repository = {"name": name, "settings": settings, "pointer": pointer}
    server = MLServer(server_settings(volume, repository))
    following = asyncio.create_task(
        follow(server, pointer, name=name, seconds=settings.poll_seconds)
    )
    # The server is up, but not ready before the first model is.
    await server.start([ModelSettings(name=name, implementation=Nothing)])
    following.cancel()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="serve",
        description="Follows the model in /data/in and answers on port 8000, by MLServer.",
        epilog="Settings: the table [serve] of /config/$PIPELINE.toml.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


if __name__ == "__main__":
    main()
