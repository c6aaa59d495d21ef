"""HTTP requests to one address, with redirects, credentials and readable errors."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from stage_contract import SourceError
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
    TimeoutError,  # noqa: A004  # for connecting and reading
)

from ingest.connectors.credentials import Credentials
from ingest.connectors.network import has_network, missing_network_message

CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0
"""Maximum time without data from the server."""

MAX_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class ConnectionBrokenError(Exception):
    """The connection broke or the server is busy; a retry may succeed."""

    def __init__(self, why: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds
        """Delay that the server requested."""


class NoResponseError(ConnectionBrokenError):
    """The server sent no response at all."""


@dataclass(frozen=True)
class HttpClient:
    """Sends requests to one address."""

    address: str
    credentials: Credentials

    def __post_init__(self) -> None:
        # urllib3 logs addresses with the parameters of credentials and redirects.
        logging.getLogger("urllib3").propagate = False

    @contextmanager
    def get(self, headers: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        """Yield the final response after redirects; its body is not read yet.

        Raises:
            SourceError: A redirect is not allowed.
            NoResponseError: There is no response.
            ConnectionBrokenError: The connection breaks while the body is read.
        """
        url, parameters = self.address, self.credentials.parameters
        if parameters:
            url += ("&" if urlsplit(url).query else "?") + parameters
        with urllib3.PoolManager(num_pools=1) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                with self._response(pool, url, headers) as response:
                    if response.status not in _REDIRECTS:
                        yield response
                        return
                    url = self.follow(url, response.headers.get("Location"))
        raise SourceError(
            f"{self.address}: redirects more than {MAX_REDIRECTS} times; name the last address"
        )

    @contextmanager
    def _response(
        self, pool: urllib3.PoolManager, url: str, headers: Mapping[str, str]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        authorization = self.credentials.authorization
        if authorization and _is_same_server(urlsplit(self.address), urlsplit(url)):
            headers = {**headers, "Authorization": authorization}
        try:
            response = pool.request(
                "GET",
                url,
                headers={**headers, "Accept-Encoding": "identity", "User-Agent": "stagecoach"},
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except HTTPError as error:
            # The error text has the address with all parameters, so it is not shown.
            raise NoResponseError(_failure_reason(error)) from None
        try:
            yield response
        except HTTPError as error:
            is_timeout = isinstance(error, ReadTimeoutError)
            why = (
                f"sends nothing for {READ_TIMEOUT_SECONDS:.0f} s"
                if is_timeout
                else "the connection broke off"
            )
            raise ConnectionBrokenError(why) from None
        finally:
            response.close()

    def follow(self, url: str, location: str | None) -> str:
        """Return the target of a redirect.

        Raises:
            SourceError: The target is not HTTP, or loses the encryption of the address.
        """
        try:
            target = urljoin(url, location or "")
            parts = urlsplit(target)
            is_web = bool(location and parts.scheme in _PORTS and parts.hostname and _port(parts))
        except ValueError:
            is_web = False
        if not is_web:
            raise SourceError(f"{self.address}: redirects to an address that is not http or https")
        if urlsplit(url).scheme == "https" and parts.scheme == "http":
            raise SourceError(
                f"{self.address}: redirects from https to http://{parts.hostname}, where anyone"
                " could change the data; name an address that stays with https"
            )
        return target


def _is_same_server(first: SplitResult, other: SplitResult) -> bool:
    """Return whether credentials of the first address may be sent to the other one."""
    return (first.scheme, first.hostname, _port(first)) == (
        other.scheme,
        other.hostname,
        _port(other),
    )


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _failure_reason(error: HTTPError) -> str:
    """Return why the request failed, without the address."""
    if not has_network():
        return missing_network_message()
    if isinstance(error, NameResolutionError):
        return "no such host; check the address, and that the container's DNS knows it"
    if isinstance(error, SSLError):
        return _tls_failure_reason(error)
    if isinstance(error, NewConnectionError) and isinstance(error.__cause__, OSError):
        return f"no connection ({error.__cause__.strerror}); check that it runs, and its port"
    if isinstance(error, TimeoutError):
        return (
            f"no answer in time ({READ_TIMEOUT_SECONDS:.0f} s,"
            f" {CONNECT_TIMEOUT_SECONDS:.0f} s to connect)"
        )
    return "the answer is not HTTP; check the port, and http or https"


def _tls_failure_reason(error: SSLError) -> str:
    cause = error.args[0] if error.args else None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return "no TLS connection; check that the port speaks https"
    return (
        f"its certificate is not trusted ({cause.verify_message}); mount your CA and name it in"
        " SSL_CERT_FILE, see docs/sources.md"
    )
