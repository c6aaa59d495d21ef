"""HTTP requests: one address, its redirects, its credentials, and errors told to people."""

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
    TimeoutError,  # noqa: A004  # of connecting and of reading
)

from ingest.connectors.credentials import Credentials
from ingest.connectors.network import has_network, missing_network

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""How long a server may send nothing."""

MOST_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class BrokenError(Exception):
    """The connection broke or the server is busy: it may go better in a moment."""

    def __init__(self, why: str, *, pause_seconds: float | None = None) -> None:
        super().__init__(why)
        self.pause_seconds = pause_seconds
        """How long the server asks to wait."""


class NoAnswerError(BrokenError):
    """Not even the start of an answer came."""


@dataclass(frozen=True)
class Requests:
    """Asks for one address."""

    address: str
    credentials: Credentials

    def __post_init__(self) -> None:
        # The library logs addresses, with the parameters that credentials or redirects add.
        logging.getLogger("urllib3").propagate = False

    @contextmanager
    def get(self, headers: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        """Yield the answer after redirects, its body not read yet.

        Raises:
            SourceError: a redirect leads where it should not.
            NoAnswerError: there is no answer.
            BrokenError: it breaks off while it is read.
        """
        url, parameters = self.address, self.credentials.parameters
        if parameters:
            url += ("&" if urlsplit(url).query else "?") + parameters
        with urllib3.PoolManager(num_pools=1) as pool:
            for _ in range(MOST_REDIRECTS + 1):
                with self._answer(pool, url, headers) as response:
                    if response.status not in _REDIRECTS:
                        yield response
                        return
                    url = self.follow(url, response.headers.get("Location"))
        raise SourceError(
            f"{self.address}: redirects more than {MOST_REDIRECTS} times; name the last address"
        )

    @contextmanager
    def _answer(
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
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except HTTPError as error:
            # Its text holds the address with all parameters, so that it is not shown.
            raise NoAnswerError(_why(error)) from None
        try:
            yield response
        except HTTPError as error:
            late = isinstance(error, ReadTimeoutError)
            why = (
                f"sends nothing for {SILENT_SECONDS:.0f} s" if late else "the connection broke off"
            )
            raise BrokenError(why) from None
        finally:
            response.close()

    def follow(self, url: str, location: str | None) -> str:
        """Return where a redirect leads.

        Raises:
            SourceError: that is no web server, or one without the encryption of the address.
        """
        try:
            target = urljoin(url, location or "")
            parts = urlsplit(target)
            is_web = bool(location and parts.scheme in _PORTS and parts.hostname and _port(parts))
        except ValueError:
            is_web = False
        if not is_web:
            raise SourceError(f"{self.address}: redirects to no address of http or https")
        if urlsplit(url).scheme == "https" and parts.scheme == "http":
            raise SourceError(
                f"{self.address}: redirects from https to http://{parts.hostname}, where anyone"
                " could change the data; name an address that stays with https"
            )
        return target


def _is_same_server(first: SplitResult, other: SplitResult) -> bool:
    """Return whether credentials of the first address may go to the other one."""
    return (first.scheme, first.hostname, _port(first)) == (
        other.scheme,
        other.hostname,
        _port(other),
    )


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _why(error: HTTPError) -> str:
    """Return what went wrong without the address."""
    if not has_network():
        return missing_network()
    if isinstance(error, NameResolutionError):
        return "no such host; check the address, and that the container's DNS knows it"
    if isinstance(error, SSLError):
        return _why_no_tls(error)
    if isinstance(error, NewConnectionError) and isinstance(error.__cause__, OSError):
        return f"no connection ({error.__cause__.strerror}); check that it runs, and its port"
    if isinstance(error, TimeoutError):
        return f"no answer in time ({SILENT_SECONDS:.0f} s, {CONNECT_SECONDS:.0f} s to connect)"
    return "no answer that is HTTP; check that the port speaks it, and http or https"


def _why_no_tls(error: SSLError) -> str:
    cause = error.args[0] if error.args else None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return "no TLS connection; check that the port speaks https"
    return (
        f"its certificate is not trusted ({cause.verify_message}); mount your CA and name it in"
        " SSL_CERT_FILE, see docs/sources.md"
    )
