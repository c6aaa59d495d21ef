"""Follows LATEST: reloads MLServer's model whenever it changes."""

import asyncio
from typing import NoReturn

from mlserver import MLServer
from mlserver.errors import MLServerError
from stage_contract import LOGGER

from serve_mlserver.pointer import Pointer


async def follow(server: MLServer, pointer: Pointer, *, name: str, seconds: float) -> NoReturn:
    """Load the model in LATEST, now and after each change."""
    while True:
        latest = pointer.look()
        if latest != pointer.seen:
            await _take(server, pointer, name, latest)
        await asyncio.sleep(seconds)


async def _take(server: MLServer, pointer: Pointer, name: str, latest: str | None) -> None:
    if latest is None:
        pointer.seen = None
        LOGGER.info("no model was published yet; `make up` trains one")
        return
    try:
        # The same as POST /v2/repository/models/{name}/load, which has no public Python interface.
        await server._model_repository_handlers.load(name)  # noqa: SLF001  # what its HTTP route calls
    except MLServerError as error:
        LOGGER.error("refused: %s", error)
    else:
        LOGGER.info("serves model %s", pointer.seen)
