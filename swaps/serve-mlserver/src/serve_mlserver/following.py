"""Follows LATEST: reloads MLServer's model whenever it changes."""

import asyncio
from pathlib import Path
from typing import NoReturn

from mlserver import MLServer
from mlserver.errors import MLServerError
from stage_contract import LOGGER, ContractError, read_pointer


async def follow(server: MLServer, volume: Path, *, name: str, seconds: float) -> NoReturn:
    """Load the model in LATEST, now and after each change."""
    seen: object = ...
    while True:
        latest = _look(volume)
        if latest != seen:
            seen = latest
            await _take(server, name, latest)
        await asyncio.sleep(seconds)


def _look(volume: Path) -> str | None:
    try:
        return read_pointer(volume)
    except ContractError as error:
        return str(error)


async def _take(server: MLServer, name: str, latest: str | None) -> None:
    if latest is None:
        LOGGER.info("no model was published yet; `make up` trains one")
        return
    try:
        # The same as POST /v2/repository/models/{name}/load, which has no public Python interface.
        await server._model_repository_handlers.load(name)  # noqa: SLF001  # what its HTTP route calls
    except MLServerError as error:
        LOGGER.error("refused: %s", error)
    else:
        LOGGER.info("serves model %s", latest)
