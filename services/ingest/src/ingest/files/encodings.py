"""Encoding detection: byte order mark, else UTF-8, else cp1252 if the whole file fits."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from stage_contract import LOGGER, Progress

from ingest.files.decompression import ByteStream
from ingest.files.windows_1252 import Windows1252Detector

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 1 << 10
_MIN_ZERO_SHARE = 0.3
"""Minimum share of zero bytes in UTF-16: delimiters, digits and line ends have one."""

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    # UTF-32 first, because its mark starts with that of UTF-16.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Encoding:
    """An encoding, by its Python name."""

    name: str
    reason: str | None = None
    """The line that decided the encoding, if any."""

    def facts(self) -> dict[str, str]:
        """Return how the file was read, for source.json."""
        reason = {"encoding_reason": self.reason} if self.reason else {}
        return {"encoding": self.name, **reason}

    def decode_head(self, head: bytes) -> str:
        """Return the text that a file starts with; its last character may be incomplete."""
        return head.decode(self.name, errors="replace").removeprefix("\ufeff")


def choose_encoding(path: Path, name: str, head: bytes, *, setting: str | None) -> Encoding:
    """Return the encoding in the settings, else that of a file that starts with `head`.

    The whole file must be read to know that it is UTF-8.

    Raises:
        ContractError: The file is neither Unicode nor cp1252, or mixes both.
    """
    if setting:
        return Encoding(setting)
    return _from_head(head) or _from_whole_file(path, name)


def _from_head(head: bytes) -> Encoding | None:
    """Return the encoding that a byte order mark or the zero bytes of UTF-16 show."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return Encoding(encoding)
    zeros = [not byte for byte in head[:4]]
    if zeros[1:] == [True] * 3 or zeros[:3] == [True] * 3:
        return Encoding("utf-32-le" if zeros[3] else "utf-32-be")
    low, high = head[0:_HEAD_BYTES:2], head[1:_HEAD_BYTES:2]
    for half, other_half, encoding in ((low, high, "utf-16-be"), (high, low, "utf-16-le")):
        if half.count(0) > max(1, _MIN_ZERO_SHARE * len(half), 4 * other_half.count(0)):
            return Encoding(encoding)
    return None


def _from_whole_file(path: Path, name: str) -> Encoding:
    """Return UTF-8 if the whole file is valid, else cp1252 with a warning."""
    progress = Progress("MB scanned", total=path.stat().st_size // 1_000_000)
    detector = Windows1252Detector(name)
    done = 0
    with ByteStream(path, name) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            detector.add(chunk)
            progress.add(stream.position // 1_000_000 - done)
            done = stream.position // 1_000_000
    detector.end()
    if detector.reason is None:
        return Encoding("utf-8")
    detector.check()
    LOGGER.warning(
        "%s: read as cp1252, since %s; set encoding in [ingest] if it is another",
        name,
        detector.reason,
    )
    return Encoding("cp1252", detector.reason)
