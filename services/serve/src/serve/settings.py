"""Settings of the serve stage: the table [serve] of the pipeline, and where it listens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field
from stage_contract import SettingsError

from serve.runtime.access import check_path
from serve.runtime.origins import check_origin
from serve.runtime.resources import cpu_share, memory_share

_MOST_WORKERS = 64
_PORTS = range(1, 65536)
_WORKER_BYTES = 120e6
"""What a worker takes at most, besides the bodies of large requests."""

type Seconds = Annotated[float, Field(gt=0, le=3600)]


class Settings(BaseModel, frozen=True, extra="forbid"):
    """How the API behaves; what it predicts is the model's."""

    workers: Annotated[int, Field(ge=1, le=_MOST_WORKERS)] | None = None
    """Processes; by default one for each whole processor of the container's share that its memory
    has room for, and at least one."""

    poll_seconds: Seconds = 1.0
    """How often to look for another model; looking costs microseconds."""

    signature: Literal["any", "compatible"] = "any"
    """`compatible` refuses a model that the clients of the live one may fail on: a column is gone,
    read and no more ignored, of another type, takes fewer texts or values, or must have one now, or
    answers are others."""

    max_latency_ms: Annotated[float, Field(gt=0)] = 50.0
    """For one row; a slower model is refused, since all other requests would wait for it."""

    max_model_mb: Annotated[float, Field(gt=0)] = 100.0
    """A larger model is refused; while two are swapped a worker holds both, and compose gives all
    workers together SERVE_MEMORY."""

    max_admission_seconds: Seconds = 30.0
    """For a model to be loaded and to answer its examples; one that takes longer is refused."""

    fast_path: bool = True
    """Answer predictions before the framework sees them: the same bytes in less time. It is off
    where an application adds middleware, dependencies or tracing to the prediction routes."""

    docs: bool = True
    """Serve /docs, /openapi.json and /report."""

    access_log: bool = False
    """A line for each request costs more than a prediction; errors are logged in any case."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    """A longer body is refused with 413; room for `max_rows` rows of some hundred bytes each."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """More rows are refused with 413: they would keep other requests waiting for too long."""

    max_header_bytes: Annotated[int, Field(ge=1024)] = 16 * 1024
    """Of request line and header fields together, beyond it 431; browsers stay below 8 KiB."""

    max_headers: Annotated[int, Field(ge=16)] = 100
    """More header fields are refused with 431."""

    max_connections: Annotated[int, Field(ge=1)] = 1000
    """Open connections of one worker, beyond it 503; an idle one takes some 10 kB."""

    max_waiting_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """Bodies and unread answers that one worker holds at a time, beyond it 503: they bound its
    memory."""

    max_wait_seconds: Seconds = 1.0
    """A request that would wait for more CPU time than this is refused with 503. Ordinary bulk
    clients stay far below it; a smaller value keeps accepted requests faster under overload."""

    request_seconds: Seconds = 30.0
    """What a client may take to send a request, or to take its answer in: 408, or it is cut off."""

    keep_alive_seconds: Seconds = 75.0
    """An idle connection is closed; longer than the minute after which most proxies do so."""

    cors_origins: tuple[Annotated[str, AfterValidator(check_origin)], ...] = ()
    """Web pages of these origins may ask, `*` for all; by default none but its own."""

    api_keys_file: Path | None = None
    """One key a line, `#` comments; with it every route but `public` wants one of them."""

    public: tuple[Annotated[str, AfterValidator(check_path)], ...] = (
        "/live",
        "/ready",
        "/ping",
        "/health",
        "/v2/health",
        "/v2/models/*/ready",
        "/v2/models/*/versions/*/ready",
    )
    """Paths that want no key, with what is below them; health checks seldom have one. In a path
    `*` stands for any one segment; such a path stands for itself alone."""

    def worker_count(self) -> int:
        """Return the number of processes."""
        most = min(cpu_share(), memory_share() / _WORKER_BYTES, _MOST_WORKERS)
        return self.workers or max(1, int(most))

    @property
    def see_docs(self) -> str:
        """Return the end of a message that leads to the docs, empty where there are none."""
        return ", see /docs" if self.docs else ""

    def threads(self) -> int:
        """Return what one worker may use of the processors; more threads would halve the speed."""
        return max(1, int(cpu_share()) // self.worker_count())


def read_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return host and port; a container listens on every address, what reaches it compose says.

    Raises:
        SettingsError: STAGE_PORT is no port.
    """
    host = environment.get("STAGE_HOST") or "0.0.0.0"  # noqa: S104  # see above
    text = environment.get("STAGE_PORT") or "8000"
    if not (text.isascii() and text.isdigit() and int(text) in _PORTS):
        raise SettingsError(f"STAGE_PORT = {text!r}: expected a port from 1 to 65535")
    return host, int(text)
