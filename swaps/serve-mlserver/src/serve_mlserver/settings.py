"""Settings: the table [serve] of the pipeline, and those of MLServer, which are fixed."""

import os
from pathlib import Path
from typing import Annotated, Any

from mlserver.settings import Settings as ServerSettings
from pydantic import BaseModel, Field

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  # of the container; what reaches it compose says

_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"mlserver": {"level": "INFO"}, "uvicorn": {"level": "WARNING"}},
}
"""No handlers: what MLServer and uvicorn log goes where our lines go, in the same format."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How the model is run; what it predicts is the model's."""

    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Of ONNX Runtime for one request."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """More rows are refused with 413: they would keep other requests waiting for too long."""

    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """How often LATEST is looked at; a look costs microseconds."""


def server_settings(volume: Path, repository: dict[str, Any]) -> ServerSettings:
    """Return the settings of MLServer; its variables MLSERVER_… override none of these."""
    return ServerSettings(
        host=os.environ.get("STAGE_HOST") or _EVERY_ADDRESS,
        http_port=int(os.environ.get("STAGE_PORT") or 8000),
        # Its worker processes do not start with this uvloop, and each would hold its own model.
        parallel_workers=0,
        model_repository_implementation="serve_mlserver.repository.Repository",
        model_repository_root=str(volume),
        model_repository_implementation_args=repository,
        logging_settings=_LOGGING,
        # It would answer with tracebacks, and log each request.
        debug=False,
    )
