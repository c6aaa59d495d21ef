"""Settings: the table [serve] of the pipeline, and fixed settings of MLServer."""

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
"""No handlers: log lines of MLServer and uvicorn go to our handler, in our format."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Settings of the server; the model defines what it predicts."""

    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads of ONNX Runtime for one request."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """Maximum number of rows, beyond it 413: more would keep other requests waiting."""

    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """Seconds between two checks of LATEST; a check takes microseconds."""


def server_settings(volume: Path, repository: dict[str, Any]) -> ServerSettings:
    """Return the settings of MLServer; environment variables MLSERVER_… do not override them."""
    return ServerSettings(
        host=os.environ.get("STAGE_HOST") or _EVERY_ADDRESS,
        http_port=int(os.environ.get("STAGE_PORT") or 8000),
        # Its worker processes do not start with this uvloop, and each would load the model.
        parallel_workers=0,
        model_repository_implementation="serve_mlserver.repository.Repository",
        model_repository_root=str(volume),
        model_repository_implementation_args=repository,
        logging_settings=_LOGGING,
        # It would respond with tracebacks, and log each request.
        debug=False,
    )
