"""Digests: of files, of an artifact's content, and of the cause that makes its id."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from io import BufferedReader
from pathlib import Path

CONTRACT_VERSION = "1.4"
CONTRACT_MAJOR = CONTRACT_VERSION.partition(".")[0]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as file:
        return stream_digest(file)


def stream_digest(file: BufferedReader) -> str:
    """Return the SHA-256 of what is left of an opened file as 64 hex digits."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(files: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 of the lines that `sha256sum` prints for (path, sha256) pairs.

    Paths are sorted by their UTF-8 bytes, so the order given does not matter.
    """
    ordered = sorted(files, key=lambda item: item[0].encode())
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in ordered)
    return hashlib.sha256(lines.encode()).hexdigest()


def settings_text(values: Mapping[str, object]) -> str:
    """Return resolved settings as the one JSON text that the manifest holds and the id hashes."""
    return json.dumps(
        values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def artifact_id(kind: str, *, build: str, settings: str, inputs: Sequence[tuple[str, str]]) -> str:
    """Return the first 16 hex digits of the SHA-256 over what an artifact is made from.

    `inputs` are (kind, content) pairs; for ingest (source path, sha256). They are sorted here.
    """
    lines = [
        f"contract {CONTRACT_MAJOR}",
        f"kind {kind}",
        f"build {build}",
        f"settings {hashlib.sha256(settings.encode()).hexdigest()}",
        *(f"input {name} {digest}" for name, digest in sorted(inputs, key=_by_bytes)),
    ]
    text = "".join(f"{line}\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _by_bytes(item: tuple[str, str]) -> bytes:
    return item[0].encode()
