"""The formats of the source's files, from the model's lineage since contract 1.2."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from stage_contract import LOGGER, text_encoding


class Dialect(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A Frictionless Table Dialect; the defaults are those of RFC 4180."""

    delimiter: str = ","
    quote_char: str = '"'
    """Empty: quotes have no meaning."""
    escape_char: str = ""
    header: bool = True
    comment_rows: tuple[int, ...] = ()

    @property
    def skip(self) -> int:
        """Number of lines before the header."""
        return len(self.comment_rows)

    @property
    def is_ascii(self) -> bool:
        """Whether the characters that structure the text are ASCII."""
        return (self.delimiter + self.quote_char + self.escape_char).isascii()


class Renamed(msgspec.Struct, frozen=True):
    """A column whose name differs from the header."""

    position: int
    written: str
    name: str


class SourceFormat(msgspec.Struct, frozen=True):
    """One file of the source, and how to read a similar file."""

    bytes: int = 0
    sha256: str = ""
    encoding: str = "utf-8"
    dialect: Dialect | None = None
    renamed: tuple[Renamed, ...] = ()
    skipped: tuple[str, ...] = ()
    """Columns that ingest did not read; since contract 1.4."""
    flattened: tuple[str, ...] = ()
    """Columns whose fields are columns, called `a.b`; since contract 1.4."""


def read_formats(manifest: Mapping[str, Any]) -> tuple[SourceFormat, ...]:
    """Return the formats of the source's files.

    An unknown format is left out with a warning; CSV is then read by RFC 4180.
    """
    return tuple(_read_each(entry for entry in manifest.get("lineage", []) if "source" in entry))


def _read_each(entries: Iterable[Mapping[str, Any]]) -> Iterator[SourceFormat]:
    warned = False
    for entry in entries:
        try:
            source_format = msgspec.convert(entry, SourceFormat)
            _check(source_format)
        except (msgspec.ValidationError, LookupError, ValueError) as error:
            if not warned:
                LOGGER.warning(
                    "manifest.json: the format of %s is invalid (%s); CSV is parsed as RFC 4180 in"
                    " UTF-8",
                    entry["source"],
                    error,
                )
            warned = True
        else:
            yield source_format


def _check(source_format: SourceFormat) -> None:
    text_encoding(source_format.encoding)
    dialect = source_format.dialect
    if dialect is None:
        return
    if len(dialect.delimiter) != 1 or len(dialect.quote_char) > 1 or len(dialect.escape_char) > 1:
        raise ValueError("delimiter, quoteChar and escapeChar are one character each")
    if dialect.comment_rows != (*range(1, dialect.skip + 1),):
        raise ValueError("commentRows are expected to be 1, 2 and so on")
