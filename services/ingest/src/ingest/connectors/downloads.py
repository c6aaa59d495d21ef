"""Download of a file: resumable, bounded and verified."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

import urllib3
from stage_contract import LOGGER, ContractError, Progress, SourceError

from ingest.connectors.credentials import read_credentials
from ingest.connectors.http_requests import ConnectionBrokenError, HttpClient, NoResponseError
from ingest.settings import Settings

RETRY_DELAYS_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Delay before each retry."""

MAX_DELAY_SECONDS = 60.0
"""Maximum delay that a Retry-After header may ask for; longer means unreachable."""

_CHUNK_BYTES = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
_CHECK_LOGIN = "check the credentials in the file that credentials_file names, see docs/sources.md"
_REMEDIES = {401: _CHECK_LOGIN, 403: _CHECK_LOGIN}


@dataclass(frozen=True)
class Download:
    """A downloaded file."""

    path: Path
    name: str
    """The address."""
    bytes: int
    sha256: str
    etag: str | None


def download(settings: Settings, folder: Path) -> Download:
    """Download `source` into a folder.

    Raises:
        SourceError: The server cannot be reached, or every attempt fails.
        ContractError: The file is empty, larger than `max_bytes`, or has another SHA-256.
        SettingsError: The credentials cannot be read.
    """
    client = HttpClient(settings.source, read_credentials(settings.credentials_file))
    path = folder / "file"
    with path.open("w+b") as file:
        transfer = _Transfer(client, file, settings.max_bytes)
        transfer.run()
    sha256 = transfer.digest.hexdigest()
    if not transfer.bytes:
        raise ContractError(f"{settings.source}: the file is empty; expected a table")
    if settings.sha256 not in (None, sha256):
        raise ContractError(
            f"{settings.source}: has SHA-256 {sha256}, expected {settings.sha256}; the file was"
            " changed, check it and set sha256 in [ingest]"
        )
    if not transfer.has_known_end and settings.sha256 is None:
        LOGGER.warning(
            "%s: the server gives no length, so an incomplete file looks complete; set"
            " sha256 = '%s' in [ingest] if this file is complete",
            settings.source,
            sha256,
        )
    return Download(path, settings.source, transfer.bytes, sha256, transfer.etag)


def is_unchanged(settings: Settings, etag: str) -> bool:
    """Ask the server whether the file still has this ETag; reads no body.

    Raises:
        SourceError: The server cannot be reached.
    """
    client = HttpClient(settings.source, read_credentials(settings.credentials_file))
    try:
        with client.get({"If-None-Match": etag}) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                return True
            return response.status == HTTPStatus.OK and response.headers.get("ETag") == etag
    except ConnectionBrokenError as error:
        raise SourceError(f"{settings.source}: {error}") from None


class _Transfer:
    """The bytes of a file, received in one or more attempts."""

    def __init__(self, client: HttpClient, file: IO[bytes], max_bytes: int) -> None:
        self._client = client
        self._name = client.address
        self._file = file
        self._max_bytes = max_bytes
        self.etag: str | None = None
        self.has_known_end = False
        """Whether the server gave the length, so that the file is known to be complete."""
        self._has_responded = False
        self._restart()

    def run(self) -> None:
        """Download all bytes."""
        for pause in (*RETRY_DELAYS_SECONDS, None):
            try:
                self._attempt()
            except ConnectionBrokenError as error:
                self._wait_to_retry(error, pause)
            else:
                return

    def _wait_to_retry(self, error: ConnectionBrokenError, pause: float | None) -> None:
        if isinstance(error, NoResponseError) and not self._has_responded:
            # The address is most likely wrong; fail at once instead of retrying.
            raise SourceError(f"{self._name}: {error}") from None
        requested = error.retry_after_seconds or 0
        if pause is None or requested > MAX_DELAY_SECONDS:
            raise SourceError(
                f"{self._name}: {error}, after {self.bytes:,} bytes in at most"
                f" {len(RETRY_DELAYS_SECONDS) + 1} attempts; run ingest again later"
            ) from None
        seconds = max(pause, requested)
        LOGGER.warning("%s: %s; retrying in %.0f s", self._name, error, seconds)
        time.sleep(seconds)

    def _attempt(self) -> None:
        with self._client.get(self._resume_headers()) as response:
            self._has_responded = True
            self._check_status(response)
            total = self._begin_or_resume(response)
            is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
            self.has_known_end = total is not None or is_chunked
            self._check_size(total or 0)
            progress = Progress("MB downloaded", total=total and total // 1_000_000)
            while chunk := response.read(_CHUNK_BYTES):
                self._append(chunk, progress)
        if total is not None and self.bytes != total:
            raise ConnectionBrokenError("sent only a part")

    def _begin_or_resume(self, response: urllib3.BaseHTTPResponse) -> int | None:
        """Start or resume the file, and return its total bytes if the server gives them."""
        if response.status == HTTPStatus.OK:
            self._restart()
            self.etag = response.headers.get("ETag") or None
            content_length = response.headers.get("Content-Length", "")
            return int(content_length) if content_length.isdecimal() else None
        content_range = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        is_same = response.headers.get("ETag", self.etag) == self.etag
        if (
            not self.bytes
            or content_range is None
            or int(content_range[1]) != self.bytes
            or not is_same
        ):
            self._restart()
            raise ConnectionBrokenError("sends a different part than requested")
        return int(content_range[2])

    def _resume_headers(self) -> Mapping[str, str]:
        """Return headers that request the rest, if it is certain to be the same file."""
        if not self.bytes or self.etag is None or self.etag.startswith("W/"):
            return {}
        return {"Range": f"bytes={self.bytes}-", "If-Range": self.etag}

    def _restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.bytes = 0
        self.digest = hashlib.sha256()

    def _append(self, chunk: bytes, progress: Progress) -> None:
        self._check_size(self.bytes + len(chunk))
        self._file.write(chunk)
        self.digest.update(chunk)
        before, self.bytes = self.bytes, self.bytes + len(chunk)
        progress.add(self.bytes // 1_000_000 - before // 1_000_000)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise ContractError(
                f"{self._name}: is larger than max_bytes = {self._max_bytes};"
                " set max_bytes in [ingest] if that is right"
            )

    def _check_status(self, response: urllib3.BaseHTTPResponse) -> None:
        status = response.status
        if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            return
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self.bytes:
            self._restart()
            raise ConnectionBrokenError("no longer has the requested part")
        if status in _RETRY_STATUSES:
            wait = response.headers.get("Retry-After", "")
            raise ConnectionBrokenError(
                f"answers {status}", retry_after_seconds=float(wait) if wait.isdecimal() else None
            )
        raise SourceError(
            f"{self._name}: answers {status}; {_REMEDIES.get(status, 'check the address')}"
        )
