"""Downloading one file: resumed when the connection breaks, bounded, and checked."""

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
from ingest.connectors.http_requests import BrokenError, NoAnswerError, Requests
from ingest.settings import Settings

PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Before the second to the last attempt."""

LONGEST_PAUSE_SECONDS = 60.0
"""A server that asks for more is told as one that can't be reached."""

_CHUNK_BYTES = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_LATER = frozenset({429, 500, 502, 503, 504})
_CHECK_LOGIN = "check the credentials in the file that credentials_file names, see docs/sources.md"
_REMEDIES = {401: _CHECK_LOGIN, 403: _CHECK_LOGIN}


@dataclass(frozen=True)
class Download:
    """A file that was downloaded, as whoever reads it needs it."""

    path: Path
    name: str
    """The address."""
    bytes: int
    sha256: str
    etag: str | None


def download(settings: Settings, folder: Path) -> Download:
    """Download `source` into a folder.

    Raises:
        SourceError: it can't be reached, or breaks off again and again.
        ContractError: it is empty, larger than `max_bytes`, or not what `sha256` says.
        SettingsError: the credentials can't be read.
    """
    requests = Requests(settings.source, read_credentials(settings.credentials_file))
    path = folder / "file"
    with path.open("w+b") as file:
        transfer = _Transfer(requests, file, settings.max_bytes)
        transfer.run()
    sha256 = transfer.digest.hexdigest()
    if not transfer.bytes:
        raise ContractError(f"{settings.source}: the file is empty; expected a table")
    if settings.sha256 not in (None, sha256):
        raise ContractError(
            f"{settings.source}: has SHA-256 {sha256}, expected {settings.sha256}; the file was"
            " changed, check it and set sha256 in [ingest]"
        )
    if not transfer.has_told_end and settings.sha256 is None:
        LOGGER.warning(
            "%s: the server says no length, so that a file that broke off looks whole; set"
            " sha256 = '%s' in [ingest] if this one is",
            settings.source,
            sha256,
        )
    return Download(path, settings.source, transfer.bytes, sha256, transfer.etag)


def is_unchanged(settings: Settings, etag: str) -> bool:
    """Ask the server whether what had this ETag is still what it holds; reads no body.

    Raises:
        SourceError: it can't be reached.
    """
    requests = Requests(settings.source, read_credentials(settings.credentials_file))
    try:
        with requests.get({"If-None-Match": etag}) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                return True
            return response.status == HTTPStatus.OK and response.headers.get("ETag") == etag
    except BrokenError as error:
        raise SourceError(f"{settings.source}: {error}") from None


class _Transfer:
    """The bytes of a file as they arrive, in one attempt or more."""

    def __init__(self, requests: Requests, file: IO[bytes], max_bytes: int) -> None:
        self._requests = requests
        self._name = requests.address
        self._file = file
        self._max_bytes = max_bytes
        self.etag: str | None = None
        self.has_told_end = False
        """Whether the server said where the file ends, so that it is known to be whole."""
        self._has_answered = False
        self._start_anew()

    def run(self) -> None:
        """Fetch all bytes."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                self._attempt()
            except BrokenError as error:
                self._pause(error, pause)
            else:
                return

    def _pause(self, error: BrokenError, pause: float | None) -> None:
        if isinstance(error, NoAnswerError) and not self._has_answered:
            # Most likely it is not there at all, which whoever waits is told at once.
            raise SourceError(f"{self._name}: {error}") from None
        wanted = error.pause_seconds or 0
        if pause is None or wanted > LONGEST_PAUSE_SECONDS:
            raise SourceError(
                f"{self._name}: {error}, after {self.bytes:,} bytes in {len(PAUSES_SECONDS) + 1}"
                " attempts at most; run ingest again later"
            ) from None
        seconds = max(pause, wanted)
        LOGGER.warning("%s: %s; tries again in %.0f s", self._name, error, seconds)
        time.sleep(seconds)

    def _attempt(self) -> None:
        with self._requests.get(self._resuming()) as response:
            self._has_answered = True
            self._check_status(response)
            total = self._total(response)
            is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
            self.has_told_end = total is not None or is_chunked
            self._check_size(total or 0)
            progress = Progress("MB downloaded", total=total and total // 1_000_000)
            while chunk := response.read(_CHUNK_BYTES):
                self._take(chunk, progress)
        if total is not None and self.bytes != total:
            raise BrokenError("sent a part only")

    def _total(self, response: urllib3.BaseHTTPResponse) -> int | None:
        """Return how many bytes there will be with those that are there, if the server says so."""
        if response.status == HTTPStatus.OK:
            self._start_anew()
            self.etag = response.headers.get("ETag") or None
            announced = response.headers.get("Content-Length", "")
            return int(announced) if announced.isdecimal() else None
        place = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        is_same = response.headers.get("ETag", self.etag) == self.etag
        if not self.bytes or place is None or int(place[1]) != self.bytes or not is_same:
            self._start_anew()
            raise BrokenError("sends another part than the one that was asked for")
        return int(place[2])

    def _resuming(self) -> Mapping[str, str]:
        """Return headers that ask for the rest, if it is sure to be of the same file."""
        if not self.bytes or self.etag is None or self.etag.startswith("W/"):
            return {}
        return {"Range": f"bytes={self.bytes}-", "If-Range": self.etag}

    def _start_anew(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.bytes = 0
        self.digest = hashlib.sha256()

    def _take(self, chunk: bytes, progress: Progress) -> None:
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
            self._start_anew()
            raise BrokenError("has no such part any more")
        if status in _LATER:
            wait = response.headers.get("Retry-After", "")
            raise BrokenError(
                f"answers {status}", pause_seconds=float(wait) if wait.isdecimal() else None
            )
        raise SourceError(
            f"{self._name}: answers {status}; {_REMEDIES.get(status, 'check the address')}"
        )
