"""Settings of the serve stage: the table [serve] of the pipeline, and where it listens."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field
from stage_contract import SettingsError


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How the API behaves; what it predicts is the model's."""

    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes; one is enough for some ten thousand rows a second, each takes its own memory."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    """A longer body is refused with 413; room for `max_rows` rows of some hundred bytes each."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """More rows are refused with 413: they would keep other requests waiting for too long."""

    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """How often each worker looks whether there is another model; a look costs microseconds."""

    docs: bool = True
    """Serve /docs and /openapi.json."""


def read_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return host and port; a container listens on every address, what reaches it compose says.

    Raises:
        SettingsError: STAGE_PORT is no port.
    """
    host = environment.get("STAGE_HOST") or "0.0.0.0"  # noqa: S104  # see above
    text = environment.get("STAGE_PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SettingsError(f"STAGE_PORT = {text!r}: expected a port from 1 to 65535")
    return host, int(text)
