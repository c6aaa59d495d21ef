"""Settings of the ingest stage: the table [ingest] of the pipeline."""

from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator
from stage_contract import text_encoding

from ingest.sources.addresses import SERVERS, check_address, source_kind
from ingest.sources.refresh import PINS, parse_interval

_FILE_KEYS = ("format", "delimiter", "quote", "escape", "skip", "encoding", "header", "sheet")
_KINDS_BY_KEY = {
    "query": ("sqlite", "postgresql"),
    "table": ("sqlite", "postgresql"),
    "version": SERVERS,
    "refresh": SERVERS,
    "credentials_file": SERVERS,
    "sha256": ("http",),
    "max_bytes": ("http",),
    "flatten": ("files", "http"),
} | dict.fromkeys(_FILE_KEYS, ("files", "http"))
"""Kinds of `source` that each key applies to."""


def _check_character(text: str) -> str:
    if len(text) != 1 or text in "\r\n\0":
        raise ValueError('expected one character; a tab is "\\t" in double quotes')
    return text


def _check_optional_character(text: str) -> str:
    return _check_character(text) if text else text


def _check_encoding(name: str) -> str:
    try:
        return text_encoding(name)
    except LookupError:
        raise ValueError("expected an encoding such as utf-8, latin-1, cp1252") from None


def _check_interval(text: str) -> str:
    parse_interval(text)
    return text


def _check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("the list is empty; expected names of columns, or leave it out")
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"'{repeated}' is listed twice; expected each column once")
    return names


type _ColumnNames = Annotated[tuple[str, ...], AfterValidator(_check_names)]


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Where the table is, and how to read it if the file does not say so."""

    source: str
    """File, folder or glob below the data folder, or an address; files are aligned by name."""

    query: Annotated[str, Field(min_length=1)] | None = None
    """One SELECT; with `order by`, equal rows give equal bytes."""

    table: Annotated[str, Field(min_length=1)] | None = None
    """Table to read completely, optionally with a schema: `sales.orders`."""

    version: Annotated[str, Field(min_length=1)] | None = None
    """Name of the source's current content; while it stays, nothing is read again."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Expected digest of a download; while it stays, nothing is downloaded again."""

    refresh: Annotated[
        Annotated[str, AfterValidator(_check_interval)] | None, Field(exclude=True)
    ] = None
    """How often `--watch` asks a server again, for example `5m`; not part of the id."""

    max_bytes: Annotated[int, Field(ge=1)] = 10_000_000_000
    """Maximum size of a download, so that it does not fill the volume."""

    credentials_file: Annotated[Path | None, Field(exclude=True)] = None
    """File secret with `user:password` or `Bearer token`; not part of the id."""

    format: Literal["csv", "jsonl", "parquet", "arrow", "xlsx", "xls", "ods"] | None = None
    """Default: detected from the first bytes; a text file .jsonl or .ndjson is JSON Lines."""

    delimiter: Annotated[str, AfterValidator(_check_character)] | None = None
    """Default: the comma, semicolon, tab or bar that splits the first lines evenly."""

    quote: Annotated[str, AfterValidator(_check_optional_character)] = '"'
    """Quote character; a doubled quote inside quotes is one, as in RFC 4180; "" for no quotes."""

    escape: Annotated[str, AfterValidator(_check_optional_character)] = ""
    """Character that escapes a quote or itself, such as a backslash."""

    skip: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines before the header, for example a title; rows of a sheet, where 0 finds the header."""

    sheet: Annotated[str, Field(min_length=1)] | None = None
    """Sheet of a workbook; default: the only one that has cells and is not hidden."""

    encoding: Annotated[str, AfterValidator(_check_encoding)] | None = None
    """Default: detected from the first bytes, else UTF-8, else cp1252 if the whole file fits."""

    header: bool = True
    """Whether the first row is a header; otherwise columns are called column_1 and so on."""

    columns: _ColumnNames | None = None
    """Columns to read, in the order of the source; default: all."""

    skip_columns: _ColumnNames | None = None
    """Columns to leave out; the API and batch scoring accept and ignore them."""

    flatten: bool = False
    """Whether fields of structs become columns: `b` of column `a` is called `a.b`."""

    @property
    def selection(self) -> dict[str, Any]:
        """Settings that decide which rows of a database, and which columns, are read, as JSON."""
        names = {"query", "table", "columns", "skip_columns", "flatten"}
        return self.model_dump(mode="json", include=names, exclude_defaults=True)

    # Not field validators: their errors show the value, which may hold a password.
    @model_validator(mode="after")
    def _source_is_known(self) -> Self:
        check_address(self.source)
        kind = source_kind(self.source)
        for name in sorted(self.model_fields_set & _KINDS_BY_KEY.keys()):
            if kind not in _KINDS_BY_KEY[name]:
                what = {"files": "files", "http": "downloads"}.get(kind, "databases")
                raise ValueError(f"{name} is not a setting for {what}; leave it out")
        if kind in _KINDS_BY_KEY["query"] and (self.query is None) == (self.table is None):
            raise ValueError(
                "a database needs either query or table;"
                ' expected table = "orders" or query = "select …"'
            )
        return self

    @model_validator(mode="after")
    def _refresh_is_useful(self) -> Self:
        for name in PINS:
            if self.refresh is not None and getattr(self, name) is not None:
                raise ValueError(
                    f"refresh asks a server again, but with {name} it is not asked;"
                    " leave one of them out"
                )
        return self

    @model_validator(mode="after")
    def _columns_are_chosen_once(self) -> Self:
        if self.columns is not None and self.skip_columns is not None:
            raise ValueError(
                "columns and skip_columns both choose the columns to read; leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        characters = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        used = {name: character for name, character in characters.items() if character}
        for one, other in combinations(used, 2):
            if used[one] == used[other]:
                raise ValueError(f"{one} and {other} are the same; expected two characters")
        return self
