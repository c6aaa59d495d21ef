"""The format of a CSV file: the format of the model's source, or inferred from the first row."""

import codecs
from collections.abc import Iterator, Sequence
from typing import Final

from stage_contract import ContractError
from stage_contract.artifacts.digests import file_digest

from serve.batch.arguments import Job
from serve.batch.csv_stream import open_bytes
from serve.codecs.rows import Rows
from serve.source.dialects import CsvDialects, DetectedFormat
from serve.source.encodings import AmbiguousTextError, bom_encoding, is_utf8, without_utf8
from serve.source.file_formats import SourceFormat

_HEAD_BYTES: Final = (64 << 10, 8 << 20)
"""Sizes of the head to read; the second is for headers with many columns."""
_PART_BYTES: Final = 1 << 20


def find_format(
    job: Job, rows: Rows, formats: Sequence[SourceFormat]
) -> tuple[str, DetectedFormat]:
    """Return encoding and dialect of a file.

    The command line comes first. The file that the model was trained on is read as ingest read it.
    For other files, the first row decides.

    Raises:
        ContractError: The encoding is ambiguous.
    """
    formats = [source_format for source_format in formats if source_format.dialect]
    same = [source_format for source_format in formats if _is_same(job, source_format)][:1]
    dialects = CsvDialects(rows.headers, rows.known, same or formats)
    first: tuple[str, DetectedFormat] | None = None
    for size in _HEAD_BYTES:
        with open_bytes(job) as stream:
            head = stream.read(size)
        for encoding in _encodings(job, head, same or formats, is_same=bool(same)):
            text = _decode_head(head, encoding)
            if text is None:
                continue
            found = dialects.find(text, delimiter=job.delimiter, others=job.keep or ())
            if found.is_certain:
                return encoding, found
            first = first or (encoding, found)
        if len(head) < size:
            break
    if first is None:
        # If the text has another encoding, the error is raised when the rest is read.
        encoding = job.encoding or bom_encoding(head) or "utf-8"
        text = head.decode(encoding, errors="replace")
        first = encoding, dialects.find(text, delimiter=job.delimiter, others=job.keep or ())
    return first


def _encodings(
    job: Job, head: bytes, formats: Sequence[SourceFormat], *, is_same: bool
) -> Iterator[str]:
    declared = job.encoding or bom_encoding(head)
    if declared:
        yield declared
    elif is_same:
        yield formats[0].encoding
    else:
        others = [*dict.fromkeys(without_utf8(source_format.encoding for source_format in formats))]
        if not others or _is_utf8(job, others):
            yield "utf-8"
        yield from others


def _is_utf8(job: Job, others: Sequence[str]) -> bool:
    with open_bytes(job) as stream:
        try:
            return is_utf8(iter(lambda: stream.read(_PART_BYTES), b""), others)
        except AmbiguousTextError as error:
            raise ContractError(
                f"{job.name}: may be UTF-8, and {error} as the source; set"
                f" ENCODING=utf-8 or ENCODING={error}"
            ) from None


def _is_same(job: Job, source_format: SourceFormat) -> bool:
    """Whether this is the file that the model was trained on."""
    is_as_long = job.source.stat().st_size == source_format.bytes
    return is_as_long and file_digest(job.source) == source_format.sha256


def _decode_head(head: bytes, encoding: str) -> str | None:
    """Return the decoded head of a file; its last character may be incomplete."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
