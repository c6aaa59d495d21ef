"""The encoding of a text: declared, by byte order mark, UTF-8, or the encoding of the source."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    # UTF-32 first, because its mark starts with that of UTF-16.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_FIRST_BYTES_OF_MARKS: Final = frozenset(mark[:1] for mark in _MARKS)
_MARK: Final = "\ufeff"
_FIRST_OF_THREE_BYTES: Final = "\u0800"
"""First character that takes three bytes in UTF-8; such bytes are rare in other encodings."""


class AmbiguousTextError(Exception):
    """A text may be UTF-8, or in the encoding of the source."""


def bom_encoding(head: bytes) -> str | None:
    """Return the encoding that a byte order mark declares; None without a mark."""
    if head[:1] not in _FIRST_BYTES_OF_MARKS:
        return None
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def decode(body: bytes, encoding: str) -> str:
    """Return a text without its byte order mark.

    Raises:
        UnicodeDecodeError: It has another encoding, or a lone surrogate.
    """
    if encoding.startswith("utf-16") and len(body) % 2 and body.endswith(b"\n"):
        # `head` may cut a file between the two bytes of a line feed.
        body += b"\0"
    text = body.decode(encoding)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reason = f"lone surrogate U+{ord(text[error.start]):04X}"
        raise UnicodeDecodeError(encoding, body, 0, len(body), reason) from None
    return text.removeprefix(_MARK)


def decodings(body: bytes, encodings: Iterable[str]) -> Iterator[str]:
    """Yield the possible texts of a body without a mark: as UTF-8, then in the source's encoding.

    Raises:
        AmbiguousTextError: UTF-8 and the source's encoding are both likely.
        UnicodeDecodeError: No encoding can decode the body.
    """
    others = without_utf8(encodings)
    error: UnicodeDecodeError | None = None
    if is_utf8([body], others):
        yield decode(body, "utf-8")
    for name in others:
        try:
            yield decode(body, name)
        except UnicodeDecodeError as last:
            error = last
        else:
            error = None
    if error is not None or not others:
        decode(body, "utf-8")


def without_utf8(encodings: Iterable[str]) -> list[str]:
    """Return the encodings that are not UTF-8."""
    return [name for name in encodings if name not in {"utf-8", "utf-8-sig"}]


def is_utf8(parts: Iterable[bytes], others: Iterable[str]) -> bool:
    """Return whether a text is UTF-8, and unlikely to be in the source's encoding.

    Two bytes of a double-byte encoding, such as GBK, often form one character of UTF-8. Three bytes
    rarely do, and neither do two characters of a single-byte encoding.

    Raises:
        AmbiguousTextError: Both are likely.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    has_zeros = any(name.startswith(("utf-16", "utf-32")) for name in others)
    highest = ""
    try:
        for part in parts:
            text = decoder.decode(part)
            if has_zeros and "\0" in text:
                return False
            if not text.isascii() and highest < _FIRST_OF_THREE_BYTES:
                highest = max(highest + text)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    if "" < highest < _FIRST_OF_THREE_BYTES:
        for name in others:
            if not name.startswith("utf") and len("\u4e00".encode(name, "ignore")) > 1:
                raise AmbiguousTextError(name)
    return True
