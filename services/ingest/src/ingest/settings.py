"""Settings of the ingest stage: the table [ingest] of the pipeline."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, model_validator


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text in "\r\n\0":
        raise ValueError('expected one ASCII character; a tab is "\\t" in double quotes')
    return text


def _one_character_or_none(text: str) -> str:
    return _one_character(text) if text else text


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError("expected an encoding such as utf-8, latin-1, cp1252") from None


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Where the table is, and how it is written where that can't be seen from the file."""

    source: str
    """File, folder or glob below the data folder; columns of many files are aligned by name."""

    format: Literal["csv", "jsonl", "parquet", "arrow"] | None = None
    """Default: what the first bytes say; a text called .jsonl or .ndjson is JSON Lines."""

    delimiter: Annotated[str, AfterValidator(_one_character)] | None = None
    """Default: the one of comma, semicolon, tab and bar that splits the first lines evenly."""

    quote: Annotated[str, AfterValidator(_one_character_or_none)] = '"'
    """A doubled quote inside a quoted value stands for one, as in RFC 4180; "" if none quotes."""

    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None
    """Default: what the first bytes say, else UTF-8, else cp1252 if the whole file can be that."""

    header: bool = True
    """Without a header the columns are called column_1, column_2 and so on."""

    @model_validator(mode="after")
    def _quote_is_no_delimiter(self) -> Self:
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same; expected two characters")
        return self
