"""Settings of the serve stage: the table [serve] of the pipeline, and where it listens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field
from stage_contract import SettingsError

from serve.runtime.access import check_path
from serve.runtime.hosts import check_host_name
from serve.runtime.origins import check_origin
from serve.runtime.resources import cpu_share, memory_share

_MAX_WORKERS = 64
_PORTS = range(1, 65536)
_WORKER_BYTES = 120e6
"""Maximum memory of a worker in bytes, without the bodies of large requests."""

type Seconds = Annotated[float, Field(gt=0, le=3600)]


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Settings of the API; the model defines what it predicts."""

    workers: Annotated[int, Field(ge=1, le=_MAX_WORKERS)] | None = None
    """Number of worker processes; default: one for each whole processor of the container, fewer if
    its memory is too small, and at least one."""

    poll_seconds: Seconds = 1.0
    """Seconds between two checks for a new model; a check takes microseconds."""

    signature: Literal["any", "compatible"] = "any"
    """`compatible` refuses a model that may break clients of the live one: a column is removed, no
    longer ignored, of another type, accepts fewer texts or values, or is now required, or the
    outputs differ."""

    max_latency_ms: Annotated[float, Field(gt=0)] = 50.0
    """Maximum time for one row; a slower model is refused, because all other requests would wait.
    """

    max_model_mb: Annotated[float, Field(gt=0)] = 100.0
    """Maximum memory of a model; a larger one is refused. During a swap a worker holds two, and
    compose limits all workers together by SERVE_MEMORY."""

    max_admission_seconds: Seconds = 30.0
    """Maximum time to load a model and to answer its examples; a slower model is refused."""

    fast_path: bool = True
    """Answer predictions before the framework: the same bytes in less time. Disabled if an
    application adds middleware, dependencies or tracing to the prediction routes."""

    page: bool = True
    """Serve the page at / and everything below /page; if disabled, / redirects to /docs."""

    docs: bool = True
    """Serve /docs, /openapi.json and /report."""

    access_log: bool = False
    """Log each request, which costs more than a prediction; errors are always logged."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    """Maximum size of a body; a larger one gets 413. `max_rows` rows of a few hundred bytes fit."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    """Maximum number of rows of a request; more get 413, because other requests would wait."""

    max_header_bytes: Annotated[int, Field(ge=1024)] = 16 * 1024
    """Maximum size of request line and header fields; more get 431. Browsers send up to 8 KiB."""

    max_headers: Annotated[int, Field(ge=16)] = 100
    """Maximum number of header fields; more get 431."""

    max_connections: Annotated[int, Field(ge=1)] = 1000
    """Maximum number of open connections of one worker; more get 503. An idle one takes about
    10 kB."""

    max_waiting_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """Maximum memory for bodies and unread responses of one worker; beyond it, requests get 503."""

    max_wait_seconds: Seconds = 1.0
    """Maximum CPU time in the queue before a request; beyond it, requests get 503. Ordinary bulk
    clients stay far below it; with a smaller value, accepted requests are faster under overload."""

    request_seconds: Seconds = 30.0
    """Maximum time for a client to send a request, else it gets 408, or to read its response, else
    the connection is closed."""

    keep_alive_seconds: Seconds = 75.0
    """Idle time after which a connection is closed; longer than the minute that most proxies use.
    """

    cors_origins: tuple[Annotated[str, AfterValidator(check_origin)], ...] = ()
    """Origins of web pages that may send requests, `*` for all; default: none but the API's own."""

    allowed_hosts: tuple[Annotated[str, AfterValidator(check_host_name)], ...] = ()
    """Names of hosts that requests may name, besides localhost and IP addresses; others get 421.
    Default: all, because a proxy may pass on any name. With keys, pages of other sites learn
    nothing either."""

    api_keys_file: Path | None = None
    """File of API keys, one per line, `#` comments; every route except `public` requires one of
    them. The pages at / and /docs are public as well, and ask for a key before they show anything.
    """

    public: tuple[Annotated[str, AfterValidator(check_path)], ...] = (
        "/live",
        "/ready",
        "/ping",
        "/health",
        "/v2/health",
        "/v2/models/*/ready",
        "/v2/models/*/versions/*/ready",
    )
    """Paths that need no key, including everything below them; health checks rarely have one. A
    path with a segment `*`, which matches any segment, is exact."""

    def worker_count(self) -> int:
        """Return the number of worker processes."""
        limit = min(cpu_share(), memory_share() / _WORKER_BYTES, _MAX_WORKERS)
        return self.workers or max(1, int(limit))

    @property
    def static_pages(self) -> tuple[str, ...]:
        """Return the paths that need no key because they show nothing about the model."""
        return (
            *(("/",) if self.page or self.docs else ()),
            *(("/page/assets/*",) if self.page else ()),
            *(("/docs", "/docs/assets/*") if self.docs else ()),
        )

    @property
    def see_docs(self) -> str:
        """Return the end of a message with a link to the docs, empty if they are disabled."""
        return ", see /docs" if self.docs else ""

    def threads(self) -> int:
        """Return the number of processors for one worker; more threads would halve the speed."""
        return max(1, int(cpu_share()) // self.worker_count())


def read_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return host and port; a container listens on all addresses, and compose publishes the port.

    Raises:
        SettingsError: STAGE_PORT is not a port.
    """
    host = environment.get("STAGE_HOST") or "0.0.0.0"  # noqa: S104  # see above
    text = environment.get("STAGE_PORT") or "8000"
    if not (text.isascii() and text.isdigit() and int(text) in _PORTS):
        raise SettingsError(f"STAGE_PORT = {text!r}: expected a port from 1 to 65535")
    return host, int(text)
